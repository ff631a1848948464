import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** TrackExtendsBox (ISO/IEC 14496-12 8.8.3). */
export interface Trex {
  readonly trackId: number;
  readonly defaultSampleDescriptionIndex: number;
  readonly defaultSampleDuration: number;
  readonly defaultSampleSize: number;
  readonly defaultSampleFlags: number;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readTrex(reader: ByteReader): Trex {
  readVersionAndFlags(reader, 0);
  return {
    trackId: reader.u32(),
    defaultSampleDescriptionIndex: reader.u32(),
    defaultSampleDuration: reader.u32(),
    defaultSampleSize: reader.u32(),
    defaultSampleFlags: reader.u32(),
  };
}

/** The whole box. */
export function writeTrex(trex: Trex): Uint8Array {
  const payload = new ByteWriter(20)
    .u32(trex.trackId)
    .u32(trex.defaultSampleDescriptionIndex)
    .u32(trex.defaultSampleDuration)
    .u32(trex.defaultSampleSize)
    .u32(trex.defaultSampleFlags);
  return fullBox('trex', 0, 0, payload.finish());
}
