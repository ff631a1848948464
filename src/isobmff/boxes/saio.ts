import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { type AuxInfoKind, readAuxInfoKind, writeAuxInfoKind } from './aux-info.js';
import { fullBox, payloadOf, readVersionAndFlags } from './box.js';

/** SampleAuxiliaryInformationOffsetsBox (ISO/IEC 14496-12 8.7.9). */
export interface Saio extends AuxInfoKind {
  /**
   * Where the auxiliary information starts: one offset for all of it, or one a chunk or track run. Absolute in
   * `stbl`; in `traf` relative to the base of the fragment (the `moof` start under default-base-is-moof).
   */
  readonly offsets: readonly number[];
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSaio(reader: ByteReader): Saio {
  const { version, flags } = readVersionAndFlags(reader, 1);
  const kind = readAuxInfoKind(reader, flags);
  const entryCount = reader.u32();
  reader.assertEntries(entryCount, version === 0 ? 4 : 8);
  const offsets = Array.from({ length: entryCount }, () =>
    version === 0 ? reader.u32() : reader.offset64(),
  );
  return { ...kind, offsets };
}

/** The whole box: version 0 until an offset needs more than 32 bits, as some consumers refuse a needless version 1. */
export function writeSaio(saio: Saio): Uint8Array {
  const kind = writeAuxInfoKind(saio);
  const version = versionFor(maximum(saio.offsets));
  const payload = new ByteWriter(sizeOfSaio(saio.offsets.length, maximum(saio.offsets), saio));
  payload.u32(saio.offsets.length);
  for (const offset of saio.offsets) version === 0 ? payload.u32(offset) : payload.u64(offset);
  return fullBox('saio', version, kind.flags, kind.bytes, payload.finish());
}

/** Where the offset stands in a `saio` that `writeSaio` made of one that fits 32 bits, counted from the start of the box. */
export const SAIO_OFFSET_BYTES = 16;

/** Bytes that `writeSaio` makes of so many offsets, the largest of which is `maxOffset`. */
export function sizeOfSaio(offsetCount: number, maxOffset: number, kind: AuxInfoKind = {}): number {
  const entryBytes = versionFor(maxOffset) === 0 ? 4 : 8;
  return 16 + (kind.auxInfoType === undefined ? 0 : 8) + offsetCount * entryBytes;
}

/**
 * A copy of a whole box with every offset sent through `map`; all other bytes are kept, unless version 1 is needed.
 * @throws PrpackError MALFORMED_INPUT
 */
export function patchSaio(boxBytes: Uint8Array, map: (offset: number) => number): Uint8Array {
  const { reader, startBytes } = payloadOf(boxBytes);
  const isWide = boxBytes[startBytes] === 1; // version
  const saio = readSaio(reader);
  const offsets = saio.offsets.map(map);
  if (!isWide && versionFor(maximum(offsets)) === 1) return writeSaio({ ...saio, offsets });
  const copy = boxBytes.slice();
  const view = new DataView(copy.buffer);
  let at = startBytes + reader.position - offsets.length * (isWide ? 8 : 4);
  for (const offset of offsets) {
    if (isWide) view.setBigUint64(at, BigInt(offset));
    else view.setUint32(at, offset);
    at += isWide ? 8 : 4;
  }
  return copy;
}

function versionFor(maxOffset: number): 0 | 1 {
  return maxOffset > 0xffffffff ? 1 : 0;
}

function maximum(offsets: readonly number[]): number {
  let max = 0;
  for (const offset of offsets) if (offset > max) max = offset;
  return max;
}
