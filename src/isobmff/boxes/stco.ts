import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { box, payloadOf, readVersionAndFlags } from './box.js';
import { readU32Columns } from './columns.js';

/** ChunkOffsetBox or ChunkLargeOffsetBox (ISO/IEC 14496-12 8.7.5). */
export interface ChunkOffsets {
  /** Absolute file offset of each chunk. */
  readonly chunkOffsets: Float64Array;
}

/**
 * Reads the payload of `stco` after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readStco(reader: ByteReader): ChunkOffsets {
  readVersionAndFlags(reader, 0);
  const [chunkOffsets] = readU32Columns(reader, reader.u32(), 1);
  return { chunkOffsets: new Float64Array(chunkOffsets) };
}

/**
 * Reads the payload of `co64` after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readCo64(reader: ByteReader): ChunkOffsets {
  readVersionAndFlags(reader, 0);
  const entryCount = reader.u32();
  reader.assertEntries(entryCount, 8);
  const chunkOffsets = new Float64Array(entryCount);
  for (let chunk = 0; chunk < entryCount; chunk++) chunkOffsets[chunk] = reader.offset64();
  return { chunkOffsets };
}

/**
 * A copy of a whole `stco` or `co64` with other offsets, as many as it has; all other bytes are kept.
 * @throws RangeError when an offset does not fit; `widenStco` makes a `co64`, into which it does
 */
export function patchChunkOffsets(
  boxBytes: Uint8Array,
  type: 'stco' | 'co64',
  chunkOffsets: Float64Array,
): Uint8Array {
  const copy = boxBytes.slice();
  const view = new DataView(copy.buffer);
  const firstAt = payloadOf(boxBytes).startBytes + ENTRIES_AT;
  for (const [chunk, offset] of chunkOffsets.entries()) {
    if (type === 'co64') view.setBigUint64(firstAt + 8 * chunk, BigInt(offset));
    else view.setUint32(firstAt + 4 * chunk, fitting32(offset));
  }
  return copy;
}

/** The `co64` in the place of a whole `stco`: the offsets in 64 bits, and every other byte as it was. */
export function widenStco(boxBytes: Uint8Array, chunkOffsets: Float64Array): Uint8Array {
  const { startBytes } = payloadOf(boxBytes);
  const firstAt = startBytes + ENTRIES_AT;
  const entries = new ByteWriter(8 * chunkOffsets.length);
  for (const offset of chunkOffsets) entries.u64(offset);
  const fields = boxBytes.subarray(startBytes, firstAt);
  return box('co64', fields, entries.finish(), boxBytes.subarray(firstAt + 4 * chunkOffsets.length));
}

/** Bytes of the fields before the first offset: version and flags, entry_count. */
const ENTRIES_AT = 8;

function fitting32(offset: number): number {
  if (Number.isInteger(offset) && offset >= 0 && offset <= 0xffffffff) return offset;
  throw new RangeError(`${offset} does not fit 32 bits`);
}
