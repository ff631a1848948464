import { describe, expect, it } from 'vitest';
import { writeMpd } from '../../src/manifest/dash/mpd.js';
import { writeHls } from '../../src/manifest/hls/playlists.js';
import type { Presentation, VideoSet } from '../../src/manifest/presentation.js';
import { ON_DEMAND, segmentsIn, VIDEO, video } from './examples.js';

function withVideo(change: Partial<VideoSet>): Presentation {
  return { durationSeconds: 8, switchingSets: [{ ...VIDEO, ...change }] };
}

const file = video('v', 360);

describe('a presentation that cannot be written', () => {
  it.each<[string, Presentation]>([
    ['no duration', { ...ON_DEMAND, durationSeconds: 0 }],
    ['no duration', { ...ON_DEMAND, durationSeconds: Number.NaN }],
    ['no switching set', { ...ON_DEMAND, switchingSets: [] }],
    ['a set twice', { ...ON_DEMAND, switchingSets: [VIDEO, { ...VIDEO, representations: [file] }] }],
    ['a representation twice', withVideo({ representations: [file, file] })],
    ['an id with a slash', withVideo({ representations: [video('a/b', 360)] })],
    ['no representation', withVideo({ representations: [] })],
    ['a set without number', withVideo({ id: -1 })],
    ['a KID that is no UUID', withVideo({ protection: { scheme: 'cenc', kid: 'key 1', systems: [] } })],
    [
      'files and segments in one set',
      withVideo({ representations: [file, { ...video('w', 180), addressing: segmentsIn('w') }] }),
    ],
    [
      'a URI with a space',
      withVideo({
        representations: [{ ...file, addressing: { ...file.addressing, uri: 'a b.mp4' } }] as never,
      }),
    ],
    [
      'no segment',
      withVideo({
        representations: [{ ...file, addressing: { ...file.addressing, segments: [] } }] as never,
      }),
    ],
    [
      'no timescale',
      withVideo({ representations: [{ ...file, addressing: { ...file.addressing, timescaleHz: 0 } }] }),
    ],
    [
      'a segment of no duration',
      withVideo({
        representations: [
          {
            ...file,
            addressing: {
              ...segmentsIn('v'),
              segments: [{ startTicks: 0, durationTicks: 0, sizeBytes: 1 }],
            },
          },
        ],
      }),
    ],
  ])('is refused: %s', (_, presentation) => {
    for (const write of [writeMpd, writeHls]) {
      expect(() => write(presentation)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });
});
