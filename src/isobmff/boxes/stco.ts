import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

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
  return readOffsets(reader, 4, () => reader.u32());
}

/**
 * Reads the payload of `co64` after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readCo64(reader: ByteReader): ChunkOffsets {
  return readOffsets(reader, 8, () => reader.offset64());
}

function readOffsets(reader: ByteReader, entryBytes: number, readOffset: () => number): ChunkOffsets {
  readVersionAndFlags(reader, 0);
  const entryCount = reader.u32();
  reader.expectEntries(entryCount, entryBytes);
  const chunkOffsets = new Float64Array(entryCount);
  for (let chunk = 0; chunk < entryCount; chunk++) chunkOffsets[chunk] = readOffset();
  return { chunkOffsets };
}

/**
 * The whole `stco`.
 * @throws RangeError when an offset needs more than 32 bits; `co64` is the box for it
 */
export function writeStco({ chunkOffsets }: ChunkOffsets): Uint8Array {
  const payload = new ByteWriter(4 + 4 * chunkOffsets.length).u32(chunkOffsets.length);
  for (const offset of chunkOffsets) payload.u32(offset);
  return fullBox('stco', 0, 0, payload.finish());
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
