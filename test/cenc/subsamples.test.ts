import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEMES } from '../../src/cenc/scheme.js';
import {
  maxSubsamples,
  protectedBytesAt,
  SubsampleBuilder,
  type SubsampleTable,
} from '../../src/cenc/subsamples.js';

type Entry = [clear: number, protectedBytes: number];
type Part = { clear: number } | { slice: [clearLead: number, total: number] };

function build(samples: Part[][], ivSize: 0 | 8 | 16 = 8): SubsampleTable {
  const builder = new SubsampleBuilder(SCHEMES.cenc, ivSize);
  for (const parts of samples) {
    builder.begin();
    for (const part of parts) {
      if ('clear' in part) builder.clear(part.clear);
      else builder.slice(...part.slice);
    }
    builder.end(sizeOf(parts));
  }
  return builder.finish();
}

const sizeOf = (parts: Part[]) =>
  parts.reduce((sum, part) => sum + ('clear' in part ? part.clear : part.slice[1]), 0);

function entriesOf(table: SubsampleTable, sample: number): Entry[] {
  const entries: Entry[] = [];
  for (let i = table.starts[sample]; i < table.starts[sample + 1]; i++) {
    entries.push([table.clearBytes[i], table.protectedBytes[i]]);
  }
  return entries;
}

/** The entries of one sample. */
const entries = (...parts: Part[]) => entriesOf(build([parts]), 0);
const clear = (count: number): Part => ({ clear: count });
const slice = (clearLead: number, total: number): Part => ({ slice: [clearLead, total] });

describe('alignment', () => {
  it('gives the remainder of a slice to its leading clear bytes', () => {
    // 4 length + 1 header + 5 slice header = 10 clear; 110 − 10 = 100 = 6 × 16 + 4; 10 + 4 = 14
    expect(entries(slice(10, 110))).toEqual([[14, 96]]);
    expect(entries(slice(10, 106))).toEqual([[10, 96]]); // 106 − 10 = 6 × 16
    expect(entries(slice(10, 105))).toEqual([[25, 80]]); // 95 = 5 × 16 + 15; 10 + 15 = 25
  });

  it.each([
    [0, []],
    [1, [[1, 0]]],
    [15, [[15, 0]]],
    [16, [[0, 16]]],
    [17, [[1, 16]]],
    [32, [[0, 32]]],
  ] as [number, Entry[]][])('of a slice of %i bytes without a clear lead', (size, expected) => {
    expect(entries(slice(0, size))).toEqual(expected);
  });

  it.each([
    [7, [[7, 0]]], // all header
    [22, [[22, 0]]], // 15 bytes of data are less than a block
    [23, [[7, 16]]],
    [24, [[8, 16]]],
  ] as [number, Entry[]][])('of a slice of %i bytes, 7 of them clear', (size, expected) => {
    expect(entries(slice(7, size))).toEqual(expected);
  });
});

describe('merging', () => {
  it('makes one range of all that is clear in a row', () => {
    // 6 + 30 + 40 + (9 + 2) = 87 clear: 59 − 9 = 50 = 3 × 16 + 2
    expect(entries(clear(6), clear(30), clear(40), slice(9, 59))).toEqual([[87, 48]]);
  });

  it('counts a slice too small for a block to the clear bytes before the next', () => {
    expect(entries(slice(7, 20), slice(7, 23))).toEqual([[27, 16]]);
  });

  it('ends with clear bytes that nothing follows', () => {
    expect(entries(slice(7, 23), clear(5))).toEqual([
      [7, 16],
      [5, 0],
    ]);
  });

  it('keeps a sample apart from the one before', () => {
    const table = build([[slice(7, 23), clear(5)], [], [clear(3)], [slice(0, 16)]]);
    expect([...table.starts]).toEqual([0, 2, 2, 3, 4]);
    expect(entriesOf(table, 2)).toEqual([[3, 0]]);
    expect([0, 1, 2, 3].map((i) => protectedBytesAt(table, i))).toEqual([16, 0, 0, 16]);
  });
});

describe('clear ranges past 16 bits', () => {
  it.each([
    [65534, [[65534, 16]]],
    [65535, [[65535, 16]]],
    // 65536 = 65535 + 1
    [
      65536,
      [
        [65535, 0],
        [1, 16],
      ],
    ],
    // 131070 = 2 × 65535
    [
      131070,
      [
        [65535, 0],
        [65535, 16],
      ],
    ],
    // 131071 = 2 × 65535 + 1
    [
      131071,
      [
        [65535, 0],
        [65535, 0],
        [1, 16],
      ],
    ],
    // 200000 = 3 × 65535 + 3395
    [
      200000,
      [
        [65535, 0],
        [65535, 0],
        [65535, 0],
        [3395, 16],
      ],
    ],
  ] as [number, Entry[]][])('%i before protected bytes, and at the end', (count, expected) => {
    expect(entries(clear(count), slice(0, 16))).toEqual(expected);
    const alone = expected.map(([size]): Entry => [size, 0]);
    expect(entries(clear(count))).toEqual(alone);
    expect(entries(slice(0, 16), clear(count))).toEqual([[0, 16], ...alone]);
  });
});

describe('the 8-bit size in saiz', () => {
  it('has room for 40, 39 and 42 subsamples', () => {
    // (255 − 8 − 2) / 6 = 40.8; (255 − 16 − 2) / 6 = 39.5; (255 − 0 − 2) / 6 = 42.2
    expect([maxSubsamples(8), maxSubsamples(16), maxSubsamples(0)]).toEqual([40, 39, 42]);
  });

  const slices = (sizes: number[]) => sizes.map((size) => slice(10, 10 + size));
  const blocks = (count: number) => Array.from({ length: count }, (_, i) => 16 * (i + 1));

  it('takes 40 slices as they are', () => {
    expect(entries(...slices(blocks(40)))).toEqual(blocks(40).map((size) => [10, size]));
  });

  it('clears the smallest of 41 slices, but not the last, which would save no entry', () => {
    const sizes = [...blocks(41)].reverse(); // 656, 640, ... 32, 16
    const expected = sizes.map((size) => [10, size]);
    expected.splice(39, 2, [52, 16]); // 10 + 32 + 10
    expect(entries(...slices(sizes))).toEqual(expected);
  });

  it('clears the last slice when clear bytes follow it', () => {
    const sizes = [...blocks(40)].reverse(); // 640, ... 32, 16: 40 entries, and one for the tail
    const expected = sizes.slice(0, 39).map((size) => [10, size]);
    expected.push([31, 0]); // 10 + 16 + 5
    expect(entries(...slices(sizes), clear(5))).toEqual(expected);
  });

  it('clears the smallest in the middle', () => {
    const sizes = Array.from({ length: 42 }, () => 160);
    sizes[5] = 16;
    sizes[30] = 32;
    const expected = sizes.map((size): Entry => [10, size]);
    expected.splice(30, 2, [52, 160]); // 10 + 32 + 10
    expected.splice(5, 2, [36, 160]); // 10 + 16 + 10
    expect(entries(...slices(sizes))).toEqual(expected);
    expect(expected.length).toBe(40);
  });

  it('clears only as many of equal slices as it must, the first ones', () => {
    const all = entries(...slices(Array.from({ length: 60 }, () => 32)));
    // 60 slices, 40 entries: 20 cleared into the clear bytes of the 21st: 20 × (10 + 32) + 10 = 850
    expect(all).toEqual([[850, 32], ...Array.from({ length: 39 }, () => [10, 32])]);
  });

  it('allows one less with 16-byte IVs', () => {
    expect(entriesOf(build([slices(blocks(40))], 16), 0)).toEqual([
      [36, 32], // 10 + 16 + 10
      ...blocks(40)
        .slice(2)
        .map((size) => [10, size]),
    ]);
  });

  it('refuses what no clearing can make fit', () => {
    // clearing a slice of 100000 bytes costs two entries of 65535 at most and saves one
    const sizes = Array.from({ length: 41 }, () => 100_000);
    expect(() => entries(...slices(sizes))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
  });

  it('leaves no fewer protected bytes than the best choice of slices to clear', () => {
    const sizes = fc.array(
      fc.nat(200).map((n) => 16 * (n + 1)),
      { minLength: 41, maxLength: 80 },
    );
    fc.assert(
      fc.property(sizes, (list) => {
        const kept = entries(...slices(list)).reduce((sum, [, size]) => sum + size, 0);
        const last = list[list.length - 1];
        const best = list
          .slice(0, -1)
          .sort((a, b) => b - a)
          .slice(0, 39);
        expect(kept).toBe(best.reduce((sum, size) => sum + size, last));
      }),
    );
  });
});

it('is a defect when the parts do not sum to the sample', () => {
  const builder = new SubsampleBuilder(SCHEMES.cenc, 8);
  builder.begin();
  builder.clear(5);
  expect(() => builder.end(6)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
});

it('holds its invariants for any sample', () => {
  const size = fc.oneof(fc.nat(40), fc.nat(3000), fc.constantFrom(65535, 65536, 131071, 200000));
  const part: fc.Arbitrary<Part> = fc.oneof(
    size.map(clear),
    fc.tuple(fc.nat(60), size).map(([lead, more]) => slice(lead, lead + more)),
  );
  const ivSize = fc.constantFrom(0, 8, 16) as fc.Arbitrary<0 | 8 | 16>;
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 60 }), { maxLength: 5 }), ivSize, (samples, iv) => {
      let table: SubsampleTable;
      try {
        table = build(samples, iv);
      } catch (error) {
        expect(error).toMatchObject({ code: 'UNSUPPORTED_FEATURE' });
        return;
      }
      samples.forEach((parts, i) => {
        const list = entriesOf(table, i);
        expect(list.length).toBeLessThanOrEqual(maxSubsamples(iv));
        expect(list.reduce((sum, [c, p]) => sum + c + p, 0)).toBe(sizeOf(parts));
        for (const [, p] of list) expect(p % 16).toBe(0);
        for (const [c, p] of list) expect(c + p).toBeGreaterThan(0);
      });
      for (const column of [table.starts, table.clearBytes, table.protectedBytes]) {
        if (column.byteLength > 64) expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
      }
    }),
    { numRuns: 300 },
  );
});
