import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';

/** What a track is for (ISO/IEC 14496-12 8.10.4). */
export interface TrackKind {
  readonly schemeUri: string;
  readonly value: string;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readKind(reader: ByteReader): TrackKind {
  readVersionAndFlags(reader, 0);
  const [schemeUri, value = ''] = Buffer.from(reader.rest()).toString('utf8').split('\0');
  return { schemeUri, value };
}
