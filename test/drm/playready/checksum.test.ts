import { ecb } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64 } from '../../../src/bytes/hex.js';
import { bytesToUuid } from '../../../src/bytes/uuid.js';
import { playReadyChecksum, verifyPlayReadyChecksum } from '../../../src/drm/playready/checksum.js';
import { uuidToGuidBytes } from '../../../src/drm/playready/guid.js';
import { TEST_KEYS } from './vectors.js';

describe('PlayReady checksum', () => {
  it.each(TEST_KEYS)('of $kid is the published one', ({ kid, keyHex, checksum }) => {
    const key = fromHex(keyHex)!;
    expect(playReadyChecksum(kid, key)).toBe(checksum);
    expect(verifyPlayReadyChecksum(kid, key, checksum)).toBe(true);
  });

  it('does not match another key, another KID or nothing', () => {
    const [first, second] = TEST_KEYS;
    expect(verifyPlayReadyChecksum(first.kid, fromHex(second.keyHex)!, first.checksum)).toBe(false);
    expect(verifyPlayReadyChecksum(second.kid, fromHex(first.keyHex)!, first.checksum)).toBe(false);
    expect(verifyPlayReadyChecksum(first.kid, fromHex(first.keyHex)!, '')).toBe(false);
  });

  it('agrees with a second AES', () => {
    const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes16, bytes16, (kidBytes, key) => {
        const kid = bytesToUuid(kidBytes);
        const block = ecb(key, { disablePadding: true }).encrypt(uuidToGuidBytes(kid));
        expect(playReadyChecksum(kid, key)).toBe(toBase64(block.subarray(0, 8)));
      }),
    );
  });

  it.each([0, 15, 17, 32])('refuses a key of %i bytes without showing it', (length) => {
    const key = new Uint8Array(length).fill(0xab);
    expect(() => playReadyChecksum(TEST_KEYS[0].kid, key)).toThrowError(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.not.stringMatching(/abab|171/) }),
    );
  });
});
