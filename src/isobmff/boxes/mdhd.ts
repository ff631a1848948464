import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';
import { readDuration, skipTimes } from './duration.js';

/** MediaHeaderBox (ISO/IEC 14496-12 8.4.2). */
export interface Mdhd {
  readonly timescaleHz: number;
  /** Undefined when the box says that it is not known. */
  readonly durationTicks: bigint | undefined;
  /** ISO 639-2/T code; `und` also for QuickTime's numbered languages. */
  readonly language: string;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readMdhd(reader: ByteReader): Mdhd {
  const { version } = readVersionAndFlags(reader, 1);
  skipTimes(reader, version);
  const timescaleAt = reader.position;
  const timescaleHz = reader.u32();
  if (timescaleHz === 0) {
    throw reader.fail('the timescale is 0', timescaleAt, { clause: 'ISO/IEC 14496-12 8.4.2.3' });
  }
  const durationTicks = readDuration(reader, version);
  const language = languageOf(reader.u16());
  reader.skip(2); // pre_defined
  return { timescaleHz, durationTicks, language };
}

/** Three letters of 5 bits each, counted from the character before `a` (8.4.2.3). */
function languageOf(packed: number): string {
  const letters = [10, 5, 0].map((shift) => ((packed >> shift) & 0x1f) + 0x60);
  return letters.every((letter) => letter >= 0x61 && letter <= 0x7a)
    ? String.fromCharCode(...letters)
    : 'und';
}
