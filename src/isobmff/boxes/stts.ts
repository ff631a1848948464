import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';
import { readU32Columns } from './columns.js';

/** TimeToSampleBox (ISO/IEC 14496-12 8.6.1.2), as runs of samples. */
export interface Stts {
  /** Samples in each run; their sum is not backed by bytes. */
  readonly sampleCounts: Uint32Array;
  /** Duration of each sample of the run, in ticks. */
  readonly sampleDeltas: Uint32Array;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readStts(reader: ByteReader): Stts {
  readVersionAndFlags(reader, 0);
  const [sampleCounts, sampleDeltas] = readU32Columns(reader, reader.u32(), 2);
  return { sampleCounts, sampleDeltas };
}
