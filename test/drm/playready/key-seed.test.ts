import { describe, expect, it } from 'vitest';
import { fromBase64, toHex } from '../../../src/bytes/hex.js';
import {
  contentKeyFromSeed,
  KEY_SEED_BYTES,
  PLAYREADY_TEST_KEY_SEED_BASE64,
  PLAYREADY_TEST_LA_URL,
} from '../../../src/drm/playready/key-seed.js';
import { TEST_KEYS } from './vectors.js';

const TEST_SEED = fromBase64(PLAYREADY_TEST_KEY_SEED_BASE64)!;

describe('PlayReady key seed', () => {
  it('names the public test seed and server of the PlayReady documentation', () => {
    expect(TEST_SEED).toHaveLength(KEY_SEED_BYTES);
    expect(PLAYREADY_TEST_KEY_SEED_BASE64).toBe('XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I');
    expect(PLAYREADY_TEST_LA_URL).toBe('https://test.playready.microsoft.com/service/rightsmanager.asmx');
  });

  // The published checksums of these keys (checksum.test.ts) tie them to Microsoft's own derivation.
  it.each(TEST_KEYS)('derives the key of $kid', ({ kid, keyHex }) => {
    expect(toHex(contentKeyFromSeed(TEST_SEED, kid))).toBe(keyHex);
  });

  it('uses the first 30 bytes of a longer seed', () => {
    const longer = new Uint8Array([...TEST_SEED, 1, 2, 3, 4]);
    expect(toHex(contentKeyFromSeed(longer, TEST_KEYS[0].kid))).toBe(TEST_KEYS[0].keyHex);
  });

  it('refuses a shorter seed and a KID that is none', () => {
    expect(() => contentKeyFromSeed(TEST_SEED.subarray(0, 29), TEST_KEYS[0].kid)).toThrowError(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
    expect(() => contentKeyFromSeed(TEST_SEED, 'x')).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('leaves seed untouched', () => {
    const before = toHex(TEST_SEED);
    contentKeyFromSeed(TEST_SEED, TEST_KEYS[1].kid);
    expect(toHex(TEST_SEED)).toBe(before);
  });
});
