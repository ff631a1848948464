import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';

/** The optional head that `saiz` and `saio` share (ISO/IEC 14496-12 8.7.8, 8.7.9). Absent, it is the scheme of the track. */
export interface AuxInfoKind {
  /** A scheme fourcc such as `cenc`. */
  readonly auxInfoType?: string;
  readonly auxInfoTypeParameter?: number;
}

/** Schemes whose auxiliary information is IVs and subsamples (ISO/IEC 23001-7 7.1). */
export const CENC_SCHEMES: ReadonlySet<string> = new Set(['cenc', 'cbcs', 'cens', 'cbc1', 'piff']);

const HAS_AUX_INFO_TYPE = 1;

export function readAuxInfoKind(reader: ByteReader, flags: number): AuxInfoKind {
  if (!(flags & HAS_AUX_INFO_TYPE)) return {};
  return { auxInfoType: reader.fourcc(), auxInfoTypeParameter: reader.u32() };
}

/** Flags and bytes of the head. */
export function writeAuxInfoKind(kind: AuxInfoKind): { readonly flags: number; readonly bytes: Uint8Array } {
  if (kind.auxInfoType === undefined) return { flags: 0, bytes: new Uint8Array() };
  const bytes = new ByteWriter(8).fourcc(kind.auxInfoType).u32(kind.auxInfoTypeParameter ?? 0);
  return { flags: HAS_AUX_INFO_TYPE, bytes: bytes.finish() };
}
