import { expect, it } from 'vitest';
import { withoutCopies } from '../../../src/packager/package/dedupe.js';
import type { BuiltTrack } from '../../support/builder/movie.js';
import { rendition, voice } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';
import { mediaOf } from './media.js';

const temporary = temporaryFolder();

/** One byte of the last sample is another one. */
function almost(track: BuiltTrack): BuiltTrack {
  const samples = track.samples.map((one, i) => {
    const data = Buffer.from(one.data);
    if (i === track.samples.length - 1) data[0] ^= 1;
    return { ...one, data };
  });
  return { ...track, samples };
}

it('keeps one of audio tracks that are the same byte for byte, and all video', async () => {
  const tracks = [
    ...(await mediaOf(temporary('a.mp4'), [rendition(320, 180), voice(1, 2)])),
    ...(await mediaOf(
      temporary('b.mp4'),
      [voice(1, 1), rendition(320, 180)].map((one, i) => ({ ...one, id: i + 1 })),
    )),
    ...(await mediaOf(temporary('c.m4a'), [almost(voice(1))])),
    ...(await mediaOf(temporary('d.m4a'), [voice(2)])),
    ...(await mediaOf(temporary('e.m4a'), [voice(1)], { lang: 'de' })),
    ...(await mediaOf(temporary('f.m4a'), [voice(1)], { role: 'commentary' })),
  ];
  const kept = withoutCopies(tracks);
  expect(kept.map(({ input, type }) => [input.slice(-5, -4), type])).toEqual([
    ['a', 'video'],
    ['a', 'audio'],
    ['b', 'video'],
    ['c', 'audio'],
    ['d', 'audio'],
    ['e', 'audio'],
    ['f', 'audio'],
  ]);
});
