import type { ByteReader } from '../../bytes/reader.js';
import { bytesToUuid, uuidToBytes } from '../../bytes/uuid.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox } from './box.js';
import { EXTENDED_PATTERN, fourthEditionProblem } from './fourth-edition.js';

/** TrackEncryptionBox (ISO/IEC 23001-7 8.2): the defaults of a protected track. */
export interface Tenc {
  /** Blocks encrypted, then skipped, of each pattern; both 0 without a pattern (version 0). */
  readonly defaultCryptByteBlock: number;
  readonly defaultSkipByteBlock: number;
  readonly defaultIsProtected: boolean;
  /** 0 (constant IV), 8 or 16 bytes. */
  readonly defaultPerSampleIvSize: number;
  /** KID in UUID text form. */
  readonly defaultKid: string;
  /** Present when the per-sample IV size is 0: 8 or 16 bytes. */
  readonly defaultConstantIv?: Uint8Array;
  /** Only of a box that was read: version 0 with something in the byte of the pattern, which is reserved there. */
  readonly hasReservedPattern?: true;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT; UNSUPPORTED_FEATURE for a version above 1
 */
export function readTenc(reader: ByteReader): Tenc {
  const version = reader.u8();
  if (version > 1) throw fourthEditionProblem(reader, `version ${version}, for ${EXTENDED_PATTERN},`, 0);
  reader.skip(3); // flags
  reader.skip(1); // reserved
  const pattern = reader.u8(); // reserved in version 0
  const isProtected = reader.u8();
  const ivSizeAt = reader.position;
  const defaultPerSampleIvSize = reader.u8();
  if (![0, 8, 16].includes(defaultPerSampleIvSize)) {
    throw reader.fail('the per-sample IV size is not 0, 8 or 16', ivSizeAt, {
      received: defaultPerSampleIvSize,
      clause: 'ISO/IEC 23001-7 9.1',
    });
  }
  const tenc: Tenc = {
    defaultCryptByteBlock: version > 0 ? pattern >> 4 : 0,
    defaultSkipByteBlock: version > 0 ? pattern & 0xf : 0,
    defaultIsProtected: isProtected !== 0,
    defaultPerSampleIvSize,
    defaultKid: bytesToUuid(reader.take(16)),
    ...(version === 0 && pattern !== 0 && { hasReservedPattern: true }),
  };
  if (!(tenc.defaultIsProtected && defaultPerSampleIvSize === 0)) return tenc;
  const constantIvSizeAt = reader.position;
  const constantIvSize = reader.u8();
  if (![8, 16].includes(constantIvSize)) {
    throw reader.fail('the constant IV size is not 8 or 16', constantIvSizeAt, {
      received: constantIvSize,
      clause: 'ISO/IEC 23001-7 9.1',
    });
  }
  return { ...tenc, defaultConstantIv: reader.take(constantIvSize).slice() };
}

/**
 * The whole box.
 * @param version 1 for schemes that know patterns, also where a track has none
 */
export function writeTenc(tenc: Tenc, version: 0 | 1): Uint8Array {
  const payload = new ByteWriter(37)
    .u8(0)
    .u8((tenc.defaultCryptByteBlock << 4) | tenc.defaultSkipByteBlock)
    .u8(tenc.defaultIsProtected ? 1 : 0)
    .u8(tenc.defaultPerSampleIvSize)
    .bytes(uuidToBytes(tenc.defaultKid)!);
  if (tenc.defaultConstantIv) payload.u8(tenc.defaultConstantIv.length).bytes(tenc.defaultConstantIv);
  return fullBox('tenc', version, 0, payload.finish());
}
