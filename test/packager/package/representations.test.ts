import { expect, it } from 'vitest';
import type { MediaTrack } from '../../../src/packager/package/media.js';
import { nameTracks } from '../../../src/packager/package/representations.js';

const video = (codec: string, height?: number) =>
  ({ type: 'video', described: { codecs: [{ codec, height }] } }) as unknown as MediaTrack;
const audio = (codec: string, language?: string, role?: string) =>
  ({ type: 'audio', described: { codecs: [{ codec }] }, language, role }) as unknown as MediaTrack;

it.each<[string, MediaTrack[], string[]]>([
  ['by height', [video('avc1.64', 1080), video('avc1.42', 360)], ['video-1080p', 'video-360p']],
  [
    'by codec where there are several',
    [video('avc1.64', 1080), video('hvc1.1', 1080)],
    ['video-avc1-1080p', 'video-hvc1-1080p'],
  ],
  ['by language', [audio('mp4a.40.2', 'de'), audio('mp4a.40.2')], ['audio-de', 'audio-und']],
  [
    'by role, but for the main one',
    [audio('mp4a', 'de', 'main'), audio('mp4a', 'de', 'dub')],
    ['audio-de', 'audio-de-dub'],
  ],
  [
    'by number where nothing else differs',
    [video('avc1', 720), video('avc1', 720)],
    ['video-720p', 'video-720p-2'],
  ],
  ['fit for files and playlists', [audio('.mp3', 'de'), audio('ec/3', 'de')], ['audio--de', 'audio-ec_3-de']],
])('names tracks %s', (_, tracks, names) => {
  expect(nameTracks(tracks).map(({ id }) => id)).toEqual(names);
});
