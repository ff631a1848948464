import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';
import { readU32Columns } from './columns.js';

/** SampleToChunkBox (ISO/IEC 14496-12 8.7.4), as runs of chunks. */
export interface Stsc {
  /** The run's first chunk, counted from 1; it goes on to the next run's first chunk. */
  readonly firstChunks: Uint32Array;
  readonly samplesPerChunk: Uint32Array;
  /** Entry of `stsd`, counted from 1. */
  readonly sampleDescriptionIndexes: Uint32Array;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readStsc(reader: ByteReader): Stsc {
  readVersionAndFlags(reader, 0);
  const [firstChunks, samplesPerChunk, sampleDescriptionIndexes] = readU32Columns(reader, reader.u32(), 3);
  return { firstChunks, samplesPerChunk, sampleDescriptionIndexes };
}
