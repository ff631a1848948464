import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';
import { readU32Columns, writeU32Columns } from './columns.js';

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
  reader.expectEntries(entryCount, 8);
  const chunkOffsets = new Float64Array(entryCount);
  for (let chunk = 0; chunk < entryCount; chunk++) chunkOffsets[chunk] = reader.offset64();
  return { chunkOffsets };
}

/**
 * The whole `stco`.
 * @throws RangeError when an offset needs more than 32 bits; `co64` is the box for it
 */
export function writeStco({ chunkOffsets }: ChunkOffsets): Uint8Array {
  const column = Uint32Array.from(chunkOffsets);
  const lost = column.findIndex((offset, chunk) => offset !== chunkOffsets[chunk]);
  if (lost >= 0) throw new RangeError(`${chunkOffsets[lost]} does not fit 32 bits`);
  const count = new ByteWriter(4).u32(column.length).finish();
  return fullBox('stco', 0, 0, count, writeU32Columns([column], 0, column.length));
}

/** The whole `co64`. */
export function writeCo64({ chunkOffsets }: ChunkOffsets): Uint8Array {
  const payload = new ByteWriter(4 + 8 * chunkOffsets.length).u32(chunkOffsets.length);
  for (const offset of chunkOffsets) payload.u64(offset);
  return fullBox('co64', 0, 0, payload.finish());
}

/** Bytes that `writeStco` makes. */
export function sizeOfStco(chunkCount: number): number {
  return 16 + 4 * chunkCount;
}

/** Bytes that `writeCo64` makes. */
export function sizeOfCo64(chunkCount: number): number {
  return 16 + 8 * chunkCount;
}
