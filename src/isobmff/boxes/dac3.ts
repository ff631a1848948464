import type { ByteReader } from '../../bytes/reader.js';

/** Speakers of an AC-3 stream (ETSI TS 102 366 F.4). */
export interface Dac3 {
  /** Audio coding mode: which of the front and surround channels there are. */
  readonly acmod: number;
  readonly lfeon: boolean;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readDac3(reader: ByteReader): Dac3 {
  const head = reader.u16(); // fscod 2, bsid 5, bsmod 3, acmod 3, lfeon 1, and the first two bits of bit_rate_code
  reader.u8();
  return { acmod: (head >> 3) & 7, lfeon: ((head >> 2) & 1) === 1 };
}
