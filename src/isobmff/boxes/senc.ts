import { makeColumn, makeOwnColumn } from '../../bytes/columns.js';
import { type ByteReader, readU32 } from '../../bytes/reader.js';
import { writeU16, writeU32 } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';
import { fourthEditionProblem, SEVERAL_KEYS } from './fourth-edition.js';
import { type PiffAlgorithmId, readPiffDefaults } from './piff.js';

/** IVs and subsample maps of a run of samples, one typed array a field (ISO/IEC 23001-7 7.2). */
export interface SencColumns {
  /** Not backed by bytes when the IV size is 0 and there are no subsamples. */
  readonly sampleCount: number;
  /** 0, 8 or 16 bytes a sample. */
  readonly ivSize: number;
  /** The IVs one after the other: `sampleCount * ivSize` bytes. */
  readonly ivs: Uint8Array;
  /** Present for all samples or for none: the flag is one of the box. */
  readonly subsamples?: SubsampleColumns | undefined;
}

/** The subsamples of sample `i` are the rows `starts[i]` to `starts[i + 1]` of the other two columns. */
export interface SubsampleColumns {
  /** `sampleCount + 1` row numbers. */
  readonly starts: Uint32Array;
  readonly clearBytes: Uint16Array;
  readonly protectedBytes: Uint32Array;
}

/** A `senc` as read. */
export interface Senc extends SencColumns {
  /** PIFF only (flag 1): these samples do not follow the track's defaults. */
  readonly override?: {
    readonly algorithmId: PiffAlgorithmId;
    readonly ivSize: number;
    readonly kid: string;
  };
}

const OVERRIDE_TRACK_ENCRYPTION = 1;
const USE_SUBSAMPLES = 2;
/** 23001-7:2023 7.2: each subsample names its key. */
const MULTI_KEY_VERSION = 1;

/**
 * Reads the payload after the box header (after the extended type, for the PIFF `uuid` form).
 *
 * Bytes left over are an error, unlike in other boxes: they mean that the samples were written with another IV
 * size than the one given, and every IV but the first would be wrong.
 * @param ivSize bytes of each IV, which `senc` does not say itself: from `tenc` or the sample's `seig`
 * @throws PrpackError MALFORMED_INPUT; UNSUPPORTED_FEATURE for several keys in a sample
 */
export function readSenc(reader: ByteReader, ivSize: number): Senc {
  const { version, flags } = readVersionAndFlags(reader, MULTI_KEY_VERSION);
  if (version === MULTI_KEY_VERSION) throw fourthEditionProblem(reader, SEVERAL_KEYS, 0);
  const override = flags & OVERRIDE_TRACK_ENCRYPTION ? readPiffDefaults(reader) : undefined;
  const columns = readSamples(reader, override?.ivSize ?? ivSize, (flags & USE_SUBSAMPLES) !== 0);
  if (reader.remaining > 0) {
    throw reader.fail(
      'bytes are left over after the last sample; the IV size may be another one',
      undefined,
      {
        expected: 0,
        received: reader.remaining,
        clause: 'ISO/IEC 23001-7 7.2',
      },
    );
  }
  return override ? { ...columns, override } : columns;
}

/**
 * Reads only whether a `senc` overrides the track's defaults, which must be known before its samples can be read.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSencOverride(reader: ByteReader): Senc['override'] {
  const { flags } = readVersionAndFlags(reader, 0);
  return flags & OVERRIDE_TRACK_ENCRYPTION ? readPiffDefaults(reader) : undefined;
}

function readSamples(reader: ByteReader, ivSize: number, hasSubsamples: boolean): SencColumns {
  const sampleCount = reader.u32();
  if (!hasSubsamples) {
    reader.assertEntries(sampleCount, ivSize);
    const ivs = makerFor(sampleCount)('u8', sampleCount * ivSize);
    ivs.set(reader.take(ivs.length));
    return { sampleCount, ivSize, ivs, subsamples: undefined };
  }
  reader.assertEntries(sampleCount, ivSize + 2);
  const samplesAt = reader.position;
  const starts = makerFor(sampleCount)('u32', sampleCount + 1);
  for (let sample = 0; sample < sampleCount; sample++) {
    reader.skip(ivSize);
    const subsampleCount = reader.u16();
    reader.skip(6 * subsampleCount);
    starts[sample + 1] = starts[sample] + subsampleCount;
  }
  return fillColumns(reader.bytes, samplesAt, ivSize, starts);
}

/** So many samples may be those of a whole track, whose columns other threads read as they are. */
const MANY_SAMPLES = 2 ** 14;

function makerFor(sampleCount: number): typeof makeColumn {
  return sampleCount >= MANY_SAMPLES ? makeColumn : makeOwnColumn;
}

/** The second pass over samples whose sizes are known to be right. */
function fillColumns(bytes: Uint8Array, samplesAt: number, ivSize: number, starts: Uint32Array): SencColumns {
  const sampleCount = starts.length - 1;
  const make = makerFor(sampleCount);
  const ivs = make('u8', sampleCount * ivSize);
  const clearBytes = make('u16', starts[sampleCount]);
  const protectedBytes = make('u32', starts[sampleCount]);
  let at = samplesAt;
  for (let sample = 0; sample < sampleCount; sample++) {
    // A loop over so few bytes is faster than a view of them.
    for (let i = 0; i < ivSize; i++) ivs[sample * ivSize + i] = bytes[at + i];
    at += ivSize + 2;
    for (let row = starts[sample]; row < starts[sample + 1]; row++, at += 6) {
      clearBytes[row] = (bytes[at] << 8) | bytes[at + 1];
      protectedBytes[row] = readU32(bytes, at + 2);
    }
  }
  return { sampleCount, ivSize, ivs, subsamples: { starts, clearBytes, protectedBytes } };
}

/** The whole box for the samples `first` to `first + count` of the columns. */
export function writeSenc(columns: SencColumns, first = 0, count = columns.sampleCount - first): Uint8Array {
  const { ivSize, ivs, subsamples } = columns;
  const bytes = new Uint8Array(sizeOfSenc(columns, first, count));
  bytes.set(fullBox('senc', 0, subsamples ? USE_SUBSAMPLES : 0)); // not of this size yet
  writeU32(bytes, 0, bytes.length);
  writeU32(bytes, SENC_FIRST_IV_BYTES - 4, count);
  let at = SENC_FIRST_IV_BYTES;
  for (let sample = first; sample < first + count; sample++) {
    for (let i = 0; i < ivSize; i++) bytes[at + i] = ivs[sample * ivSize + i];
    at += ivSize;
    if (subsamples) at = writeSubsamples(bytes, at, subsamples, sample);
  }
  return bytes;
}

function writeSubsamples(
  bytes: Uint8Array,
  at: number,
  subsamples: SubsampleColumns,
  sample: number,
): number {
  const { starts, clearBytes, protectedBytes } = subsamples;
  writeU16(bytes, at, subsampleCountOf(subsamples, sample));
  let next = at + 2;
  for (let row = starts[sample]; row < starts[sample + 1]; row++, next += 6) {
    writeU16(bytes, next, clearBytes[row]);
    writeU32(bytes, next + 2, protectedBytes[row]);
  }
  return next;
}

/** Where the first IV stands in a `senc` that `writeSenc` made, counted from the start of the box: what `saio` points at. */
export const SENC_FIRST_IV_BYTES = 16;

/** Bytes of the whole box that `writeSenc` makes of the same samples. */
export function sizeOfSenc(columns: SencColumns, first = 0, count = columns.sampleCount - first): number {
  const { ivSize, subsamples } = columns;
  if (!subsamples) return SENC_FIRST_IV_BYTES + count * ivSize;
  const rows = subsamples.starts[first + count] - subsamples.starts[first];
  return SENC_FIRST_IV_BYTES + count * (ivSize + 2) + 6 * rows;
}

/**
 * Bytes of each sample's entry in `senc`, for `saiz`: IV, then 2 + 6 for every subsample.
 * @throws RangeError when an entry is longer than the 255 bytes that `saiz` can say; ranges are merged before
 */
export function sencEntrySizes(
  columns: SencColumns,
  first = 0,
  count = columns.sampleCount - first,
): Uint8Array {
  const { ivSize, subsamples } = columns;
  const sizes = new Uint8Array(count).fill(ivSize);
  if (!subsamples) return sizes;
  for (let index = 0; index < count; index++) {
    const size = ivSize + 2 + 6 * subsampleCountOf(subsamples, first + index);
    if (size > 0xff)
      throw new RangeError(`a sample's auxiliary information of ${size} bytes does not fit saiz`);
    sizes[index] = size;
  }
  return sizes;
}

function subsampleCountOf({ starts }: SubsampleColumns, sample: number): number {
  const count = starts[sample + 1] - starts[sample];
  if (count > 0xffff) throw new RangeError(`${count} subsamples do not fit 16 bits`);
  return count;
}
