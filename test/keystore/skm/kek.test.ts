import { createCipheriv } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../../src/keys/content-key.js';
import { SkmKek } from '../../../src/keystore/skm/kek.js';
import { skmKekSource } from '../../../src/keystore/skm/kek-source.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const KEK = '000102030405060708090a0b0c0d0e0f';

describe('SkmKek', () => {
  // RFC 3394 4.1, 4.2 and 4.3: the same 128 bits of key data under a KEK of each size.
  it.each([
    [KEK, '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5'],
    [`${KEK}1011121314151617`, '96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d'],
    [`${KEK}101112131415161718191a1b1c1d1e1f`, '64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7'],
  ])('wraps as RFC 3394 shows, under %s', (kekHex, wrapped) => {
    const kek = SkmKek.parse(kekHex, 'test');
    const key = ContentKey.fromHex('00112233445566778899aabbccddeeff');
    expect(hex(kek.wrap(key))).toBe(wrapped);
    expect(kek.unwrap(Buffer.from(wrapped, 'hex'))!.equals(key)).toBe(true);
  });

  it('wraps and names itself as the SKM documentation shows', () => {
    const kek = SkmKek.parse(KEK, 'test');
    const key = ContentKey.fromHex('a9b9033df0b9ca5447839e3d074817a0');
    expect(hex(kek.wrap(key))).toBe('5dbd06c0056b42fe0b8cf406679620c31bd619732730433d');
    expect(kek.id).toBe('#1.afe008a381bdac03b412a92d54b92ddf');
  });

  it('wraps as OpenSSL does, and opens nothing that was changed', () => {
    const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
    fc.assert(
      fc.property(
        fc.constantFrom(16, 24, 32).chain(bytes),
        bytes(16),
        fc.nat(23),
        (kekBytes, keyBytes, at) => {
          const kek = SkmKek.parse(hex(kekBytes), 'test');
          const wrapped = kek.wrap(ContentKey.fromBytes(keyBytes));
          const iv = Buffer.alloc(8, 0xa6);
          const cipher = createCipheriv(`id-aes${kekBytes.length * 8}-wrap`, kekBytes, iv);
          expect(hex(wrapped)).toBe(hex(cipher.update(keyBytes)));
          wrapped[at]! ^= 1;
          expect(kek.unwrap(wrapped)).toBeUndefined();
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each(['', 'AAEC', KEK.slice(2), `${KEK}zz`, `${KEK.repeat(2)}00`])('is not "%s"', (text) => {
    expect(() => SkmKek.parse(text, 'PRPACK_KEK')).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining('PRPACK_KEK') }),
    );
  });

  it('takes base64, and keeps itself closed', () => {
    const kek = SkmKek.parse(`${Buffer.from(KEK, 'hex').toString('base64')}\n`, 'test');
    expect(kek.id).toBe(SkmKek.parse(KEK.toUpperCase(), 'test').id);
    expect(`${kek}${JSON.stringify(kek)}${inspect(kek, { showHidden: true })}`).not.toContain('0102');
  });
});

describe('skmKekSource', () => {
  it('takes the named file before the environment', async () => {
    writeFileSync(temporary('kek'), `${KEK}\n`, { mode: 0o600 });
    const environment = { PRPACK_KEK: 'f'.repeat(32) };
    expect((await skmKekSource(environment, temporary('kek'))()).id).toBe(SkmKek.parse(KEK, 'test').id);
    expect((await skmKekSource(environment)()).id).toBe(SkmKek.parse('f'.repeat(32), 'test').id);
  });

  it('makes none, and does not take that of the SQLite store', async () => {
    const environment = { XDG_CONFIG_HOME: temporary('config') };
    for (const source of [skmKekSource(environment), skmKekSource({}, temporary('nothing'))]) {
      await expect(source()).rejects.toMatchObject({
        code: 'KEY_REQUIRED',
        details: { remedy: expect.stringContaining('with kekFile') },
      });
    }
  });

  it.skipIf(process.platform === 'win32')('refuses a file that others can read', async () => {
    writeFileSync(temporary('open'), KEK);
    chmodSync(temporary('open'), 0o640);
    await expect(skmKekSource({}, temporary('open'))()).rejects.toMatchObject({
      code: 'KEY_INVALID',
      details: { remedy: expect.stringContaining('chmod 600') },
    });
  });

  it('says when a file cannot be read', async () => {
    await expect(skmKekSource({}, temporary('.'))()).rejects.toMatchObject({
      code: expect.stringMatching(/^KEY_/),
    });
  });
});
