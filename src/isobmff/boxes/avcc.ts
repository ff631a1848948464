import type { ByteReader } from '../../bytes/reader.js';

/** AVCConfigurationBox, as far as the parameter sets (ISO/IEC 14496-15 5.3.3.1). */
export interface AvcC {
  /** Bytes of the length before each NAL unit of a sample: 1, 2 or 4. */
  readonly nalLengthBytes: number;
  /** Whole NAL units. */
  readonly sequenceParameterSets: readonly Uint8Array[];
  readonly pictureParameterSets: readonly Uint8Array[];
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readAvcC(reader: ByteReader): AvcC {
  reader.skip(4); // configurationVersion, profile, compatibility, level
  const nalLengthBytes = (reader.u8() & 3) + 1;
  const sequenceParameterSets = readNalUnits(reader, reader.u8() & 0x1f);
  return { nalLengthBytes, sequenceParameterSets, pictureParameterSets: readNalUnits(reader, reader.u8()) };
}

/** NAL units, each after its length in 16 bits. */
export function readNalUnits(reader: ByteReader, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => reader.take(reader.u16()).slice());
}
