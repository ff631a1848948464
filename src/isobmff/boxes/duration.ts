import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, payloadOf, readVersionAndFlags } from './box.js';

/** A duration of all ones says that it is not known (ISO/IEC 14496-12 8.2.2.3, 8.3.2.3, 8.4.2.3). */
const UNKNOWN = { 32: 0xffffffffn, 64: 0xffffffffffffffffn };

/** Reads the duration of `mvhd`, `tkhd` or `mdhd`, in 32 bits in version 0 and 64 in version 1; undefined when it is not known. */
export function readDuration(reader: ByteReader, version: number): bigint | undefined {
  const duration = version === 0 ? BigInt(reader.u32()) : reader.u64();
  return duration === (version === 0 ? UNKNOWN[32] : UNKNOWN[64]) ? undefined : duration;
}

/** Skips creation_time and modification_time, which come first in the three headers. */
export function skipTimes(reader: ByteReader, version: number): void {
  reader.skip(version === 0 ? 8 : 16);
}

/** Bytes between the times and the duration: timescale; in `tkhd` track_ID and a reserved word. */
const BETWEEN_BYTES = { mvhd: 4, tkhd: 8, mdhd: 4 };

/**
 * A copy of a whole `mvhd`, `tkhd` or `mdhd` with another duration, all other bytes kept. A version 0 box whose new
 * duration needs more than 32 bits becomes version 1, which is 12 bytes longer.
 * @param durationTicks in the box's own timescale (`tkhd`: the movie's)
 * @throws PrpackError MALFORMED_INPUT
 */
export function withDuration(
  type: keyof typeof BETWEEN_BYTES,
  boxBytes: Uint8Array,
  durationTicks: bigint,
): Uint8Array {
  const { reader, startBytes } = payloadOf(boxBytes);
  const { version, flags } = readVersionAndFlags(reader, 1);
  const timesAt = reader.position;
  skipTimes(reader, version);
  const between = reader.take(BETWEEN_BYTES[type]);
  const durationAt = reader.position;
  readDuration(reader, version);
  if (version === 1 || durationTicks < UNKNOWN[32]) {
    const duration =
      version === 1 ? new ByteWriter(8).u64(durationTicks) : new ByteWriter(4).u32(Number(durationTicks));
    const copy = boxBytes.slice();
    copy.set(duration.finish(), startBytes + durationAt);
    return copy;
  }
  const rest = reader.rest();
  reader.position = timesAt;
  const wide = new ByteWriter(32).u64(reader.u32()).u64(reader.u32()).bytes(between).u64(durationTicks);
  return fullBox(type, 1, flags, wide.finish(), rest);
}

/** A copy of a whole `mdhd` with another timescale, all other bytes kept. */
export function withTimescale(boxBytes: Uint8Array, timescaleHz: number): Uint8Array {
  const { reader, startBytes } = payloadOf(boxBytes);
  skipTimes(reader, readVersionAndFlags(reader, 1).version);
  const copy = boxBytes.slice();
  copy.set(new ByteWriter(4).u32(timescaleHz).finish(), startBytes + reader.position);
  return copy;
}
