import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';

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
  reader.expectEntries(entryCount, isWide ? 20 : 12);
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
