import { describe, expect, it } from 'vitest';
import type { TitleTrack } from '../../../src/packager/package/representations.js';
import { splitWarnings, switchingSetsOf } from '../../../src/packager/package/switching-sets.js';

interface Seen {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly timescaleHz?: number;
  readonly kid?: string;
  readonly scheme?: string;
  readonly codec?: string;
  readonly more?: Partial<TitleTrack>;
}

/** A rendition of 16:9 and 25 frames a second at 12,800 Hz, but for what is said. */
function video(id: string, seen: Seen = {}) {
  const {
    width = 1920,
    height = 1080,
    fps = 25,
    timescaleHz = 12_800,
    codec = 'avc1.64',
    kid = 'a',
    scheme = 'cenc',
    more,
  } = seen;
  const durations = Uint32Array.from({ length: 4 }, () => timescaleHz / fps);
  const movie = { tracks: [{ samples: { durations, count: 4 }, mdhd: { timescaleHz } }] };
  const track = { id, type: 'video', movie, described: { codecs: [{ codec, width, height }] }, ...more };
  return { track: track as unknown as TitleTrack, protection: { kid, scheme } };
}

function audio(id: string, language: string, channels: number) {
  const track = {
    id,
    type: 'audio',
    language,
    movie: {},
    described: { codecs: [{ codec: 'mp4a.40.2', channels }] },
  };
  return { track: track as unknown as TitleTrack, protection: { kid: 'b', scheme: 'cenc' } };
}

const COLOUR = { primaries: 9, transfer: 16, matrix: 9 };

describe('switchingSetsOf', () => {
  it('has renditions of one ladder in one set, rounded sizes and doubled rates too', () => {
    const sets = switchingSetsOf([
      video('1080'),
      video('480', { width: 854, height: 480 }),
      video('50', { fps: 50 }),
      video('anamorphic', { width: 1440, more: { sampleAspectRatio: { numerator: 4, denominator: 3 } } }),
    ]);
    expect(sets).toHaveLength(1);
  });

  it.each<[string, Seen, string | undefined]>([
    ['codec', { codec: 'hvc1.1' }, undefined],
    ['key', { kid: 'c' }, undefined],
    ['scheme', { scheme: 'cbcs' }, undefined],
    ['role', { more: { role: 'alternate' } }, undefined],
    ['aspect ratio', { width: 1440 }, 'aspect ratio'],
    ['colour', { more: { colour: COLOUR } }, 'colour'],
    ['frame rate', { fps: 32, timescaleHz: 12_800 }, 'frame rate'],
    ['timescale', { timescaleHz: 90_000 }, 'timescale'],
    ['frame rate and timescale', { fps: 24, timescaleHz: 24_000 }, 'frame rate and timescale'],
  ])('parts renditions of another %s, and warns where that is not meant', (_, seen, named) => {
    const sets = switchingSetsOf([video('a'), video('b', seen)]);
    expect(sets).toHaveLength(2);
    expect(splitWarnings(sets)).toEqual(
      named === undefined ? [] : [`Players do not switch between a and b: they differ in ${named}.`],
    );
  });

  it('has audio by language and channels', () => {
    const sets = switchingSetsOf([
      audio('a', 'de', 2),
      audio('b', 'en', 2),
      audio('c', 'de', 6),
      audio('d', 'de', 2),
    ]);
    expect(sets.map((set) => set.map(({ track }) => track.id))).toEqual([['a', 'd'], ['b'], ['c']]);
    expect(splitWarnings(sets)).toEqual([]);
  });
});
