import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** EditListBox (ISO/IEC 14496-12 8.6.6), one typed array a field. */
export interface Elst {
  /** In ticks of the movie's timescale. */
  readonly segmentDurations: BigUint64Array;
  /** In ticks of the track's timescale; -1 is an empty edit. */
  readonly mediaTimes: BigInt64Array;
  readonly mediaRateIntegers: Int16Array;
  readonly mediaRateFractions: Int16Array;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readElst(reader: ByteReader): Elst {
  const isWide = readVersionAndFlags(reader, 1).version === 1;
  const entryCount = reader.u32();
  reader.assertEntries(entryCount, isWide ? 20 : 12);
  const segmentDurations = new BigUint64Array(entryCount);
  const mediaTimes = new BigInt64Array(entryCount);
  const mediaRateIntegers = new Int16Array(entryCount);
  const mediaRateFractions = new Int16Array(entryCount);
  for (let entry = 0; entry < entryCount; entry++) {
    segmentDurations[entry] = isWide ? reader.u64() : BigInt(reader.u32());
    mediaTimes[entry] = isWide ? reader.i64() : BigInt(reader.i32());
    mediaRateIntegers[entry] = reader.i16();
    mediaRateFractions[entry] = reader.i16();
  }
  return { segmentDurations, mediaTimes, mediaRateIntegers, mediaRateFractions };
}

/** The whole box with one edit at normal speed: version 0 until the media time needs more than 31 bits. */
export function writeOneEdit(segmentDuration: bigint, mediaTime: bigint): Uint8Array {
  const isWide = segmentDuration > 0xffffffffn || mediaTime > 0x7fffffffn;
  const payload = new ByteWriter(24).u32(1);
  if (isWide) payload.u64(segmentDuration).u64(mediaTime);
  else payload.u32(Number(segmentDuration)).u32(Number(mediaTime));
  return fullBox('elst', isWide ? 1 : 0, 0, payload.u16(1).u16(0).finish());
}
