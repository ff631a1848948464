import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../src/bytes/reader.js';
import {
  DecodeTimes,
  entryRunAt,
  firstEndingAfter,
  NON_SYNC,
  orderByOffset,
  SampleBudget,
  type SampleTable,
  SampleTableBuilder,
  toSampleFlags,
} from '../../src/isobmff/sample-table.js';

const reader = new ByteReader(new Uint8Array(20), { boxPath: 'moof/traf[0]/trun', offsetBytes: 0 });
const DEFAULTS = { duration: 10, size: 5, flags: 0x01010000 };

function build(fill: (builder: SampleTableBuilder) => void, base?: SampleTable): SampleTable {
  const builder = new SampleTableBuilder(new SampleBudget(1000), base);
  fill(builder);
  return builder.finish();
}

describe('SampleTableBuilder', () => {
  it('takes columns where a run has them, and defaults where not', () => {
    const table = build((builder) => {
      builder.useEntry(2);
      builder.appendRun({ sampleCount: 2 }, 100, DEFAULTS, reader);
      builder.useEntry(2);
      const columns = {
        sizes: Uint32Array.of(1, 2),
        durations: Uint32Array.of(3, 4),
        compositionOffsets: Int32Array.of(-1, 6),
      };
      builder.appendRun({ sampleCount: 2, firstSampleFlags: 0x02000000, ...columns }, 50, DEFAULTS, reader);
      builder.useEntry(1);
      builder.appendRun({ sampleCount: 1, flags: Uint32Array.of(0) }, 60, DEFAULTS, reader);
    });
    expect([...table.offsets]).toEqual([100, 105, 50, 51, 60]);
    expect([...table.sizes]).toEqual([5, 5, 1, 2, 5]);
    expect([...table.durations]).toEqual([10, 10, 3, 4, 10]);
    expect([...table.compositionOffsets!]).toEqual([0, 0, -1, 6, 0]);
    // sample_depends_on is the third pair of bits of sdtp: 1 (on others) is 0x10, 2 (on none) is 0x20
    expect([...table.flags!]).toEqual([0x10 | NON_SYNC, 0x10 | NON_SYNC, 0x20, 0x10 | NON_SYNC, 0]);
    expect([...table.byOffset!]).toEqual([2, 3, 4, 0, 1]);
    expect(table.entryRuns).toEqual([
      { firstSample: 0, entryIndex: 2 },
      { firstSample: 4, entryIndex: 1 },
    ]);
  });

  it('remembers decode times that do not follow from durations', () => {
    const table = build((builder) => {
      for (const time of [0, 20, 100, 120]) {
        builder.startAt(time);
        builder.appendRun({ sampleCount: 2 }, 0, DEFAULTS, reader);
      }
    });
    expect(table.timeJumps).toEqual([{ firstSample: 4, decodeTime: 100 }]);
    const times = new DecodeTimes(table);
    expect(Array.from({ length: 8 }, () => times.next())).toEqual([0, 10, 20, 30, 100, 110, 120, 130]);
  });

  it('takes the decode time that is said last before a sample', () => {
    const table = build((builder) => {
      const times = [
        [50, 0, 70],
        [90, 80],
        [5, 90],
        [1, 2, 3],
      ];
      for (const [i, list] of times.entries()) {
        for (const time of list) builder.startAt(time);
        if (i < 3) builder.appendRun({ sampleCount: 1 }, 0, DEFAULTS, reader);
        builder.appendRun({ sampleCount: 0 }, 0, DEFAULTS, reader);
      }
      expect(builder.nextDecodeTime).toBe(3);
    });
    // Samples last 10: the second is where the first ends, the third where the second ends.
    expect(table.timeJumps).toEqual([
      { firstSample: 0, decodeTime: 70 },
      { firstSample: 3, decodeTime: 3 },
    ]);
    const times = new DecodeTimes(table);
    expect(Array.from({ length: 3 }, () => times.next())).toEqual([70, 80, 90]);
  });

  it('goes on behind the samples of moov', () => {
    const base = build((builder) => {
      builder.useEntry(1);
      builder.appendRun(
        { sampleCount: 2, compositionOffsets: Int32Array.of(4, 5) },
        0,
        { ...DEFAULTS, flags: 0 },
        reader,
      );
    });
    expect(base.flags).toBeUndefined();
    const table = build((builder) => {
      expect(builder.count).toBe(2);
      builder.startAt(20); // as it should be
      builder.useEntry(1);
      builder.appendRun({ sampleCount: 1 }, 30, DEFAULTS, reader);
    }, base);
    expect([...table.offsets]).toEqual([0, 5, 30]);
    expect([...table.compositionOffsets!]).toEqual([4, 5, 0]);
    expect([...table.flags!]).toEqual([0, 0, 0x10 | NON_SYNC]);
    expect(table.timeJumps).toEqual([]);
    expect(table.entryRuns).toHaveLength(1);
  });

  it.each([
    ['behind the end', 996, 1],
    ['before the start', -1, 1],
  ])('refuses samples %s of the file', (_, dataBytes, sampleCount) => {
    expect(() => build((builder) => builder.appendRun({ sampleCount }, dataBytes, DEFAULTS, reader))).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        details: expect.objectContaining({ boxPath: 'moof/traf[0]/trun' }),
      }),
    );
  });

  it('refuses a count that no bytes stand behind before it allocates for it', () => {
    const run = { sampleCount: 0xffffffff };
    expect(() => build((builder) => builder.appendRun(run, 0, { ...DEFAULTS, size: 0 }, reader))).toThrow(
      expect.objectContaining({ code: 'MALFORMED_INPUT' }),
    );
  });
});

describe('toSampleFlags', () => {
  it.each([
    [0, 0],
    [NON_SYNC, 0x00010000],
    [0x20, 0x02000000],
    [0xff | NON_SYNC, 0x0ff10000],
  ])('of %i', (flags, expected) => {
    expect(toSampleFlags(flags)).toBe(expected);
  });
});

describe('entryRunAt', () => {
  const entryRuns = [0, 4, 9].map((firstSample) => ({ firstSample, entryIndex: 1 }));
  it.each([
    [0, 0],
    [3, 0],
    [4, 1],
    [8, 1],
    [9, 2],
    [99, 2],
  ])('sample %i is in run %i', (sample, run) => {
    expect(entryRunAt({ entryRuns } as unknown as SampleTable, sample)).toBe(run);
  });
});

describe('firstEndingAfter', () => {
  // Samples at 100 to 110, 110 to 110 (empty), 110 to 130; and 50 to 60 last in decode order.
  const offsets = Float64Array.of(100, 110, 110, 50);
  const sizes = Uint32Array.of(10, 0, 20, 10);
  const samples = { count: 4, offsets, sizes, byOffset: orderByOffset(offsets) };
  it.each([
    [0, 0],
    [59, 0],
    [60, 1],
    [109, 1],
    [110, 3],
    [129, 3],
    [130, 4],
  ])('at %i is position %i', (at, position) => {
    expect(firstEndingAfter(samples, at)).toBe(position);
  });
});
