import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';
import { readDuration, skipTimes } from './duration.js';
import { IDENTITY_MATRIX } from './matrix.js';

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

/** The whole box of a movie of one track, numbered 1, at normal speed and volume. An unknown duration is 0: it is in fragments. */
export function writeMvhd({ timescaleHz, durationTicks = 0n }: Mvhd): Uint8Array {
  const payload = new ByteWriter(96)
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(timescaleHz)
    .u32(Number(durationTicks))
    .u32(0x10000) // rate
    .u16(0x100) // volume
    .bytes(new Uint8Array(10)) // reserved
    .bytes(IDENTITY_MATRIX)
    .bytes(new Uint8Array(24)) // pre_defined
    .u32(2); // next_track_ID
  return fullBox('mvhd', 0, 0, payload.finish());
}
