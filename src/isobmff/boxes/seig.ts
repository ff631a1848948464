import type { ByteReader } from '../../bytes/reader.js';
import { bytesToUuid, uuidToBytes } from '../../bytes/uuid.js';
import { ByteWriter } from '../../bytes/writer.js';
import { EXTENDED_PATTERN, fourthEditionProblem, SEVERAL_KEYS } from './fourth-edition.js';

/** CencSampleEncryptionInformationGroupEntry (ISO/IEC 23001-7 6): the protection of a group of samples, instead of `tenc`. */
export interface Seig {
  readonly cryptByteBlock: number;
  readonly skipByteBlock: number;
  readonly isProtected: boolean;
  /** 0 (constant IV), 8 or 16 bytes. */
  readonly perSampleIvSize: number;
  /** KID in UUID text form. */
  readonly kid: string;
  /** Present when the samples are protected and the per-sample IV size is 0: 8 or 16 bytes. */
  readonly constantIv?: Uint8Array;
}

/** 23001-7:2023 6 gives these reserved bits a meaning that changes all that follows. */
const MULTI_KEY_FLAG = 0x80;
const EXTENDED_PATTERN_FLAG = 0x40;

/**
 * Reads one entry of an `sgpd` of grouping type `seig`.
 * @throws PrpackError MALFORMED_INPUT; UNSUPPORTED_FEATURE for several keys in a sample and extended patterns
 */
export function readSeig(reader: ByteReader): Seig {
  const firstAt = reader.position;
  const reserved = reader.u8();
  if (reserved & MULTI_KEY_FLAG) throw fourthEditionProblem(reader, SEVERAL_KEYS, firstAt);
  if (reserved & EXTENDED_PATTERN_FLAG) throw fourthEditionProblem(reader, EXTENDED_PATTERN, firstAt);
  const pattern = reader.u8();
  const isProtected = reader.u8() !== 0;
  const perSampleIvSize = ivSize(reader, [0, 8, 16]);
  const seig: Seig = {
    cryptByteBlock: pattern >> 4,
    skipByteBlock: pattern & 0xf,
    isProtected,
    perSampleIvSize,
    kid: bytesToUuid(reader.take(16)),
  };
  if (!(isProtected && perSampleIvSize === 0)) return seig;
  return { ...seig, constantIv: reader.take(ivSize(reader, [8, 16])).slice() };
}

function ivSize(reader: ByteReader, allowed: readonly number[]): number {
  const at = reader.position;
  const size = reader.u8();
  if (allowed.includes(size)) return size;
  throw reader.fail(`the IV size is not ${allowed.join(', ')}`, at, {
    received: size,
    clause: 'ISO/IEC 23001-7 9.1',
  });
}

/** The bytes of one entry. */
export function writeSeig(seig: Seig): Uint8Array {
  const entry = new ByteWriter(37)
    .u8(0)
    .u8((seig.cryptByteBlock << 4) | seig.skipByteBlock)
    .u8(seig.isProtected ? 1 : 0)
    .u8(seig.perSampleIvSize)
    .bytes(uuidToBytes(seig.kid)!);
  if (seig.constantIv) entry.u8(seig.constantIv.length).bytes(seig.constantIv);
  return entry.finish();
}
