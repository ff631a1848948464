import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** MovieExtendsHeaderBox (ISO/IEC 14496-12 8.8.2). */
export interface Mehd {
  /** Length of the whole movie with its fragments, in ticks of the movie's timescale. */
  readonly fragmentDuration: bigint;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readMehd(reader: ByteReader): Mehd {
  const { version } = readVersionAndFlags(reader, 1);
  return { fragmentDuration: version === 0 ? BigInt(reader.u32()) : reader.u64() };
}

/** The whole box: version 0 until the duration needs more than 32 bits. */
export function writeMehd(mehd: Mehd): Uint8Array {
  const { fragmentDuration } = mehd;
  if (fragmentDuration > 0xffffffffn) {
    return fullBox('mehd', 1, 0, new ByteWriter(8).u64(fragmentDuration).finish());
  }
  return fullBox('mehd', 0, 0, new ByteWriter(4).u32(Number(fragmentDuration)).finish());
}
