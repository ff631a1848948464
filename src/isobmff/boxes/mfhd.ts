import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** MovieFragmentHeaderBox (ISO/IEC 14496-12 8.8.5). */
export interface Mfhd {
  /** Grows from fragment to fragment; the first is usually 1. */
  readonly sequenceNumber: number;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readMfhd(reader: ByteReader): Mfhd {
  readVersionAndFlags(reader, 0);
  return { sequenceNumber: reader.u32() };
}

/** Bytes that `writeMfhd` makes. */
export const SIZE_OF_MFHD = 16;

/** The whole box. */
export function writeMfhd(mfhd: Mfhd): Uint8Array {
  return fullBox('mfhd', 0, 0, new ByteWriter(4).u32(mfhd.sequenceNumber).finish());
}
