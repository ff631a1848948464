import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toBase64, toHex } from '../../../src/bytes/hex.js';
import { bytesToUuid, uuidToBytes } from '../../../src/bytes/uuid.js';
import {
  guidBase64ToUuid,
  guidBytesToUuid,
  uuidToGuidBase64,
  uuidToGuidBytes,
} from '../../../src/drm/playready/guid.js';
import { TEST_KEYS } from './vectors.js';

describe('GUID order', () => {
  it('swaps the first three fields only', () => {
    expect(toHex(uuidToGuidBytes('00112233-4455-6677-8899-aabbccddeeff'))).toBe(
      '33221100554477668899aabbccddeeff',
    );
    expect(guidBytesToUuid(fromHex('33221100554477668899aabbccddeeff')!)).toBe(
      '00112233-4455-6677-8899-aabbccddeeff',
    );
  });

  it.each(TEST_KEYS)('writes $kid as Microsoft does', ({ kid, headerKid }) => {
    expect(uuidToGuidBase64(kid)).toBe(headerKid);
    expect(guidBase64ToUuid(headerKid)).toBe(kid);
  });

  it('differs from the base64 of the UUID text order, as mspr:kid has it', () => {
    const kid = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'; // Microsoft, "DASH Content Protection", KID forms
    expect(uuidToGuidBase64(kid)).toBe('rk8d+Ox90BGnZQCgyR5r9g==');
    expect(toBase64(uuidToBytes(kid)!)).toBe('+B1Prn3sEdCnZQCgyR5r9g==');
  });

  it('is its own inverse for every KID', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const uuid = bytesToUuid(bytes);
        expect(guidBase64ToUuid(uuidToGuidBase64(uuid))).toBe(uuid);
        expect(guidBytesToUuid(uuidToGuidBytes(uuid))).toBe(uuid);
      }),
    );
  });

  it('takes no text that is not a KID', () => {
    expect(() => uuidToGuidBytes('not-a-kid')).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    for (const text of ['', 'AmfjCTOPbEOl3WD/5mce', 'AmfjCTOPbEOl3WD/5mcecA', 'AmfjCTOPbEOl3WD/5mcecA=!']) {
      expect(guidBase64ToUuid(text)).toBeUndefined();
    }
  });
});
