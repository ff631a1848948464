import { inspect } from 'node:util';
import { gcm } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import { KeyEncryptionKey } from '../../src/keystore/key-wrap.js';

const KEK_HEX = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const kek = KeyEncryptionKey.parse(KEK_HEX, 'test');
const key = ContentKey.fromHex('b42ca3172ee4e69bf51848a59db9cd13');
const context = { kid: parseKeyId('09e36702-8f33-436c-a5dd-60ffe6671e70'), algorithm: 'AESCTR' } as const;
const bound = Buffer.from(`prpack content key\0${context.kid}\0AESCTR\0${kek.id}`);

function refuses(wrapped: Uint8Array, other: object = {}, by = kek) {
  expect(() => by.unwrap(wrapped, { ...context, ...other })).toThrow(
    expect.objectContaining({ code: 'KEY_STORE_FAILED' }),
  );
}

describe('KeyEncryptionKey', () => {
  it('wraps as @noble/ciphers unwraps: AES-256-GCM over format, nonce, ciphertext and tag', () => {
    const wrapped = kek.wrap(key, context);
    expect([wrapped.length, wrapped[0]]).toEqual([1 + 12 + 16 + 16, 1]);
    const cipher = gcm(fromHex(KEK_HEX)!, wrapped.subarray(1, 13), bound);
    expect(toHex(cipher.decrypt(wrapped.subarray(13)))).toBe(key.revealHex());
  });

  it('unwraps what @noble/ciphers wraps', () => {
    const nonce = new Uint8Array(12).fill(7);
    const sealed = gcm(fromHex(KEK_HEX)!, nonce, bound).encrypt(key.revealBytes());
    expect(kek.unwrap(Uint8Array.from([1, ...nonce, ...sealed]), context).equals(key)).toBe(true);
  });

  it('never wraps twice alike', () => {
    expect(kek.wrap(key, context)).not.toEqual(kek.wrap(key, context));
  });

  it('refuses the wrapped key of another KID, algorithm or KEK', () => {
    const wrapped = kek.wrap(key, context);
    refuses(wrapped, { kid: parseKeyId('f'.repeat(32)) });
    refuses(wrapped, { algorithm: 'AESCBC' });
    refuses(wrapped, {}, KeyEncryptionKey.random());
  });

  it('refuses a wrapped key with any bit changed, and any length of it', () => {
    const wrapped = kek.wrap(key, context);
    fc.assert(
      fc.property(fc.nat(wrapped.length * 8 - 1), (bit) => {
        const changed = wrapped.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        refuses(changed);
      }),
    );
    for (let length = 0; length < wrapped.length; length++) refuses(wrapped.subarray(0, length));
    refuses(Uint8Array.from([...wrapped, 0]));
  });

  it('is read from hexadecimal digits and base64, and known by an id', () => {
    const base64 = Buffer.from(KEK_HEX, 'hex').toString('base64');
    expect(KeyEncryptionKey.parse(`${base64}\n`, 'test').id).toBe(kek.id);
    expect(KeyEncryptionKey.parse(KEK_HEX.toUpperCase(), 'test').id).toBe(kek.id);
    expect(KeyEncryptionKey.random().id).not.toBe(kek.id);
    // First 16 digits of: { printf 'prpack key-encryption key id\0'; printf $KEK | xxd -r -p; } | sha256sum
    expect(kek.id).toBe('89e7f65f1249782c');
  });

  it.each([KEK_HEX.slice(2), `${KEK_HEX}00`, KEK_HEX.replace('1f', 'xx'), ''])('refuses "%s"', (text) => {
    try {
      KeyEncryptionKey.parse(text, 'PRPACK_KEK');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'KEY_INVALID', message: expect.stringContaining('PRPACK_KEK') });
      if (text) expect(inspect(error, { depth: 9 })).not.toContain(text);
    }
  });

  it('prints [redacted]', () => {
    expect([`${kek}`, JSON.stringify(kek), inspect(kek)]).toEqual([
      '[redacted]',
      '"[redacted]"',
      '[redacted]',
    ]);
    expect(Object.keys(structuredClone({ ...kek }))).toEqual(['id']);
  });
});
