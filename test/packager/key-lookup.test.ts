import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HttpClient, KeySeed, openKeyLookup, openKeyStore, parseKeyId } from '../../src/index.js';
import {
  cpix,
  encryptedDocument,
  KEYS,
  KIDS,
  keyList,
  OPENSSL,
  plainKey,
  privateKeyOf,
} from '../keys/cpix/documents.js';
import { testServers } from '../keys/http/servers.js';
import { KEY, KID } from '../support/jobs.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const servers = testServers();
const TEST_SEED = 'XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I';
const UNKNOWN = parseKeyId('ffffffff-ffff-ffff-ffff-ffffffffffff');

function file(name: string, text: string): string {
  const path = temporary(name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const keyFile = file('keys.json', JSON.stringify([{ kid: KID, key: KEY }]));
const document = cpix(keyList(plainKey(0)));

describe('a lookup of keys', () => {
  it('is a key file', async () => {
    const lookup = await openKeyLookup(keyFile);
    expect((await lookup.find(parseKeyId(KID)))!.revealHex()).toBe(KEY);
    expect(await lookup.find(UNKNOWN)).toBeUndefined();
  });

  it('is a CPIX document, in a file or at a URL', async () => {
    const server = await servers.http((_, response) => response.end(document));
    const client = new HttpClient();
    for (const source of [`cpix:${file('keys.xml', document)}`, `cpix:${server.url}/keys`]) {
      const lookup = await openKeyLookup(source, { client });
      expect((await lookup.find(parseKeyId(KIDS[0]!)))!.revealHex()).toBe(KEYS[0]);
    }
    await client.close();
  });

  it('is an encrypted CPIX document, with the private key of its recipient', async () => {
    const source = `cpix:${file('encrypted.xml', encryptedDocument(OPENSSL))}`;
    await expect(openKeyLookup(source)).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
    const lookup = await openKeyLookup(source, { privateKey: privateKeyOf('recipient') });
    expect((await lookup.find(parseKeyId(KIDS[0]!)))!.revealHex()).toBe(KEYS[0]);
  });

  it('is a key seed, or the public one', async () => {
    const kid = parseKeyId(KID);
    const expected = KeySeed.parse(TEST_SEED).contentKey(kid).revealHex();
    for (const source of [`seed:${file('seed.txt', TEST_SEED)}`, 'playready-test']) {
      expect((await (await openKeyLookup(source)).find(kid))!.revealHex()).toBe(expected);
    }
  });

  it('is the key store, where there is one', async () => {
    const keyStore = openKeyStore({ location: `sqlite:${temporary('keys.sqlite')}` });
    expect(await (await openKeyLookup('store', { keyStore })).find(UNKNOWN)).toBeUndefined();
    await keyStore.close();
    await expect(openKeyLookup('store')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is nothing else', async () => {
    await expect(openKeyLookup('sqlite:x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(openKeyLookup('cpix:https://a.example/')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(openKeyLookup(temporary('none.json'))).rejects.toMatchObject({ code: 'KEY_SOURCE_FAILED' });
    const failure = await openKeyLookup(`${KID}:${KEY}`).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(JSON.stringify(failure)).not.toContain(KEY);
  });
});
