import crypto from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ContentKey } from '../../../src/keys/content-key.js';
import type { CpixDocument } from '../../../src/keys/cpix/document.js';
import { readCpix } from '../../../src/keys/cpix/reader.js';
import { writeCpix } from '../../../src/keys/cpix/writer.js';
import {
  certificateOf,
  encryptedDocument,
  KEYS,
  KIDS,
  OPENSSL,
  privateKeyOf,
  spellingsOf,
} from './documents.js';

/** Counts calls of the cipher that opens content keys. */
const decryptions = vi.hoisted(() => ({ count: 0 }));
vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>();
  return {
    ...real,
    createDecipheriv: (...given: Parameters<typeof real.createDecipheriv>) => {
      decryptions.count++;
      return real.createDecipheriv(...given);
    },
  };
});
afterEach(() => {
  decryptions.count = 0;
});

const privateKey = privateKeyOf('recipient');

/** The same base64 text with one bit of its first byte turned. */
function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[0] ^= 1;
  return bytes.toString('base64');
}

function failureOf(act: () => unknown): { error: unknown; said: string } {
  try {
    act();
  } catch (error) {
    return { error, said: `${(error as Error).stack}${JSON.stringify(error)}${(error as Error).cause}` };
  }
  return expect.unreachable();
}

describe('encrypted keys', () => {
  it.each([
    ['cpix:Key', {}],
    ['pskc:MACKey', { macKeyElement: 'pskc:MACKey' }],
    [
      'an algorithm at the document key, as up to 2.3',
      { documentKeyAttributes: 'Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"' },
    ],
    [
      'a document key that says whose it is',
      { documentKeyAttributes: `encryptsKey="${KIDS[1]} ${KIDS[0].toUpperCase()}"` },
    ],
    ['no MAC at all', { macMethod: '', mac: '' }],
  ])('opens what OpenSSL encrypted, with %s', (_, changes) => {
    const read = readCpix(encryptedDocument(changes), { privateKey });
    expect(read.contentKeys[0].key!.revealHex()).toBe(KEYS[0]);
    expect(read.recipients).toEqual([certificateOf('recipient')]);
    expect(decryptions.count).toBe(1);
  });

  it.each([
    ['a changed MAC', { mac: flipped(OPENSSL.mac) }, 'the MAC of the key'],
    ['a short MAC', { mac: 'AAAA' }, 'the MAC of the key'],
    [
      'a changed IV, which only the MAC can tell',
      { cipherValue: flipped(OPENSSL.cipherValue) },
      'the MAC of the key',
    ],
    ['a MAC that was taken away', { mac: '' }, 'no ValueMAC'],
    ['a MAC key that was taken away', { macMethod: '' }, 'no MAC key'],
    [
      'another MAC algorithm',
      { macMethod: '<cpix:MACMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"/>' },
      'HMAC-SHA512',
    ],
    [
      'a MAC method without key',
      { macMethod: '<cpix:MACMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"/>' },
      'no key',
    ],
    [
      'a document key for other keys',
      { documentKeyAttributes: `encryptsKey="${KIDS[1]}"` },
      'no DocumentKey',
    ],
  ])('refuses %s before anything is decrypted', (_, changes, message) => {
    const { error, said } = failureOf(() => readCpix(encryptedDocument(changes), { privateKey }));
    expect(error).toMatchObject({ code: 'KEY_INVALID', message: expect.stringContaining(message) });
    expect(decryptions.count).toBe(0);
    for (const spelling of spellingsOf(KEYS[0])) expect(said).not.toContain(spelling);
  });

  it('says who could open it when there is no private key, or that of a stranger', () => {
    expect(failureOf(() => readCpix(encryptedDocument())).error).toMatchObject({
      code: 'KEY_REQUIRED',
      details: { expected: expect.stringContaining('CN=recipient') },
    });
    const stranger = { privateKey: privateKeyOf('stranger') };
    expect(failureOf(() => readCpix(encryptedDocument(), stranger)).error).toMatchObject({
      code: 'KEY_INVALID',
      details: { expected: expect.stringContaining('CN=recipient') },
    });
  });

  it('refuses another wrapping than CPIX allows', () => {
    const weak = encryptedDocument().replace('rsa-oaep-mgf1p', 'rsa-1_5');
    expect(failureOf(() => readCpix(weak, { privateKey })).error).toMatchObject({ code: 'KEY_INVALID' });
    expect(decryptions.count).toBe(0);
  });
});

const document: CpixDocument = {
  contentId: 'movie',
  recipients: [certificateOf('recipient'), certificateOf('stranger')],
  contentKeys: KIDS.map((kid, i) => ({
    kid,
    key: ContentKey.fromHex(KEYS[i]),
    commonEncryptionScheme: 'cenc',
  })),
  drmSystems: [],
  keyPeriods: [],
  usageRules: [],
};

describe('writing encrypted keys', () => {
  it.each(['2.0', '2.1', '2.2', '2.3', '2.4'] as const)(
    'is read back by every recipient of %s, and has no clear key',
    (version) => {
      const xml = writeCpix(document, version);
      for (const name of ['recipient', 'stranger'] as const) {
        const read = readCpix(xml, { privateKey: privateKeyOf(name) });
        expect(read.contentKeys.map(({ key }) => key!.revealHex())).toEqual(KEYS);
      }
      for (const key of KEYS) for (const spelling of spellingsOf(key)) expect(xml).not.toContain(spelling);
      expect(xml).toContain('<cpix:MACMethod');
      expect(xml).toContain('<cpix:Key>');
      expect(xml).not.toContain('MACKey');
      expect(xml.includes('<cpix:DocumentKey Algorithm=')).toBe(version !== '2.4');
    },
  );

  it('can be opened step by step with primitives alone', () => {
    const xml = writeCpix({ ...document, contentKeys: document.contentKeys.slice(0, 1) }, '2.4');
    const [documentKey, macKey, cipherValue] = [...xml.matchAll(/<enc:CipherValue>([^<]+)/g)].map((match) =>
      Buffer.from(match[1], 'base64'),
    );
    const unwrap = (wrapped: Buffer) => crypto.privateDecrypt({ key: privateKey, oaepHash: 'sha1' }, wrapped);
    // Two recipients: the first two values are the first's, the next two the second's.
    const values = [...xml.matchAll(/<enc:CipherValue>([^<]+)/g)].map((match) => match[1]);
    expect(values).toHaveLength(5);
    const content = Buffer.from(values[4], 'base64');
    const opened = crypto.createDecipheriv('aes-256-cbc', unwrap(documentKey), content.subarray(0, 16));
    expect(Buffer.concat([opened.update(content.subarray(16)), opened.final()]).toString('hex')).toBe(
      KEYS[0],
    );
    const mac = crypto.createHmac('sha512', unwrap(macKey)).update(content).digest('base64');
    expect(xml).toContain(`<pskc:ValueMAC>${mac}</pskc:ValueMAC>`);
    expect(cipherValue.equals(content)).toBe(false);
  });

  it('never writes two documents with the same secrets', () => {
    const values = [1, 2].flatMap(() =>
      [...writeCpix(document, '2.3').matchAll(/CipherValue>([^<]{9,})/g)].map((m) => m[1]),
    );
    expect(new Set(values).size).toBe(values.length);
  });

  it('only names the recipient where there is no key, as a request does', () => {
    const asking = { ...document, contentKeys: [{ kid: KIDS[0] }], recipients: [certificateOf('recipient')] };
    const xml = writeCpix(asking, '2.3');
    expect(xml).not.toContain('DocumentKey');
    expect(readCpix(xml)).toMatchObject({
      contentKeys: [{ kid: KIDS[0] }],
      recipients: [certificateOf('recipient')],
    });
  });

  it('refuses a recipient that is no certificate', () => {
    const wrong = { ...document, recipients: [Uint8Array.from([1, 2, 3])] };
    expect(failureOf(() => writeCpix(wrong, '2.4')).error).toMatchObject({ code: 'KEY_INVALID' });
  });
});
