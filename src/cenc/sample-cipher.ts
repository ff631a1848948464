import { PrpackError } from '../errors.js';
import type { Direction } from './aes.js';
import { createCbcSampleCipher } from './cbc-cipher.js';
import { createCtrSampleCipher } from './ctr-cipher.js';
import type { Pattern, Scheme } from './scheme.js';
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

/** One row a cipher mode. */
const CIPHERS: Record<Scheme['cipherMode'], typeof createCbcSampleCipher> = {
  ctr: createCtrSampleCipher,
  cbc: createCbcSampleCipher,
};

/**
 * @param pattern of the track; ignored by schemes that know none
 * @param key content key, 16 bytes; held as long as the cipher lives
 * @throws PrpackError KEY_INVALID
 */
export async function createSampleCipher(
  scheme: Scheme,
  pattern: Pattern,
  key: Uint8Array,
  direction: Direction,
): Promise<SampleCipher> {
  if (key.length !== 16) {
    throw new PrpackError('KEY_INVALID', `a content key has 16 bytes, not ${key.length}`, {
      expected: 16,
      received: key.length,
      clause: 'ISO/IEC 23001-7 9.1',
      remedy: 'Give a key of 32 hexadecimal digits.',
    });
  }
  return CIPHERS[scheme.cipherMode](key, scheme, pattern, direction);
}
