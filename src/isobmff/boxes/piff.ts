import type { ByteReader } from '../../bytes/reader.js';
import { bytesToUuid, uuidToBytes } from '../../bytes/uuid.js';
import { ByteWriter } from '../../bytes/writer.js';
import { box, fullBox, readVersionAndFlags } from './box.js';
import type { Pssh } from './pssh.js';
import type { Tenc } from './tenc.js';

/** Extended type of the PIFF 1.1 `uuid` box that is laid out as a version 0 `pssh`. */
export const PIFF_PSSH = 'd08a4f18-10f3-4a82-b6c8-32d8aba183d3';
/** Extended type of the PIFF 1.1 `uuid` box that is laid out as a `senc`. */
export const PIFF_SENC = 'a2394f52-5a9b-4f14-a244-6c427c648df4';
/** Extended type of the PIFF 1.1 `uuid` box that holds what `tenc` holds. */
export const PIFF_TENC = '8974dbce-7be7-4c51-84f9-7148f9882554';

/**
 * Reads the extended type that opens the payload of a `uuid` box (ISO/IEC 14496-12 4.2), as UUID text. The
 * reader then stands where `readPssh`, `readSenc` and `readPiffTenc` begin.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readExtendedType(reader: ByteReader): string {
  return bytesToUuid(reader.take(16));
}

/** The cipher that PIFF names in numbers where Common Encryption has a scheme fourcc: 0 none, 1 AES-CTR, 2 AES-CBC. */
export type PiffAlgorithmId = 0 | 1 | 2;

/**
 * Reads the three fields that PIFF repeats in its `tenc` and in `senc` boxes with flag 1 (PIFF 1.1 5.3.2, 5.3.3).
 * @throws PrpackError MALFORMED_INPUT
 */
export function readPiffDefaults(reader: ByteReader): {
  readonly algorithmId: PiffAlgorithmId;
  readonly ivSize: number;
  readonly kid: string;
} {
  const algorithmAt = reader.position;
  const algorithmId = reader.u24();
  if (algorithmId !== 0 && algorithmId !== 1 && algorithmId !== 2) {
    throw reader.fail('the PIFF algorithm is not 0, 1 or 2', algorithmAt, { received: algorithmId });
  }
  const ivSizeAt = reader.position;
  const ivSize = reader.u8();
  if (![0, 8, 16].includes(ivSize)) {
    throw reader.fail('the IV size is not 0, 8 or 16', ivSizeAt, { received: ivSize });
  }
  return { algorithmId, ivSize, kid: bytesToUuid(reader.take(16)) };
}

/**
 * Reads the PIFF track encryption box after its extended type, in the terms of `tenc`.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readPiffTenc(reader: ByteReader): {
  readonly algorithmId: PiffAlgorithmId;
  readonly tenc: Tenc;
} {
  readVersionAndFlags(reader, 0);
  const { algorithmId, ivSize, kid } = readPiffDefaults(reader);
  return {
    algorithmId,
    tenc: {
      defaultCryptByteBlock: 0,
      defaultSkipByteBlock: 0,
      defaultIsProtected: algorithmId !== 0,
      defaultPerSampleIvSize: ivSize,
      defaultKid: kid,
    },
  };
}

/** `schm` of PIFF 1.1: scheme_type and scheme_version (5.1). */
const PIFF_SCHEME = { type: 'piff', version: 0x00010001 } as const;

const AES_CTR: PiffAlgorithmId = 1;

/** The PIFF form of a whole `pssh` box of version 0 (PIFF 1.1 5.3.1). */
export function writePiffPssh({ systemId, data }: Pick<Pssh, 'systemId' | 'data'>): Uint8Array {
  const length = new ByteWriter(4).u32(data.length).finish();
  return box('uuid', uuidToBytes(PIFF_PSSH)!, VERSION_AND_FLAGS, uuidToBytes(systemId)!, length, data);
}

/**
 * A whole `sinf` as PIFF has it, with its track encryption box (PIFF 1.1 5.1, 5.3.3).
 * @param originalFormat the sample entry's type before it became `encv` or `enca`
 */
export function writePiffSinf(
  originalFormat: string,
  { defaultKid, defaultPerSampleIvSize }: Pick<Tenc, 'defaultKid' | 'defaultPerSampleIvSize'>,
): Uint8Array {
  const scheme = new ByteWriter(8).fourcc(PIFF_SCHEME.type).u32(PIFF_SCHEME.version).finish();
  const defaults = new ByteWriter(20).u24(AES_CTR).u8(defaultPerSampleIvSize).bytes(uuidToBytes(defaultKid)!);
  const tenc = box('uuid', uuidToBytes(PIFF_TENC)!, VERSION_AND_FLAGS, defaults.finish());
  return box(
    'sinf',
    box('frma', new ByteWriter(4).fourcc(originalFormat).finish()),
    fullBox('schm', 0, 0, scheme),
    box('schi', tenc),
  );
}

/**
 * The PIFF form of a whole `senc` box: all the same but for its type (PIFF 1.1 5.3.2).
 * @param senc as `writeSenc` makes it
 */
export function writePiffSenc(senc: Uint8Array): Uint8Array {
  return box('uuid', uuidToBytes(PIFF_SENC)!, senc.subarray(BOX_HEADER_BYTES));
}

const BOX_HEADER_BYTES = 8;
const VERSION_AND_FLAGS = new Uint8Array(4);
