import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** TrackFragmentBaseMediaDecodeTimeBox (ISO/IEC 14496-12 8.8.12). */
export interface Tfdt {
  /** Sum of the durations of all earlier samples, in ticks of the track's timescale. */
  readonly baseMediaDecodeTime: bigint;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readTfdt(reader: ByteReader): Tfdt {
  const { version } = readVersionAndFlags(reader, 1);
  return { baseMediaDecodeTime: version === 0 ? BigInt(reader.u32()) : reader.u64() };
}

/** The whole box, always version 1: its size does not depend on the time. */
export function writeTfdt(tfdt: Tfdt): Uint8Array {
  return fullBox('tfdt', 1, 0, new ByteWriter(8).u64(tfdt.baseMediaDecodeTime).finish());
}

/** Bytes that `writeTfdt` makes. */
export const TFDT_SIZE_BYTES = 20;
