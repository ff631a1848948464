import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { box } from './box.js';

/** FileTypeBox (ISO/IEC 14496-12 4.3); SegmentTypeBox is laid out alike. */
export interface Ftyp {
  readonly majorBrand: string;
  readonly minorVersion: number;
  readonly compatibleBrands: readonly string[];
}

/**
 * Reads the payload after the box header. Up to three bytes after the last whole brand are ignored.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readFtyp(reader: ByteReader): Ftyp {
  const majorBrand = reader.fourcc();
  const minorVersion = reader.u32();
  const brandCount = Math.floor(reader.remaining / 4);
  const compatibleBrands = Array.from({ length: brandCount }, () => reader.fourcc());
  return { majorBrand, minorVersion, compatibleBrands };
}

/** The whole box. */
export function writeFtyp(ftyp: Ftyp): Uint8Array {
  return box('ftyp', payloadOf(ftyp));
}

/** SegmentTypeBox (ISO/IEC 14496-12 8.16.2), the whole box. */
export function writeStyp(styp: Ftyp): Uint8Array {
  return box('styp', payloadOf(styp));
}

function payloadOf({ majorBrand, minorVersion, compatibleBrands }: Ftyp): Uint8Array {
  const payload = new ByteWriter().fourcc(majorBrand).u32(minorVersion);
  for (const brand of compatibleBrands) payload.fourcc(brand);
  return payload.finish();
}
