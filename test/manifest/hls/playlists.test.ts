import HLS from 'hls-parser';
import { describe, expect, it } from 'vitest';
import type { SegmentList } from '../../../src/manifest/addressing.js';
import { checkHls } from '../../../src/manifest/check/check-hls.js';
import { writeHls } from '../../../src/manifest/hls/playlists.js';
import type { Presentation, TextSet } from '../../../src/manifest/presentation.js';
import {
  audio,
  fileOf,
  linesWith,
  ON_DEMAND,
  protectionOf,
  SEGMENTED,
  TEXT,
  VIDEO_KID,
  video,
} from '../examples.js';

HLS.setOptions({ strictMode: true });

const iFrames = [0, 1, 2, 3].map((index) => ({
  startTicks: 25600 * index,
  segmentIndex: index,
  offsetBytes: fileOf('v.mp4').segments[index].offsetBytes,
  sizeBytes: 400,
}));

const WITH_I_FRAMES: Presentation = {
  durationSeconds: 8,
  switchingSets: [
    {
      kind: 'video',
      id: 1,
      protection: protectionOf(VIDEO_KID, 'cbcs'),
      representations: [{ ...video('v', 360), addressing: { ...fileOf('v.mp4'), iFrames } }],
    },
    TEXT,
  ],
};

describe('playlists', () => {
  it.each([
    ['files', ON_DEMAND],
    ['segments', SEGMENTED],
    ['I-frames', WITH_I_FRAMES],
  ])('of %s are what a strict reader takes', (_, presentation) => {
    const { multivariant, media } = writeHls(presentation);
    const parsed = HLS.parse(multivariant) as HLS.types.MasterPlaylist;
    const uris = parsed.variants.flatMap(({ uri, audio: a, subtitles }) => [
      uri,
      ...[...a, ...subtitles].map((one) => one.uri!),
    ]);
    expect(new Set(uris)).toEqual(new Set(media.keys()));
    for (const text of media.values()) {
      const playlist = HLS.parse(text) as HLS.types.MediaPlaylist;
      expect(playlist).toMatchObject({ endlist: true, playlistType: 'VOD', targetDuration: 2 });
      expect(playlist.segments.map(({ duration }) => duration)).toEqual([2, 2, 2, 2]);
    }
  });

  it('of one rendition are one file, however many groups have it', () => {
    expect([...writeHls(ON_DEMAND).media.keys()]).toEqual([
      'v720.m3u8',
      'v360.m3u8',
      'a-en.m3u8',
      'a-de.m3u8',
      't-en.m3u8',
    ]);
    expect([...writeHls(WITH_I_FRAMES).media.keys()]).toEqual(['v.m3u8', 'v-iframes.m3u8', 't-en.m3u8']);
  });

  it('have keys where segments are protected', () => {
    const { media } = writeHls(WITH_I_FRAMES);
    expect(linesWith(media.get('v.m3u8')!, 'EXT-X-KEY')).toHaveLength(2);
    expect(linesWith(media.get('v-iframes.m3u8')!, 'EXT-X-KEY')).toHaveLength(2);
    expect(linesWith(media.get('t-en.m3u8')!, 'EXT-X-KEY')).toEqual([]);
    expect(media.get('t-en.m3u8')).toMatch(/^#EXTM3U\n#EXT-X-VERSION:3\n/);
  });

  it('share the target duration of the longest segment, rounded', () => {
    const set = audio(2, 'en', 'English');
    const last = (durationTicks: number): Presentation => {
      const addressing = fileOf('a-en.mp4', [300]);
      const segments = [{ ...addressing.segments[0], durationTicks }];
      const representations = [{ ...set.representations[0], addressing: { ...addressing, segments } }];
      return {
        ...WITH_I_FRAMES,
        switchingSets: [...WITH_I_FRAMES.switchingSets, { ...set, representations }],
      };
    };
    // 12800 Hz: 31999 ticks are 2.4999 s, 32000 are 2.5 s
    for (const [ticks, target] of [
      [31999, 2],
      [32000, 3],
    ] as const) {
      for (const text of writeHls(last(ticks)).media.values()) {
        expect(linesWith(text, 'EXT-X-TARGETDURATION')).toEqual([String(target)]);
      }
    }
  });

  it('have a target duration of their own where subtitles are one long segment', () => {
    const webVttSegments: SegmentList = {
      kind: 'segments',
      mediaUri: 't.vtt',
      startNumber: 1,
      timescaleHz: 1000,
      segments: [{ startTicks: 0, durationTicks: 8000, sizeBytes: 90 }],
    };
    // Two segments of 4 s in MP4, the second the larger one: its rate is the peak, not the average of both.
    const file = fileOf('t.mp4', [100, 500]);
    const segments = file.segments.map((one, i) => ({
      ...one,
      startTicks: i * 51_200,
      durationTicks: 51_200,
    }));
    const addressing = { ...file, segments }; // 12,800 ticks a second
    const inMp4: TextSet = {
      ...TEXT,
      representations: [{ id: 't-en', mimeType: 'application/mp4', codecs: 'wvtt', addressing }],
    };
    const withMp4: Presentation = {
      ...ON_DEMAND,
      switchingSets: ON_DEMAND.switchingSets.map((set) => (set.kind === 'text' ? inMp4 : set)),
    };
    const uris = ['v720.mp4', 'v360.mp4', 'a-en.mp4', 'a-de.mp4', 't.mp4'];
    const sizes = new Map(uris.map((uri) => [uri, 1e6] as const));
    expect(() =>
      checkHls(writeHls(withMp4), { path: 'main.m3u8', presentation: withMp4, fileSizes: sizes }),
    ).not.toThrow();
    const text: TextSet = {
      ...TEXT,
      representations: TEXT.representations.map((one) => ({ ...one, webVttSegments })),
    };
    const whole: Presentation = {
      ...ON_DEMAND,
      switchingSets: ON_DEMAND.switchingSets.map((set) => (set.kind === 'text' ? text : set)),
    };
    const { media, multivariant } = writeHls(whole);
    const targets = [...media].map(([uri, text]) => [uri, ...linesWith(text, 'EXT-X-TARGETDURATION')]);
    expect(targets).toEqual([
      ['v720.m3u8', '2'],
      ['v360.m3u8', '2'],
      ['a-en.m3u8', '2'],
      ['a-de.m3u8', '2'],
      ['t-en.m3u8', '8'],
    ]);
    const files = ['v720.mp4', 'v360.mp4', 'a-en.mp4', 'a-de.mp4'];
    const fileSizes = new Map([...files.map((uri) => [uri, 1e6] as const), ['t.vtt', 90]]);
    expect(() =>
      checkHls({ multivariant, media }, { path: 'main.m3u8', presentation: whole, fileSizes }),
    ).not.toThrow();
  });
});
