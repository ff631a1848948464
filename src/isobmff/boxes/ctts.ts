import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';
import { asSigned, readU32Columns } from './columns.js';

/** CompositionOffsetBox (ISO/IEC 14496-12 8.6.1.3), as runs of samples. */
export interface Ctts {
  /** Samples in each run; their sum is not backed by bytes. */
  readonly sampleCounts: Uint32Array;
  /** Composition time minus decode time, in ticks. */
  readonly sampleOffsets: Int32Array;
}

/**
 * Reads the payload after the box header. Offsets of version 0 are unsigned by the standard, but QuickTime and others
 * write negative ones, and none past 2^31 are known: both versions are read as signed.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readCtts(reader: ByteReader): Ctts {
  readVersionAndFlags(reader, 1);
  const [sampleCounts, sampleOffsets] = readU32Columns(reader, reader.u32(), 2);
  return { sampleCounts, sampleOffsets: asSigned(sampleOffsets) };
}
