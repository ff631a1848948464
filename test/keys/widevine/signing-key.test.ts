import { chmodSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  environmentWidevineSigningKey,
  readWidevineSigningKey,
  WidevineSigningKey,
} from '../../../src/keys/widevine/signing-key.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const IV = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff';
const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
const sign = (key: WidevineSigningKey) => Buffer.from(key.sign(Buffer.from('{"a":1}'))).toString('base64');

describe('a Widevine signing key', () => {
  // printf '{"a":1}' | openssl dgst -sha1 -binary | openssl enc -aes-256-cbc -K … -iv … | base64 (and -aes-128-cbc)
  it.each([
    ['256 bits in hex', `${KEY}\n${IV}\n`, 'oHOwo5UkvYJ/CJsrIkn5GoABhosC8LDV+nHv0skjmR4='],
    ['256 bits in base64', `${base64(KEY)}:${base64(IV)}`, 'oHOwo5UkvYJ/CJsrIkn5GoABhosC8LDV+nHv0skjmR4='],
    ['128 bits', `${KEY.slice(0, 32)}, ${IV}`, 'rwbnf9Kz2DimXvhkDFYMsQXlNiG4LjbomWTSocjQG+U='],
  ])('of %s signs with the encrypted SHA-1 of the request', (_, text, signature) => {
    expect(sign(WidevineSigningKey.parse(text))).toBe(signature);
  });

  it.each([
    ['a key alone', KEY],
    ['a short key', `${KEY.slice(0, 48)} ${IV}`],
    ['a short IV', `${KEY} ${IV.slice(2)}`],
    ['three words', `${KEY} ${IV} ${IV}`],
    ['nothing', ''],
  ])('refuses %s, and does not repeat it', (_, text) => {
    expect(() => WidevineSigningKey.parse(text, 'signing.txt')).toThrow(
      expect.objectContaining({
        code: 'KEY_INVALID',
        message: 'signing.txt: the Widevine signing key has the wrong form',
        details: expect.not.objectContaining({ received: expect.stringContaining(KEY.slice(0, 8)) }),
      }),
    );
  });

  it('is read from a file that its owner alone can use, or from the environment', async () => {
    const path = inFolder('signing.txt');
    writeFileSync(path, `${KEY}\n${IV}\n`, { mode: 0o600 });
    const expected = sign(WidevineSigningKey.parse(`${KEY} ${IV}`));
    expect(sign(await readWidevineSigningKey(path))).toBe(expected);
    expect(sign(environmentWidevineSigningKey('A', { A: `${KEY} ${IV}` })!)).toBe(expected);
    expect(environmentWidevineSigningKey('A', { A: '' })).toBeUndefined();
    chmodSync(path, 0o644);
    await expect(readWidevineSigningKey(path)).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('keeps itself closed', () => {
    const key = WidevineSigningKey.parse(`${KEY} ${IV}`);
    expect(`${key} ${JSON.stringify(key)} ${inspect(key)}`).toBe('[redacted] "[redacted]" [redacted]');
  });
});
