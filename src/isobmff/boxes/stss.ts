import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';
import { readU32Columns } from './columns.js';

/** SyncSampleBox (ISO/IEC 14496-12 8.6.2). A track without this box has sync samples only. */
export interface Stss {
  /** Counted from 1. */
  readonly sampleNumbers: Uint32Array;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readStss(reader: ByteReader): Stss {
  readVersionAndFlags(reader, 0);
  return { sampleNumbers: readU32Columns(reader, reader.u32(), 1)[0] };
}
