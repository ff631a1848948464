import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { type AuxInfoKind, readAuxInfoKind, writeAuxInfoKind } from './aux-info.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** SampleAuxiliaryInformationSizesBox (ISO/IEC 14496-12 8.7.8). */
export interface Saiz extends AuxInfoKind {
  /** Bytes a sample, or 0 when `sizes` lists them one by one. */
  readonly defaultSampleInfoSize: number;
  /** Not backed by bytes when there is a default size: compare it with the samples before looping over it. */
  readonly sampleCount: number;
  /** Present when the default is 0: bytes of each sample's information. */
  readonly sizes?: Uint8Array;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSaiz(reader: ByteReader): Saiz {
  const { flags } = readVersionAndFlags(reader, 0);
  const kind = readAuxInfoKind(reader, flags);
  const defaultSampleInfoSize = reader.u8();
  const sampleCount = reader.u32();
  if (defaultSampleInfoSize !== 0) return { ...kind, defaultSampleInfoSize, sampleCount };
  return { ...kind, defaultSampleInfoSize, sampleCount, sizes: reader.take(sampleCount).slice() };
}

/** The whole box. */
export function writeSaiz(saiz: Saiz): Uint8Array {
  const kind = writeAuxInfoKind(saiz);
  const counts = new ByteWriter(5).u8(saiz.defaultSampleInfoSize).u32(saiz.sampleCount).finish();
  const sizes = saiz.defaultSampleInfoSize === 0 ? saiz.sizes! : new Uint8Array();
  return fullBox('saiz', 0, kind.flags, kind.bytes, counts, sizes);
}

/** A `saiz` for these sizes, in the short form when they are all the same. */
export function saizOf(sizes: Uint8Array): Saiz {
  const sampleCount = sizes.length;
  if (sampleCount > 0 && sizes.every((size) => size === sizes[0])) {
    return sizes[0] === 0
      ? { defaultSampleInfoSize: 0, sampleCount, sizes }
      : { defaultSampleInfoSize: sizes[0], sampleCount };
  }
  return { defaultSampleInfoSize: 0, sampleCount, sizes };
}

/** Bytes that `writeSaiz` makes of it. */
export function sizeOfSaiz(saiz: Saiz): number {
  return 17 + (saiz.auxInfoType === undefined ? 0 : 8) + (saiz.sizes?.length ?? 0);
}
