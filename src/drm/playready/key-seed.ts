import { createHash } from 'node:crypto';
import { PrpackError } from '../../errors.js';
import { uuidToGuidBytes } from './guid.js';

/** Bytes of the seed that the algorithm uses; a longer seed is cut, a shorter one refused. */
export const KEY_SEED_BYTES = 30;

/**
 * The key seed of Microsoft's public test server (PlayReady documentation, "PlayReady Test Server Service"), base64.
 * WARNING: it is published. Keys derived from it are known to everyone and protect nothing: for tests only.
 */
export const PLAYREADY_TEST_KEY_SEED_BASE64 = 'XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I';

/**
 * License acquisition URL of Microsoft's public test server, which derives keys from the public test seed.
 * WARNING: it gives licenses to everyone: content that points to it is for tests only.
 */
export const PLAYREADY_TEST_LA_URL = 'https://test.playready.microsoft.com/service/rightsmanager.asmx';

/**
 * The content key of a KID under a key seed (Microsoft, "PlayReady Key Seed"): three SHA-256 digests over seed and
 * KID, folded to 16 bytes. The caller owns the key and keeps it out of errors and logs.
 * @throws PrpackError KEY_INVALID when the seed is shorter than 30 bytes, INVALID_ARGUMENT when the KID is no UUID
 */
export function contentKeyFromSeed(seed: Uint8Array, kid: string): Uint8Array {
  if (seed.length < KEY_SEED_BYTES) {
    throw new PrpackError('KEY_INVALID', `the key seed has ${seed.length} bytes`, {
      expected: `at least ${KEY_SEED_BYTES} bytes`,
      received: seed.length,
      remedy: 'Give the key seed of the license server, at least 30 bytes (40 base64 characters).',
    });
  }
  const s = seed.subarray(0, KEY_SEED_BYTES);
  const k = uuidToGuidBytes(kid);
  const digests = [sha256(s, k), sha256(s, k, s), sha256(s, k, s, k)];
  const key = new Uint8Array(16);
  for (const digest of digests) {
    for (let i = 0; i < 16; i++) key[i]! ^= digest[i]! ^ digest[i + 16]!;
    digest.fill(0);
  }
  return key;
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
