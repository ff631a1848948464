import type { ByteReader } from '../../bytes/reader.js';
import { fullBox, readVersionAndFlags } from './box.js';

/**
 * Language tag of a track (ISO/IEC 14496-12 8.4.6, RFC 5646): stands above the three letters of `mdhd`.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readElng(reader: ByteReader): string {
  readVersionAndFlags(reader, 0);
  const bytes = reader.rest();
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

/** The whole box. */
export function writeElng(languageTag: string): Uint8Array {
  return fullBox('elng', 0, 0, Buffer.from(`${languageTag}\0`));
}
