import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';
import { readDuration, skipTimes } from './duration.js';
import { IDENTITY_MATRIX } from './matrix.js';

/** TrackHeaderBox (ISO/IEC 14496-12 8.3.2), as far as the program needs it. */
export interface Tkhd {
  readonly isEnabled: boolean;
  readonly trackId: number;
  /** In ticks of the movie's timescale; undefined when the box says that it is not known. */
  readonly durationTicks: bigint | undefined;
  /** Presentation size in pixels, from 16.16 fixed point; 0 for other than pictures. */
  readonly width: number;
  readonly height: number;
}

const TRACK_ENABLED = 1;
const TRACK_IN_MOVIE = 2;

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readTkhd(reader: ByteReader): Tkhd {
  const { version, flags } = readVersionAndFlags(reader, 1);
  skipTimes(reader, version);
  const trackIdAt = reader.position;
  const trackId = reader.u32();
  if (trackId === 0)
    throw reader.fail('the track id is 0', trackIdAt, { clause: 'ISO/IEC 14496-12 8.3.2.3' });
  reader.skip(4); // reserved
  const durationTicks = readDuration(reader, version);
  reader.skip(52); // reserved, layer, alternate_group, volume, reserved, matrix
  const [width, height] = [reader.u32() / 0x10000, reader.u32() / 0x10000];
  return { isEnabled: (flags & TRACK_ENABLED) !== 0, trackId, durationTicks, width, height };
}

/** The whole box of a track without sound. An unknown duration is 0: it is in fragments. */
export function writeTkhd({ isEnabled, trackId, durationTicks = 0n, width, height }: Tkhd): Uint8Array {
  const payload = new ByteWriter(80)
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(trackId)
    .u32(0) // reserved
    .u32(Number(durationTicks))
    .bytes(new Uint8Array(16)) // reserved, layer, alternate_group, volume, reserved
    .bytes(IDENTITY_MATRIX)
    .u32(width * 0x10000)
    .u32(height * 0x10000);
  return fullBox('tkhd', 0, (isEnabled ? TRACK_ENABLED : 0) | TRACK_IN_MOVIE, payload.finish());
}
