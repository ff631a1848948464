import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RangeReader } from '../../src/bitstream/range-reader.js';
import { createRangeReader, type RangeCodecKind } from '../../src/bitstream/range-readers.js';
import { fromHex } from '../../src/bytes/hex.js';
import { RangeSubsampleMapper } from '../../src/cenc/range-subsamples.js';
import { SCHEMES, type Scheme } from '../../src/cenc/scheme.js';
import { SubsampleBuilder } from '../../src/cenc/subsamples.js';
import { RANGE_FIXTURES } from '../bitstream/ranges.fixtures.js';
import { sampleOf } from '../bitstream/ranges.js';

type Entry = readonly [clear: number, protectedBytes: number];

const CENC = SCHEMES.cenc;
/** What matters here of cbcs: ranges end where they end. */
const CBCS: Scheme = { ...CENC, protectedUnitBytes: 1 };

/** Maps samples; returns the entries of each. */
function mapAll(kind: RangeCodecKind, reader: RangeReader, scheme: Scheme, samples: Uint8Array[]): Entry[][] {
  const ivSize = scheme === CENC ? 8 : 0;
  const builder = new SubsampleBuilder(scheme, ivSize);
  const mapper = new RangeSubsampleMapper(kind, reader, scheme, ivSize, builder);
  for (const bytes of samples) mapper.map(bytes.length, (at, length) => bytes.slice(at, at + length));
  const { starts, clearBytes, protectedBytes } = builder.finish();
  return samples.map((_, i) =>
    Array.from(clearBytes.subarray(starts[i], starts[i + 1]), (clear, j) => [
      clear,
      protectedBytes[starts[i] + j],
    ]),
  );
}

/** A reader whose samples are of the given parts: clear bytes and sizes of ranges by turns. */
function readerOfParts(parts: readonly number[]): RangeReader {
  return {
    restart: () => undefined,
    read: (_size, _peek, sink) => {
      parts.forEach((size, i) => {
        if (i % 2 === 0) sink.clear(size);
        else if (size > 0) sink.media(size);
      });
    },
  };
}

function mapParts(kind: RangeCodecKind, scheme: Scheme, parts: readonly number[]): Entry[] {
  const size = parts.reduce((sum, part) => sum + part, 0);
  return mapAll(kind, readerOfParts(parts), scheme, [new Uint8Array(size)])[0];
}

describe('samples that shaka-packager 3.4.2 has subdivided', () => {
  const rows: [origin: RegExp, sample: number, cenc: Entry[], cbcs: Entry[]][] = [
    [
      /three of them under 16/,
      1,
      [
        [38, 224],
        [14, 144],
        [5, 32],
        [0, 352],
      ],
      [
        [23, 239],
        [2, 156],
        [2, 35],
        [0, 352],
      ],
    ],
    [
      /three of them under 16/,
      9,
      [
        [24, 192],
        [9, 240],
        [22, 448],
      ],
      [
        [23, 193],
        [2, 247],
        [2, 11],
        [0, 457],
      ],
    ],
    [/libsvtav1/, 2, [[3, 0]], [[3, 0]]],
    [/libsvtav1/, 19, [[32, 832]], [[21, 843]]],
    [/libvpx-vp9/, 3, [[1, 0]], [[1, 0]]],
    [
      /libvpx-vp9/,
      49,
      [
        [23, 1104],
        [17, 32],
        [6, 0],
      ],
      [
        [23, 1104],
        [17, 32],
        [6, 0],
      ],
    ],
    [
      /libvpx-vp9/,
      61,
      [
        [14, 272],
        [14, 112],
        [20, 48],
        [12, 80],
        [10, 0],
      ],
      [
        [14, 272],
        [14, 112],
        [20, 48],
        [12, 80],
        [10, 0],
      ],
    ],
  ];

  it.each(rows)('%s, sample %i', (origin, sample, cenc, cbcs) => {
    const fixture = RANGE_FIXTURES.find((candidate) => origin.test(candidate.origin))!;
    const samples = fixture.samples.map((row) => sampleOf(row).bytes);
    const map = (scheme: Scheme) =>
      mapAll(fixture.kind, createRangeReader(fixture.kind, fromHex(fixture.configuration)!), scheme, samples);
    expect(map(CENC)[sample]).toEqual(cenc);
    expect(map(CBCS)[sample]).toEqual(cbcs);
  });
});

describe('rules', () => {
  it('keeps whole blocks of AV1 tiles at their end under cenc', () => {
    // 100 = 6 × 16 + 4: 10 + 4 clear; a tile of 15 bytes joins the clear bytes: 2 + 15 + 2 + 0; 16 = 1 × 16
    expect(mapParts('av1', CENC, [10, 100, 2, 15, 2, 16])).toEqual([
      [14, 96],
      [19, 16],
    ]);
  });

  it('keeps AV1 tiles from first to last byte under cbcs, however small', () => {
    expect(mapParts('av1', CBCS, [10, 100, 2, 15, 2, 1, 7])).toEqual([
      [10, 100],
      [2, 15],
      [2, 1],
      [7, 0],
    ]);
  });

  it('aligns VP9 frames under all schemes', () => {
    for (const scheme of [CENC, CBCS])
      expect(mapParts('vp9', scheme, [10, 100, 8, 15])).toEqual([
        [14, 96],
        [23, 0],
      ]);
  });

  it('splits clear bytes that 16 bits cannot tell', () => {
    // 131071 = 2 × 65535 + 1
    expect(mapParts('av1', CBCS, [131_071, 5, 65_536])).toEqual([
      [65_535, 0],
      [65_535, 0],
      [1, 5],
      [65_535, 0],
      [1, 0],
    ]);
  });

  it('refuses an AV1 sample of over 42 tiles under cbcs, and leaves the smallest clear under cenc', () => {
    const tiles = (count: number) => Array.from({ length: count }, (_, i) => [2, 160 + 16 * i]).flat();
    expect(mapParts('av1', CBCS, tiles(42))).toHaveLength(42); // 255 = 0 + 2 + 42 × 6 + 1
    expect(() => mapParts('av1', CBCS, tiles(64))).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        message: expect.stringContaining('64 tiles'),
        details: expect.objectContaining({ expected: 42, received: 64 }),
      }),
    );
    const entries = mapParts('av1', CENC, tiles(64)); // 255 = 8 + 2 + 40 × 6 + 5
    expect(entries).toHaveLength(40);
    // the 24 smallest: 24 × (2 + 160) + 16 × (0 + … + 23) = 3888 + 4416; 2 before the next
    expect(entries[0]).toEqual([3888 + 4416 + 2, 160 + 16 * 24]);
  });

  it('always adds up, aligned where it must be', () => {
    const kinds = fc.constantFrom<RangeCodecKind>('av1', 'vp9');
    const parts = fc.array(fc.nat(70_000), { maxLength: 12 });
    fc.assert(
      fc.property(kinds, fc.constantFrom(CENC, CBCS), parts, (kind, scheme, list) => {
        const entries = mapParts(kind, scheme, list);
        const sum = list.reduce((total, part) => total + part, 0);
        expect(entries.reduce((total, [clear, kept]) => total + clear + kept, 0)).toBe(sum);
        const kept = list.filter((size, i) => i % 2 === 1 && size > 0);
        const isAligned = kind === 'vp9' || scheme === CENC;
        const expected = isAligned ? kept.map((size) => size - (size % 16)).filter((size) => size > 0) : kept;
        expect(entries.map((entry) => entry[1]).filter((size) => size > 0)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
