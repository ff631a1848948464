import { GrowingColumn, makeColumn } from '../bytes/columns.js';
import type { ByteReader } from '../bytes/reader.js';
import { malformed, PrpackError } from '../errors.js';
import type { Trun } from './boxes/trun.js';

/** Bits of `SampleTable.flags`: the low eight are those of `sdtp` (ISO/IEC 14496-12 8.6.4.2). */
export const NON_SYNC = 0x100;

/**
 * The samples of one track in decode order, one column a property, at most 26 bytes a sample. Offsets are
 * absolute in the file that was read.
 */
export interface SampleTable {
  readonly count: number;
  readonly offsets: Float64Array;
  readonly sizes: Uint32Array;
  /** In ticks of the track's timescale. */
  readonly durations: Uint32Array;
  /** Composition time minus decode time, in ticks; absent when all are 0. */
  readonly compositionOffsets: Int32Array | undefined;
  /** NON_SYNC and the `sdtp` bits; absent when all are 0. */
  readonly flags: Uint16Array | undefined;
  /** From which sample on which sample entry (index from 1) holds; begins with sample 0. */
  readonly entryRuns: readonly EntryRun[];
  /** Where decode time is not the sum of the durations before: `tfdt` of fragments. At most one a sample, in order. */
  readonly timeJumps: readonly TimeJump[];
  /**
   * Sample indexes by rising offset, only where decode order does not rise. Samples of no bytes stay in place.
   */
  readonly byOffset: Uint32Array | undefined;
}

export interface EntryRun {
  readonly firstSample: number;
  readonly entryIndex: number;
}

export interface TimeJump {
  readonly firstSample: number;
  /** Decode time of that sample, in ticks. */
  readonly decodeTime: number;
}

/** Per-sample values where a fragment has no column for them. `flags` are `sample_flags` (8.8.3.1). */
export interface RunDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** `sample_flags` (ISO/IEC 14496-12 8.8.3.1) to the flags of a sample table. */
function fromSampleFlags(flags: number): number {
  return ((flags >>> 20) & 0xff) | (flags & 0x10000 ? NON_SYNC : 0);
}

/** The flags of a sample table as `sample_flags` (ISO/IEC 14496-12 8.8.3.1). */
export function toSampleFlags(flags: number): number {
  return ((flags & 0xff) << 20) | (flags & NON_SYNC ? 0x10000 : 0);
}

/** Over 1.5 GiB of memory: three weeks of video, but only half an hour of uncompressed sound, a sample a frame. */
const MAX_SAMPLES = 2 ** 26;

/**
 * How many samples the tracks of a file may have together. Counts are claims, which a few bytes can make; real samples
 * have a byte of their own.
 */
export class SampleBudget {
  readonly fileSizeBytes: number;
  readonly #missing: (() => PrpackError) | undefined;
  #used = 0;

  /** @param missing the error of a file that is known to end too early, for samples behind its end */
  constructor(fileSizeBytes: number, missing?: () => PrpackError) {
    this.fileSizeBytes = fileSizeBytes;
    this.#missing = missing;
  }

  /** The error of a sample that lies outside the file: why it does, where that is known. */
  outside(otherwise: PrpackError): PrpackError {
    return this.#missing?.() ?? otherwise;
  }

  /** @throws PrpackError MALFORMED_INPUT when the file cannot hold so many more, UNSUPPORTED_FEATURE when memory cannot */
  take(count: number, place: { readonly boxPath: string; readonly offsetBytes: number }): void {
    this.#used += count;
    if (this.#used > this.fileSizeBytes) {
      throw malformed(`${place.boxPath}: more samples than the file can hold`, {
        ...place,
        expected: this.fileSizeBytes,
        received: this.#used,
      });
    }
    if (this.#used <= MAX_SAMPLES) return;
    throw new PrpackError('UNSUPPORTED_FEATURE', `${place.boxPath}: more samples than memory can hold`, {
      ...place,
      expected: MAX_SAMPLES,
      received: this.#used,
      remedy: 'Split the file, or leave out tracks of uncompressed sound, whose every frame is a sample.',
    });
  }
}

/** Collects the samples of one track, in decode order. */
export class SampleTableBuilder {
  readonly #budget: SampleBudget;
  readonly #offsets = new GrowingColumn('f64');
  readonly #sizes = new GrowingColumn('u32');
  readonly #durations = new GrowingColumn('u32');
  #compositionOffsets: GrowingColumn<'i32'> | undefined;
  #flags: GrowingColumn<'u16'> | undefined;
  readonly #entryRuns: EntryRun[] = [];
  readonly #timeJumps: TimeJump[] = [];
  /** Decode time at which the last sample ends, in ticks. */
  #endTime = 0;
  #nextDecodeTime = 0;

  /** @param base samples that come before, such as those of the sample table before those of fragments */
  constructor(budget: SampleBudget, base?: SampleTable) {
    this.#budget = budget;
    if (base && base.count > 0) this.#takeOver(base);
  }

  get count(): number {
    return this.#offsets.length;
  }

  /** Decode time of the next sample, in ticks, unless it has one of its own. */
  get nextDecodeTime(): number {
    return this.#nextDecodeTime;
  }

  /** The next sample's decode time, in ticks. What was said last before a sample holds. */
  startAt(decodeTime: number): void {
    if (this.#timeJumps.at(-1)?.firstSample === this.count) this.#timeJumps.pop();
    if (decodeTime !== this.#endTime) this.#timeJumps.push({ firstSample: this.count, decodeTime });
    this.#nextDecodeTime = decodeTime;
  }

  /** The following samples are coded as this sample entry says, counted from 1. */
  useEntry(entryIndex: number): void {
    if (this.#entryRuns.at(-1)?.entryIndex === entryIndex) return;
    this.#entryRuns.push({ firstSample: this.count, entryIndex });
  }

  /**
   * Appends the samples of a `trun` whose data begins at `dataBytes` of the file.
   * @param reader over the box, for messages
   * @throws PrpackError MALFORMED_INPUT, TRUNCATED_INPUT when the samples are more, or reach further, than the file
   */
  appendRun(trun: Trun, dataBytes: number, defaults: RunDefaults, reader: ByteReader): void {
    const { sampleCount } = trun;
    this.#budget.take(sampleCount, reader.place);
    const { fileSizeBytes } = this.#budget;
    let offset = dataBytes;
    for (let i = 0; i < sampleCount; i++) {
      const size = trun.sizes ? trun.sizes[i] : defaults.size;
      const duration = trun.durations ? trun.durations[i] : defaults.duration;
      this.#offsets.push(offset);
      this.#sizes.push(size);
      this.#durations.push(duration);
      offset += size;
      this.#nextDecodeTime += duration;
    }
    if (sampleCount > 0) this.#endTime = this.#nextDecodeTime;
    if (dataBytes < 0 || offset > fileSizeBytes) {
      const failure = reader.fail('samples lie outside the file', 8, {
        expected: `0 to ${fileSizeBytes}`,
        received: `${dataBytes} to ${offset}`,
        clause: 'ISO/IEC 14496-12 8.8.8',
      });
      throw dataBytes < 0 ? failure : this.#budget.outside(failure);
    }
    this.#appendFlags(trun, defaults.flags);
    this.#appendCompositionOffsets(trun);
  }

  finish(): SampleTable {
    const offsets = this.#offsets.finish();
    return {
      count: offsets.length,
      offsets,
      sizes: this.#sizes.finish(),
      durations: this.#durations.finish(),
      compositionOffsets: this.#compositionOffsets?.finish(),
      flags: this.#flags?.finish(),
      entryRuns: this.#entryRuns,
      timeJumps: this.#timeJumps,
      byOffset: orderByOffset(offsets),
    };
  }

  #appendFlags(trun: Trun, usual: number): void {
    const before = this.count - trun.sampleCount;
    const flagsOf = (i: number) =>
      fromSampleFlags((i === 0 ? trun.firstSampleFlags : undefined) ?? trun.flags?.[i] ?? usual);
    for (let i = 0; i < trun.sampleCount; i++) {
      const flags = flagsOf(i);
      if (flags !== 0 && !this.#flags) {
        this.#flags = new GrowingColumn('u16', this.count);
        this.#flags.fill(0, before + i);
      }
      this.#flags?.push(flags);
    }
  }

  #appendCompositionOffsets({ sampleCount, compositionOffsets }: Trun): void {
    if (compositionOffsets && !this.#compositionOffsets) {
      this.#compositionOffsets = new GrowingColumn('i32', this.count);
      this.#compositionOffsets.fill(0, this.count - sampleCount);
    }
    if (!compositionOffsets) this.#compositionOffsets?.fill(0, sampleCount);
    else for (let i = 0; i < sampleCount; i++) this.#compositionOffsets?.push(compositionOffsets[i]);
  }

  #takeOver(base: SampleTable): void {
    this.#offsets.append(base.offsets);
    this.#sizes.append(base.sizes);
    this.#durations.append(base.durations);
    for (const duration of base.durations) this.#endTime += duration;
    this.#nextDecodeTime = this.#endTime;
    this.#compositionOffsets = growingCopy('i32', base.compositionOffsets);
    this.#flags = growingCopy('u16', base.flags);
    this.#entryRuns.push(...base.entryRuns);
  }
}

/** The table of no samples. */
export const NO_SAMPLES: SampleTable = {
  count: 0,
  offsets: new Float64Array(),
  sizes: new Uint32Array(),
  durations: new Uint32Array(),
  compositionOffsets: undefined,
  flags: undefined,
  entryRuns: [],
  timeJumps: [],
  byOffset: undefined,
};

function growingCopy<K extends 'i32' | 'u16'>(
  type: K,
  values: Int32Array | Uint16Array | undefined,
): GrowingColumn<K> | undefined {
  if (!values) return undefined;
  const column = new GrowingColumn(type, values.length);
  column.append(values);
  return column;
}

/** Gives the decode times of all samples, in ticks, one after the other from the first on. */
export class DecodeTimes {
  readonly #durations: Uint32Array;
  readonly #timeJumps: SampleTable['timeJumps'];
  #sample = 0;
  #jump = 0;
  /** Sample at which the next jump is. */
  #jumpAt: number;
  #time = 0;

  constructor({ durations, timeJumps }: SampleTable) {
    this.#durations = durations;
    this.#timeJumps = timeJumps;
    this.#jumpAt = timeJumps.length > 0 ? timeJumps[0].firstSample : NEVER;
  }

  next(): number {
    if (this.#sample === this.#jumpAt) this.#jumpOver();
    const time = this.#time;
    this.#time += this.#durations[this.#sample++];
    return time;
  }

  #jumpOver(): void {
    this.#time = this.#timeJumps[this.#jump++].decodeTime;
    this.#jumpAt = this.#jump < this.#timeJumps.length ? this.#timeJumps[this.#jump].firstSample : NEVER;
  }
}

/** No sample has this number. */
const NEVER = -1;

/** Index into `entryRuns` of the run that a sample is in. */
export function entryRunAt({ entryRuns }: SampleTable, sample: number): number {
  let low = 0;
  let high = entryRuns.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (entryRuns[middle].firstSample <= sample) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The order of samples by file offset, or undefined when decode order is that order. */
export function orderByOffset(offsets: Float64Array): Uint32Array | undefined {
  let previous = 0;
  for (let i = 0; i < offsets.length; i++) {
    if (offsets[i] < previous) return sortedOrder(offsets);
    previous = offsets[i];
  }
  return undefined;
}

function sortedOrder(offsets: Float64Array): Uint32Array {
  const order = makeColumn('u32', offsets.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => offsets[a] - offsets[b] || a - b);
}

/** Where the samples of a track are. */
export type SamplePlaces = Pick<SampleTable, 'count' | 'offsets' | 'sizes' | 'byOffset'>;

/**
 * Position (in offset order) of the first sample that ends behind `offsetBytes`. Samples must not overlap, which the
 * movie reader checks for every track that it is asked to protect.
 */
export function firstEndingAfter(samples: SamplePlaces, offsetBytes: number): number {
  const { offsets, sizes, byOffset } = samples;
  let low = 0;
  let high = samples.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const sample = byOffset ? byOffset[middle] : middle;
    if (offsets[sample] + sizes[sample] <= offsetBytes) low = middle + 1;
    else high = middle;
  }
  return low;
}
