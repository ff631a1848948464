import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, payloadOf, readVersionAndFlags } from './box.js';
import { asSigned, readU32Columns, writeU32Columns } from './columns.js';

/** Per-sample fields, one typed array a field. An absent column stands for the default of the fragment or track. */
export interface TrunColumns {
  readonly durations?: Uint32Array | undefined;
  readonly sizes?: Uint32Array | undefined;
  readonly flags?: Uint32Array | undefined;
  /** Composition time minus decode time, in ticks. Absent: all 0. */
  readonly compositionOffsets?: Int32Array | undefined;
}

/** TrackRunBox (ISO/IEC 14496-12 8.8.8). */
export interface Trun extends TrunColumns {
  /** Not backed by bytes when there is no column: compare it with the data before looping over it. */
  readonly sampleCount: number;
  /** From the base of the fragment to the first byte of the run; absent: where the previous run ended. */
  readonly dataOffset?: number | undefined;
  /** Flags of the first sample, instead of the default. */
  readonly firstSampleFlags?: number | undefined;
}

const DATA_OFFSET = 0x1;
const FIRST_SAMPLE_FLAGS = 0x4;
const SAMPLE_DURATION = 0x100;
const SAMPLE_SIZE = 0x200;
const SAMPLE_FLAGS = 0x400;
const SAMPLE_COMPOSITION_TIME_OFFSETS = 0x800;

/**
 * Reads the payload after the box header. Composition offsets of version 0 are unsigned by the standard, but files
 * with negative ones exist and none with offsets past 2^31: both versions are read as signed.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readTrun(reader: ByteReader): Trun {
  const { flags } = readVersionAndFlags(reader, 1);
  const sampleCount = reader.u32();
  const dataOffset = flags & DATA_OFFSET ? reader.i32() : undefined;
  const firstSampleFlags = flags & FIRST_SAMPLE_FLAGS ? reader.u32() : undefined;
  const columns = readU32Columns(reader, sampleCount, columnsOf(flags));
  let next = 0;
  // One shape of object for all boxes, whichever columns they have.
  const durations = flags & SAMPLE_DURATION ? columns[next++] : undefined;
  const sizes = flags & SAMPLE_SIZE ? columns[next++] : undefined;
  const sampleFlags = flags & SAMPLE_FLAGS ? columns[next++] : undefined;
  const offsets = flags & SAMPLE_COMPOSITION_TIME_OFFSETS ? asSigned(columns[next]) : undefined;
  return {
    sampleCount,
    dataOffset,
    firstSampleFlags,
    durations,
    sizes,
    flags: sampleFlags,
    compositionOffsets: offsets,
  };
}

/** How many fields each sample has. */
function columnsOf(flags: number): number {
  let count = 0;
  for (let flag = SAMPLE_DURATION; flag <= SAMPLE_COMPOSITION_TIME_OFFSETS; flag *= 2)
    if (flags & flag) count++;
  return count;
}

/** The defaults of a fragment (`tfhd` over `trex`) that spare a run its columns. */
export interface SampleDefaults {
  readonly defaultSampleDuration?: number;
  readonly defaultSampleSize?: number;
  readonly defaultSampleFlags?: number;
}

/**
 * The defaults to put into `tfhd` for the samples `first` to `first + count`: a value for every column that does
 * not vary. Flags may differ in the first sample, which is how a fragment that starts with a sync sample looks.
 */
export function sampleDefaultsOf(columns: TrunColumns, first: number, count: number): SampleDefaults {
  const defaultSampleDuration = commonValue(columns.durations, first, count);
  const defaultSampleSize = commonValue(columns.sizes, first, count);
  const defaultSampleFlags =
    commonValue(columns.flags, first, count) ?? commonValue(columns.flags, first + 1, count - 1);
  return {
    ...(defaultSampleDuration !== undefined && { defaultSampleDuration }),
    ...(defaultSampleSize !== undefined && { defaultSampleSize }),
    ...(defaultSampleFlags !== undefined && { defaultSampleFlags }),
  };
}

/**
 * The whole box for the samples `first` to `first + count` of larger columns. A column is written only where a sample
 * differs from its default, composition offsets only where one is not 0, in version 1 when one is negative.
 * @param dataOffset from the base of the fragment to the first byte of the run
 */
export function writeTrun(
  columns: TrunColumns,
  first: number,
  count: number,
  dataOffset: number,
  defaults: SampleDefaults = {},
): Uint8Array {
  const { version, flags, firstSampleFlags, written } = layOut(columns, first, count, defaults);
  const head = new ByteWriter(12).u32(count).i32(dataOffset);
  if (firstSampleFlags !== undefined) head.u32(firstSampleFlags);
  return fullBox('trun', version, flags, head.finish(), writeU32Columns(written, first, count));
}

/** Bytes that `writeTrun` makes of the same samples. */
export function sizeOfTrun(
  columns: TrunColumns,
  first: number,
  count: number,
  defaults: SampleDefaults = {},
): number {
  const { firstSampleFlags, written } = layOut(columns, first, count, defaults);
  return 20 + (firstSampleFlags === undefined ? 0 : 4) + 4 * written.length * count;
}

interface TrunLayout {
  readonly version: 0 | 1;
  readonly flags: number;
  readonly firstSampleFlags?: number;
  readonly written: readonly (Uint32Array | Int32Array)[];
}

function layOut(columns: TrunColumns, first: number, count: number, defaults: SampleDefaults): TrunLayout {
  const written: (Uint32Array | Int32Array)[] = [];
  let flags = DATA_OFFSET;
  const write = (flag: number, column: Uint32Array | Int32Array | undefined, usual: number | undefined) => {
    if (!column || isConstant(column, first, count, usual)) return;
    flags |= flag;
    written.push(column);
  };
  write(SAMPLE_DURATION, columns.durations, defaults.defaultSampleDuration);
  write(SAMPLE_SIZE, columns.sizes, defaults.defaultSampleSize);
  // 8.8.8.1: first-sample-flags excludes per-sample flags
  const firstSampleFlags = exceptionalFirstFlags(columns.flags, first, count, defaults.defaultSampleFlags);
  if (firstSampleFlags !== undefined) flags |= FIRST_SAMPLE_FLAGS;
  else write(SAMPLE_FLAGS, columns.flags, defaults.defaultSampleFlags);
  write(SAMPLE_COMPOSITION_TIME_OFFSETS, columns.compositionOffsets, 0);
  const version = columns.compositionOffsets?.subarray(first, first + count).some((offset) => offset < 0)
    ? 1
    : 0;
  return { version, flags, written, ...(firstSampleFlags !== undefined && { firstSampleFlags }) };
}

/** The flags of the first sample, when it alone differs from the default. */
function exceptionalFirstFlags(
  flags: Uint32Array | undefined,
  first: number,
  count: number,
  usual: number | undefined,
): number | undefined {
  if (!flags || count === 0 || usual === undefined || flags[first] === usual) return undefined;
  return isConstant(flags, first + 1, count - 1, usual) ? flags[first] : undefined;
}

function commonValue(column: Uint32Array | undefined, first: number, count: number): number | undefined {
  return column && count > 0 && isConstant(column, first, count, column[first]) ? column[first] : undefined;
}

function isConstant(
  column: Uint32Array | Int32Array,
  first: number,
  count: number,
  value: number | undefined,
): boolean {
  for (let sample = first; sample < first + count; sample++) if (column[sample] !== value) return false;
  return true;
}

/**
 * A copy of a whole box with another data offset, all other bytes kept; the same bytes when it has none.
 * @throws RangeError when the offset does not fit 32 signed bits
 */
export function patchTrun(boxBytes: Uint8Array, map: (dataOffset: number) => number): Uint8Array {
  const { reader, startBytes } = payloadOf(boxBytes);
  const { flags } = readVersionAndFlags(reader, 1);
  reader.skip(4); // sample_count
  if (!(flags & DATA_OFFSET)) return boxBytes;
  const copy = boxBytes.slice();
  copy.set(new ByteWriter(4).i32(map(reader.i32())).finish(), startBytes + 8);
  return copy;
}
