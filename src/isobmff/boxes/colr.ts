import type { ByteReader } from '../../bytes/reader.js';

/** Colour information of a visual sample entry (ISO/IEC 14496-12 12.1.5): code points of ISO/IEC 23091-2. */
export interface Colr {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

/**
 * Reads the payload after the box header. Undefined for an ICC profile, which names no code points.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readColr(reader: ByteReader): Colr | undefined {
  const colourType = reader.fourcc();
  if (colourType !== 'nclx' && colourType !== 'nclc') return undefined; // nclc: QuickTime
  return { primaries: reader.u16(), transfer: reader.u16(), matrix: reader.u16() };
}
