import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';
import { readDuration, skipTimes } from './duration.js';

/** MovieHeaderBox (ISO/IEC 14496-12 8.2.2), as far as the program needs it. */
export interface Mvhd {
  readonly timescaleHz: number;
  /** Undefined when the box says that it is not known. */
  readonly durationTicks: bigint | undefined;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readMvhd(reader: ByteReader): Mvhd {
  const { version } = readVersionAndFlags(reader, 1);
  skipTimes(reader, version);
  const timescaleAt = reader.position;
  const timescaleHz = reader.u32();
  if (timescaleHz === 0) {
    throw reader.fail('the timescale is 0', timescaleAt, { clause: 'ISO/IEC 14496-12 8.2.2.3' });
  }
  const durationTicks = readDuration(reader, version);
  reader.skip(80); // rate to next_track_ID
  return { timescaleHz, durationTicks };
}
