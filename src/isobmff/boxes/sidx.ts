import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, payloadOf, readVersionAndFlags } from './box.js';

/** SegmentIndexBox (ISO/IEC 14496-12 8.16.3). */
export interface Sidx {
  /** 0: times and first offset in 32 bits; 1: in 64. */
  readonly version: 0 | 1;
  readonly referenceId: number;
  readonly timescaleHz: number;
  readonly earliestPresentationTime: bigint;
  /** Bytes from the end of this box to the first referenced byte. */
  readonly firstOffset: number;
  readonly references: readonly SidxReference[];
}

export interface SidxReference {
  /** 1: to another `sidx`; 0: to media, that is one or several `moof` with their `mdat`. */
  readonly referenceType: 0 | 1;
  /** Bytes; references follow one another without gaps. */
  readonly referencedSize: number;
  /** In ticks of the index's timescale. */
  readonly subsegmentDuration: number;
  readonly startsWithSap: boolean;
  readonly sapType: number;
  readonly sapDeltaTime: number;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSidx(reader: ByteReader): Sidx {
  const version = readVersionAndFlags(reader, 1).version === 0 ? 0 : 1;
  const head = {
    version,
    referenceId: reader.u32(),
    timescaleHz: reader.u32(),
    earliestPresentationTime: version === 0 ? BigInt(reader.u32()) : reader.u64(),
    firstOffset: version === 0 ? reader.u32() : reader.offset64(),
  } as const;
  reader.skip(2); // reserved
  const referenceCount = reader.u16();
  reader.assertEntries(referenceCount, 12);
  return { ...head, references: Array.from({ length: referenceCount }, () => readReference(reader)) };
}

function readReference(reader: ByteReader): SidxReference {
  const typeAndSize = reader.u32();
  const subsegmentDuration = reader.u32();
  const sap = reader.u32();
  return {
    referenceType: typeAndSize >>> 31 === 0 ? 0 : 1,
    referencedSize: typeAndSize & 0x7fffffff,
    subsegmentDuration,
    startsWithSap: sap >>> 31 === 1,
    sapType: (sap >>> 28) & 7,
    sapDeltaTime: sap & 0x0fffffff,
  };
}

/**
 * The whole box.
 * @throws RangeError when a field does not fit, such as a reference of 2 GiB or more
 */
export function writeSidx(sidx: Sidx): Uint8Array {
  const payload = new ByteWriter(sizeOfSidx(sidx.version, sidx.references.length));
  payload.u32(sidx.referenceId).u32(sidx.timescaleHz);
  if (sidx.version === 0) payload.u32(Number(sidx.earliestPresentationTime)).u32(sidx.firstOffset);
  else payload.u64(sidx.earliestPresentationTime).u64(sidx.firstOffset);
  payload.u16(0).u16(sidx.references.length);
  for (const reference of sidx.references) {
    payload
      .u32(bits(reference.referenceType, 1) * 2 ** 31 + bits(reference.referencedSize, 31))
      .u32(reference.subsegmentDuration)
      .u32(
        (reference.startsWithSap ? 2 ** 31 : 0) +
          bits(reference.sapType, 3) * 2 ** 28 +
          bits(reference.sapDeltaTime, 28),
      );
  }
  return fullBox('sidx', sidx.version, 0, payload.finish());
}

/** What of an index changes when the media that it refers to does. */
export type SidxSizes = Pick<Sidx, 'firstOffset'> & { readonly referencedSizes: readonly number[] };

/**
 * A copy of a whole box with another first offset and other sizes, as many as it has; all other bytes are kept.
 * @throws RangeError when one does not fit its field
 */
export function patchSidx(boxBytes: Uint8Array, { firstOffset, referencedSizes }: SidxSizes): Uint8Array {
  const copy = boxBytes.slice();
  const view = new DataView(copy.buffer);
  const { startBytes } = payloadOf(boxBytes);
  const isWide = copy[startBytes] === 1; // version
  const offsetAt = startBytes + 12 + (isWide ? 8 : 4);
  if (isWide) view.setBigUint64(offsetAt, BigInt(bits(firstOffset, 53)));
  else view.setUint32(offsetAt, bits(firstOffset, 32));
  let at = offsetAt + (isWide ? 8 : 4) + 4; // reserved, reference_count
  for (const size of referencedSizes) {
    view.setUint32(at, (view.getUint32(at) >>> 31) * 2 ** 31 + bits(size, 31));
    at += 12;
  }
  return copy;
}

/** Bytes that `writeSidx` makes. */
export function sizeOfSidx(version: 0 | 1, referenceCount: number): number {
  return (version === 0 ? 32 : 40) + 12 * referenceCount;
}

function bits(value: number, count: number): number {
  if (!(Number.isInteger(value) && value >= 0 && value < 2 ** count)) {
    throw new RangeError(`${value} does not fit ${count} bits`);
  }
  return value;
}
