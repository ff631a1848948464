import { describe, expect, it } from 'vitest';
import type { PrpackError } from '../../src/errors.js';
import { NON_SYNC, SampleBudget, type SampleTable } from '../../src/isobmff/sample-table.js';
import { readSampleTables } from '../../src/isobmff/sample-tables.js';
import { walkBox } from '../../src/isobmff/walk.js';
import { box, fullBox, u8, u32, u64 } from '../support/builder/boxes.js';

type Tables = Record<string, Uint8Array>;

/** Five samples of 10, 20, 30, 40 and 50 bytes in three chunks: two, two and one. */
const USUAL: Tables = {
  stts: fullBox('stts', 0, 0, u32(2, 4, 1000, 1, 500)),
  stsc: fullBox('stsc', 0, 0, u32(2, 1, 2, 1, 3, 1, 1)),
  stsz: fullBox('stsz', 0, 0, u32(0, 5, 10, 20, 30, 40, 50)),
  stco: fullBox('stco', 0, 0, u32(3, 1000, 5000, 2000)),
};

function read(changes: Partial<Tables> = {}, fileSizeBytes = 10_000): SampleTable {
  const tables = Object.values({ ...USUAL, ...changes }).filter((table) => table !== undefined);
  const slice = { bytes: box('stbl', ...tables), startBytes: 0 };
  return readSampleTables(walkBox(slice, 'stbl'), slice, new SampleBudget(fileSizeBytes));
}

function problemOf(changes: Partial<Tables>, fileSizeBytes?: number): PrpackError {
  try {
    read(changes, fileSizeBytes);
  } catch (error) {
    return error as PrpackError;
  }
  throw new Error('nothing was thrown');
}

describe('readSampleTables', () => {
  it('lays samples into chunks, which may lie in any order', () => {
    const table = read();
    expect([...table.offsets]).toEqual([1000, 1010, 5000, 5030, 2000]);
    expect([...table.sizes]).toEqual([10, 20, 30, 40, 50]);
    expect([...table.durations]).toEqual([1000, 1000, 1000, 1000, 500]);
    expect([...table.byOffset!]).toEqual([0, 1, 4, 2, 3]);
    expect(table.entryRuns).toEqual([{ firstSample: 0, entryIndex: 1 }]);
    expect(table).toMatchObject({ count: 5, compositionOffsets: undefined, flags: undefined, timeJumps: [] });
  });

  it('needs no order where offsets rise', () => {
    expect(read({ stco: fullBox('stco', 0, 0, u32(3, 1000, 1030, 1100)) }).byOffset).toBeUndefined();
  });

  it('reads 64-bit offsets, sizes all alike, and compact sizes', () => {
    const co64 = fullBox('co64', 0, 0, u32(3), u64(2 ** 33, 2 ** 34, 2 ** 35));
    expect([...read({ stco: undefined, co64 }, 2 ** 36).offsets]).toEqual([
      2 ** 33,
      2 ** 33 + 10,
      2 ** 34,
      2 ** 34 + 30,
      2 ** 35,
    ]);
    expect([...read({ stsz: fullBox('stsz', 0, 0, u32(7, 5)) }).sizes]).toEqual([7, 7, 7, 7, 7]);
    const stz2 = fullBox('stz2', 0, 0, u32(4, 5), u8(0x12, 0x34, 0x50));
    expect([...read({ stsz: undefined, stz2 }).sizes]).toEqual([1, 2, 3, 4, 5]);
  });

  it('reads composition offsets with a sign, and fills up with 0', () => {
    const ctts = fullBox('ctts', 1, 0, u32(2, 2, -5, 1, 7));
    expect([...read({ ctts }).compositionOffsets!]).toEqual([-5, -5, 7, 0, 0]);
    expect(read({ ctts: fullBox('ctts', 0, 0, u32(1, 5, 0)) }).compositionOffsets).toBeUndefined();
  });

  it('joins sync samples and dependencies', () => {
    const stss = fullBox('stss', 0, 0, u32(2, 1, 4));
    const sdtp = fullBox('sdtp', 0, 0, u8(0x20, 0x10, 0x18, 0x20, 0x10));
    expect([...read({ stss, sdtp }).flags!]).toEqual([
      0x20,
      0x10 | NON_SYNC,
      0x18 | NON_SYNC,
      0x20,
      0x10 | NON_SYNC,
    ]);
    expect([...read({ stss: fullBox('stss', 0, 0, u32(0)) }).flags!]).toEqual(Array(5).fill(NON_SYNC));
  });

  it('tells where sample entries change', () => {
    const stsc = fullBox('stsc', 0, 0, u32(3, 1, 2, 1, 2, 2, 2, 3, 1, 1));
    expect(read({ stsc }).entryRuns).toEqual([
      { firstSample: 0, entryIndex: 1 },
      { firstSample: 2, entryIndex: 2 },
      { firstSample: 4, entryIndex: 1 },
    ]);
  });

  it('reads a track without samples', () => {
    const none = (type: string, ...fields: number[]) => fullBox(type, 0, 0, u32(...fields));
    const empty = {
      stts: none('stts', 0),
      stsc: none('stsc', 0),
      stsz: none('stsz', 0, 0),
      stco: none('stco', 0),
    };
    expect(read(empty)).toMatchObject({ count: 0, entryRuns: [] });
  });

  it.each([
    ['stsz', 'more samples than the file has bytes', { stsz: fullBox('stsz', 0, 0, u32(1, 10_001)) }],
    ['stsz', 'more bytes of samples than the file', { stsz: fullBox('stsz', 0, 0, u32(2001, 5)) }],
    ['stts', 'durations of fewer samples', { stts: fullBox('stts', 0, 0, u32(1, 4, 1)) }],
    ['stts', 'durations of more samples', { stts: fullBox('stts', 0, 0, u32(1, 0xffffffff, 1)) }],
    ['ctts', 'offsets of more samples', { ctts: fullBox('ctts', 0, 0, u32(2, 5, 1, 1, 1)) }],
    ['stsc', 'chunks for fewer samples', { stsc: fullBox('stsc', 0, 0, u32(1, 1, 1, 1)) }],
    ['stsc', 'a first chunk of 0', { stsc: fullBox('stsc', 0, 0, u32(1, 0, 5, 1)) }],
    ['stsc', 'first chunks that do not rise', { stsc: fullBox('stsc', 0, 0, u32(2, 2, 1, 1, 2, 4, 1)) }],
  ])('refuses in %s %s', (type, _, changes) => {
    expect(problemOf(changes)).toMatchObject({
      code: 'MALFORMED_INPUT',
      details: { boxPath: `stbl/${type}` },
    });
  });

  it('refuses a sample that reaches behind the end of the file', () => {
    // Sample 3 ends at 5070.
    expect(() => read({}, 5070)).not.toThrow();
    expect(problemOf({}, 5069)).toMatchObject({
      message: expect.stringContaining('sample 3'),
      details: { received: 5070 },
    });
  });

  it.each(['stts', 'stsc', 'stsz', 'stco'])('refuses a missing %s', (type) => {
    expect(problemOf({ [type]: undefined }).details.boxPath).toBe(`stbl/${type}`);
  });
});

describe('SampleBudget', () => {
  const place = { boxPath: 'moov/x', offsetBytes: 7 };

  it('is one of all tracks together', () => {
    const budget = new SampleBudget(100);
    budget.take(60, place);
    budget.take(40, place);
    expect(() => budget.take(1, place)).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        details: expect.objectContaining({ ...place, received: 101 }),
      }),
    );
  });

  it('ends where memory does', () => {
    const budget = new SampleBudget(2 ** 40);
    budget.take(2 ** 26, place);
    expect(() => budget.take(1, place)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
  });
});
