import type { ByteReader } from '../../bytes/reader.js';

/** Width and height of one sample of a picture, relative to each other (ISO/IEC 14496-12 12.1.4). */
export interface Pasp {
  readonly hSpacing: number;
  readonly vSpacing: number;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readPasp(reader: ByteReader): Pasp {
  return { hSpacing: reader.u32(), vSpacing: reader.u32() };
}
