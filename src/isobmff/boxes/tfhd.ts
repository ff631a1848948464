import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, payloadOf, readVersionAndFlags } from './box.js';

/** TrackFragmentHeaderBox (ISO/IEC 14496-12 8.8.7). A default that is absent here is the one of `trex`. */
export interface Tfhd {
  readonly trackId: number;
  /** Absolute file offset. */
  readonly baseDataOffset?: number | undefined;
  readonly sampleDescriptionIndex?: number | undefined;
  readonly defaultSampleDuration?: number | undefined;
  readonly defaultSampleSize?: number | undefined;
  readonly defaultSampleFlags?: number | undefined;
  readonly durationIsEmpty: boolean;
  /** Data offsets count from the start of the enclosing `moof`. */
  readonly defaultBaseIsMoof: boolean;
}

const BASE_DATA_OFFSET = 0x1;
const SAMPLE_DESCRIPTION_INDEX = 0x2;
const DEFAULT_SAMPLE_DURATION = 0x8;
const DEFAULT_SAMPLE_SIZE = 0x10;
const DEFAULT_SAMPLE_FLAGS = 0x20;
const DURATION_IS_EMPTY = 0x10000;
const DEFAULT_BASE_IS_MOOF = 0x20000;

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readTfhd(reader: ByteReader): Tfhd {
  const { flags } = readVersionAndFlags(reader, 0);
  const trackId = reader.u32();
  return {
    trackId,
    baseDataOffset: flags & BASE_DATA_OFFSET ? reader.offset64() : undefined,
    sampleDescriptionIndex: flags & SAMPLE_DESCRIPTION_INDEX ? reader.u32() : undefined,
    defaultSampleDuration: flags & DEFAULT_SAMPLE_DURATION ? reader.u32() : undefined,
    defaultSampleSize: flags & DEFAULT_SAMPLE_SIZE ? reader.u32() : undefined,
    defaultSampleFlags: flags & DEFAULT_SAMPLE_FLAGS ? reader.u32() : undefined,
    durationIsEmpty: (flags & DURATION_IS_EMPTY) !== 0,
    defaultBaseIsMoof: (flags & DEFAULT_BASE_IS_MOOF) !== 0,
  };
}

/** The whole box. */
export function writeTfhd(tfhd: Tfhd): Uint8Array {
  const payload = new ByteWriter(32).u32(tfhd.trackId);
  let flags =
    (tfhd.durationIsEmpty ? DURATION_IS_EMPTY : 0) | (tfhd.defaultBaseIsMoof ? DEFAULT_BASE_IS_MOOF : 0);
  if (tfhd.baseDataOffset !== undefined) {
    flags |= BASE_DATA_OFFSET;
    payload.u64(tfhd.baseDataOffset);
  }
  for (const [flag, value] of [
    [SAMPLE_DESCRIPTION_INDEX, tfhd.sampleDescriptionIndex],
    [DEFAULT_SAMPLE_DURATION, tfhd.defaultSampleDuration],
    [DEFAULT_SAMPLE_SIZE, tfhd.defaultSampleSize],
    [DEFAULT_SAMPLE_FLAGS, tfhd.defaultSampleFlags],
  ] as const) {
    if (value === undefined) continue;
    flags |= flag;
    payload.u32(value);
  }
  return fullBox('tfhd', 0, flags, payload.finish());
}

/** The whole box with another sample description index, all other fields kept. */
export function withSampleDescriptionIndex(boxBytes: Uint8Array, index: number): Uint8Array {
  const { reader } = payloadOf(boxBytes);
  return writeTfhd({ ...readTfhd(reader), sampleDescriptionIndex: index });
}

/**
 * A copy of a whole box with its base data offset sent through `map`, all other bytes kept; the same bytes when it
 * has none.
 */
export function patchTfhd(boxBytes: Uint8Array, map: (offsetBytes: number) => number): Uint8Array {
  const { reader, startBytes } = payloadOf(boxBytes);
  const { baseDataOffset } = readTfhd(reader);
  if (baseDataOffset === undefined) return boxBytes;
  const copy = boxBytes.slice();
  new DataView(copy.buffer).setBigUint64(startBytes + 8, BigInt(map(baseDataOffset)));
  return copy;
}
