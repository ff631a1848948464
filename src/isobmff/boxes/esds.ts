import type { ByteReader } from '../../bytes/reader.js';

/** The part of an ES descriptor that names the codec (ISO/IEC 14496-14 6.7.2, ISO/IEC 14496-1 7.2.6). */
export interface Esds {
  /** ISO/IEC 14496-1 7.2.6.6: 0x20 is MPEG-4 video, 0x40 AAC, 0x6c JPEG, … */
  readonly objectTypeIndication: number;
}

const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG_DESCRIPTOR = 0x04;
const DECODER_SPECIFIC_INFO = 0x05;

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readEsds(reader: ByteReader): Esds {
  reader.skip(4); // version, flags
  passDescriptor(reader, ES_DESCRIPTOR);
  reader.skip(2); // ES_ID
  const flags = reader.u8();
  if (flags & 0x80) reader.skip(2); // dependsOn_ES_ID
  if (flags & 0x40) reader.skip(reader.u8()); // URLstring
  if (flags & 0x20) reader.skip(2); // OCR_ES_Id
  passDescriptor(reader, DECODER_CONFIG_DESCRIPTOR);
  return { objectTypeIndication: reader.u8() };
}

/**
 * Reads on to the DecoderSpecificInfo: of AAC, its AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1).
 * @param reader over the payload after the box header
 * @throws PrpackError MALFORMED_INPUT where there is none
 */
export function readDecoderSpecificInfo(reader: ByteReader): Uint8Array {
  readEsds(reader);
  reader.skip(12); // streamType, bufferSizeDB, maxBitrate, avgBitrate
  return reader.take(passDescriptor(reader, DECODER_SPECIFIC_INFO)).slice();
}

/**
 * Passes the tag and the size of a descriptor (ISO/IEC 14496-1 8.3.3: seven bits a byte, at most four bytes).
 * @returns the size
 * @throws PrpackError MALFORMED_INPUT when it is another descriptor
 */
export function passDescriptor(reader: ByteReader, tag: number): number {
  const at = reader.position;
  const found = reader.u8();
  if (found !== tag) {
    throw reader.fail('another descriptor is expected', at, {
      expected: tag,
      received: found,
      clause: 'ISO/IEC 14496-1 7.2.6',
    });
  }
  let sizeBytes = 0;
  for (let i = 0; i < 4; i++) {
    const byte = reader.u8();
    sizeBytes = sizeBytes * 0x80 + (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return sizeBytes;
}
