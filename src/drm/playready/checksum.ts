import { createCipheriv } from 'node:crypto';
import { toBase64 } from '../../bytes/hex.js';
import { PrpackError } from '../../errors.js';
import { uuidToGuidBytes } from './guid.js';

/**
 * CHECKSUM of an AESCTR key: the first 8 bytes of the KID in GUID order, encrypted with the content key in ECB
 * mode, as base64 (PlayReady Header Specification, 5 "Key Checksum Algorithm").
 * @throws PrpackError KEY_INVALID when the key has not 16 bytes, INVALID_ARGUMENT when the KID is no UUID
 */
export function playReadyChecksum(kid: string, key: Uint8Array): string {
  if (key.length !== 16) {
    throw new PrpackError('KEY_INVALID', `the content key of KID ${kid} has ${key.length} bytes`, {
      expected: 16,
      received: key.length,
      remedy: 'Give a content key of 16 bytes (32 hexadecimal digits).',
    });
  }
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return toBase64(cipher.update(uuidToGuidBytes(kid)).subarray(0, 8));
}

/** Whether a header's CHECKSUM is that of this key; says nothing about headers without one. */
export function verifyPlayReadyChecksum(kid: string, key: Uint8Array, checksum: string): boolean {
  return playReadyChecksum(kid, key) === checksum;
}
