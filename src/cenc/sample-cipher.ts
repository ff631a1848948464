import { PrpackError } from '../errors.js';
import { type Aes, aesMaker, type Direction } from './aes.js';
import { CbcSampleCipher } from './cbc-cipher.js';
import { CtrSampleCipher } from './ctr-cipher.js';
import { hasPattern, type Pattern, type Scheme } from './scheme.js';
import type { SubsampleTable } from './subsamples.js';

/** Some bytes of one sample, in memory. */
export interface SampleBytes {
  /** Memory that holds the part, changed in place. */
  readonly bytes: Uint8Array;
  /** Where in `bytes` the part starts. */
  readonly at: number;
  /** The part is bytes [fromByte, toByte) of the sample. */
  readonly fromByte: number;
  readonly toByte: number;
  /** Of the whole sample. */
  readonly sizeBytes: number;
}

/**
 * Encrypts or decrypts samples in place, under one key. In CTR mode any part of a sample can be done alone, in any
 * order; in CBC mode a sample is done whole. It may put small work off: the bytes are changed for certain only after {@link flush}, and must not
 * be moved or read before.
 */
export interface SampleCipher {
  /**
   * @param part is read before the call returns and may be reused; its `bytes` may not, until flushed
   * @param iv 8 or 16 bytes, read before the call returns
   * @param subsamples the track's subsamples; without them the whole sample is protected
   * @param sampleIndex the sample's row in `subsamples`
   */
  process(part: SampleBytes, iv: Uint8Array, subsamples?: SubsampleTable, sampleIndex?: number): void;
  /** Carries out all work put off. */
  flush(): void;
}

type CipherOfAes = (aes: Aes, scheme: Scheme, pattern: Pattern, direction: Direction) => SampleCipher;

/** One row a cipher mode. */
const CIPHERS: Record<Scheme['cipherMode'], CipherOfAes> = {
  ctr: (aes, scheme, pattern) => new CtrSampleCipher(aes, hasPattern(scheme) ? pattern : undefined),
  cbc: (aes, scheme, pattern, direction) => new CbcSampleCipher(aes, scheme, pattern, direction),
};

/**
 * What makes the cipher of a key.
 * @param pattern of the track; ignored by schemes that know none
 * @returns throws PrpackError KEY_INVALID unless the content key has 16 bytes; they are held as long as the cipher lives
 */
export async function sampleCipherMaker(
  scheme: Scheme,
  pattern: Pattern,
  direction: Direction,
): Promise<(key: Uint8Array) => SampleCipher> {
  const aesOf = await aesMaker();
  return (key) => {
    if (key.length !== 16) throw wrongKeyLength(key.length);
    return CIPHERS[scheme.cipherMode](aesOf(key), scheme, pattern, direction);
  };
}

/**
 * The cipher of one key.
 * @throws PrpackError KEY_INVALID
 */
export async function createSampleCipher(
  scheme: Scheme,
  pattern: Pattern,
  key: Uint8Array,
  direction: Direction,
): Promise<SampleCipher> {
  const make = await sampleCipherMaker(scheme, pattern, direction);
  return make(key);
}

function wrongKeyLength(sizeBytes: number): PrpackError {
  return new PrpackError('KEY_INVALID', `a content key has 16 bytes, not ${sizeBytes}`, {
    expected: 16,
    received: sizeBytes,
    clause: 'ISO/IEC 23001-7 9.1',
    remedy: 'Give a key of 32 hexadecimal digits.',
  });
}
