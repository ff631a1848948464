import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ContentKey } from '../../../src/keys/content-key.js';
import { SecretHeader } from '../../../src/keys/http/secret-header.js';
import { newKeyId, parseKeyId } from '../../../src/keys/key-id.js';
import { HttpKeyStore } from '../../../src/keystore/http/http-key-store.js';
import { retryOnKeyRace } from '../../../src/keystore/key-race.js';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { KeyEncryptionKey } from '../../../src/keystore/key-wrap.js';
import { openKeyStore } from '../../../src/keystore/open.js';
import { ContentHasKey } from '../../../src/keystore/registration-rules.js';
import type { Scope } from '../../../src/server/access/scopes.js';
import { breakStore, serverStarter, type TestServer } from '../../server/helpers.js';
import { temporaryFolder } from '../../support/temporary.js';
import { KEK_HEX, NO_KID, registration, SHA } from '../helpers.js';

const start = serverStarter();
const temporary = temporaryFolder();
const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** The store of a server, as a client with these scopes sees it. */
async function clientOf(server: TestServer, ...scopes: Scope[]): Promise<KeyStore> {
  const store = openKeyStore({
    location: server.url,
    environment: { PRPACK_KEY_STORE_TOKEN: await server.token(...scopes) },
  });
  open.push(store);
  return store;
}

const everything = (server: TestServer) => clientOf(server, 'register', 'read-keys', 'admin');

describe('a key store behind a key server', () => {
  it('gives back what was registered, as the store itself does', async () => {
    const server = await start();
    const store = await everything(server);
    const full = registration({
      contentId: 'a film / with ümlauts & slashes',
      label: 'HD',
      laUrl: 'https://drm.example.com/',
      policy: { minSecurityLevel: 2000, playEnablers: [], rootLicense: { persist: true } },
    });
    const [first] = await store.register([full]);
    expect(first).toMatchObject({
      outcome: 'created',
      record: { kid: full.kid, state: 'pending', label: 'HD' },
    });
    expect(await store.register([full])).toEqual([{ outcome: 'unchanged', record: first!.record }]);
    await store.markActive([full.kid], { fingerprint: SHA, madeFrom: 'in.mp4' });

    const direct = openKeyStore({ location: server.storeLocation, environment: { PRPACK_KEK: KEK_HEX } });
    open.push(direct);
    for (const ask of [
      (asked: KeyStore) => asked.get(full.kid),
      (asked: KeyStore) => asked.findByContentId(full.contentId),
      (asked: KeyStore) => asked.list({ label: 'HD', state: 'active' }),
    ]) {
      expect(await ask(store)).toEqual(await ask(direct));
    }
    expect((await store.get(full.kid))!.key!.equals(full.key)).toBe(true);
    expect(await store.get(NO_KID)).toBeUndefined();
    expect(await store.findByContentId('nothing')).toEqual([]);
  });

  it('registers all or none, and conflicts as the store does', async () => {
    const store = await everything(await start());
    const held = registration();
    await store.register([held]);
    const fresh = registration();
    await expect(store.register([fresh, { ...held, key: ContentKey.random() }])).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      details: { remedy: expect.stringContaining('registered key') },
    });
    await expect(store.register([{ ...held, algorithm: 'AESCBC' }])).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
    });
    expect(await store.get(fresh.kid)).toBeUndefined();
    expect(await store.register([])).toEqual([]);
  });

  it('ends keys, and says which are not there', async () => {
    const store = await everything(await start());
    const held = registration();
    await store.register([held]);
    await expect(store.revoke([held.kid, NO_KID])).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
    await store.revoke([held.kid]);
    await expect(store.markActive([held.kid], { fingerprint: SHA })).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
    });
    await expect(store.markActive([NO_KID], { fingerprint: SHA })).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
    });
    expect((await store.get(held.kid))!.record.state).toBe('revoked');
  });

  it('lists and audits page by page', async () => {
    const store = await everything(await start());
    const all = Array.from({ length: 5 }, () => registration());
    await store.register(all);
    const kids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ contentId: 'movie' }, { limit: 2, ...(cursor && { cursor }) });
      kids.push(...page.items.map(({ kid }) => kid));
      cursor = page.next;
    } while (cursor);
    expect(kids.sort()).toEqual(all.map(({ kid }) => kid).sort());
    const audit = await store.audit({ kid: parseKeyId(kids[0]!) }, { limit: 1 });
    expect(audit.items).toMatchObject([{ operation: 'register', outcome: 'done', kid: kids[0] }]);
    await expect(store.list({}, { cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('is not wrapped anew from afar', async () => {
    const store = await everything(await start());
    await expect(store.rewrap(KeyEncryptionKey.random())).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
    });
  });

  it('says what a token lacks', async () => {
    const server = await start();
    const store = await clientOf(server, 'register');
    await store.register([registration()]);
    await expect(store.get(newKeyId())).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('read-keys'),
    });
    const stranger = openKeyStore({ location: server.url, environment: {} });
    await expect(stranger.list()).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      details: { remedy: expect.stringContaining('PRPACK_KEY_STORE_TOKEN') },
    });
  });

  it('takes the token from a file', async () => {
    const server = await start();
    writeFileSync(temporary('token'), `${await server.token('register')}\n`, { mode: 0o600 });
    const store = openKeyStore({
      location: `${server.url}/`,
      environment: { PRPACK_KEY_STORE_TOKEN_FILE: temporary('token') },
    });
    expect(await store.list()).toEqual({ items: [] });
    expect(store.location).toBe(server.url);
  });

  it('tells a store that fails behind the server', async () => {
    const server = await start();
    const token = await server.token('register');
    await breakStore(server);
    const store = new HttpKeyStore({
      url: new URL(server.url),
      authorization: async () => SecretHeader.parse(`Bearer ${token}`, 'test'),
      retryDelayMs: 1,
    });
    await expect(store.list()).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('503'),
      details: { remedy: expect.stringContaining('log') },
    });
  });
});

describe('something else at the address of a key server', () => {
  async function strange(listener: RequestListener): Promise<HttpKeyStore> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const store = new HttpKeyStore({ url, authorization: async () => undefined, retryDelayMs: 1 });
    open.push({ close: () => server.close() }, store);
    return store;
  }

  const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
  it.each<[string, number, string, string]>([
    ['a page', 200, 'text/html', '<html>'],
    ['JSON of another kind', 200, 'application/json', `{"record":{},"key":"${KEY}"}`],
    ['a key that is none', 200, 'application/json', `{"record":{},"key":"${KEY.slice(1)}"}`],
    ['a page where nothing is', 404, 'text/html', '<html>'],
    ['a redirection', 302, 'text/html', ''],
    ['a defect', 500, 'application/problem+json', '{"code":"INTERNAL","detail":"x"}'],
  ])('is a store that failed: %s', async (_title, status, type, body) => {
    const store = await strange((_request, response) => {
      response.writeHead(status, { 'content-type': type, location: 'http://127.0.0.1:1/' }).end(body);
    });
    const error = await store.get(newKeyId()).then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: 'KEY_STORE_FAILED', details: { remedy: expect.any(String) } });
    expect(JSON.stringify(error) + String(error.cause)).not.toContain(KEY.slice(1));
  });

  it('sends a key that is not the registered one, and is not believed', async () => {
    const held = registration();
    const real = await everything(await start());
    const [registered] = await real.register([held]);
    const store = await strange((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ record: registered!.record, key: KEY }));
    });
    await expect(store.get(held.kid)).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('checksum'),
    });
  });

  it('is busy at first, and asked again', async () => {
    let count = 0;
    const store = await strange((_request, response) => {
      response.statusCode = ++count < 3 ? 503 : 200;
      response.end(count < 3 ? '' : '{"items":[]}');
    });
    expect(await store.list()).toEqual({ items: [] });
    expect(count).toBe(3);
  });
});

describe('a key that gives way', () => {
  it('is one key for many that register at once, and the others find it', async () => {
    const server = await start();
    const clients = await Promise.all(
      Array.from({ length: 6 }, () => clientOf(server, 'register', 'read-keys')),
    );
    const found = await Promise.all(
      clients.map((store) =>
        retryOnKeyRace(async () => {
          const [held] = await store.findByContentId('movie');
          if (held) return held.record.kid;
          return (await store.register([registration({ givesWay: true })]))[0]!.record.kid;
        }),
      ),
    );
    expect(new Set(found).size).toBe(1);
    expect((await clients[0]!.list()).items.map(({ kid }) => kid)).toEqual([found[0]]);
    await expect(clients[1]!.register([registration({ givesWay: true })])).rejects.toThrow(ContentHasKey);
  });
});

describe('a key for a content of others', () => {
  it('is refused without the scope admin, noted, and does not become the key of the content', async () => {
    const server = await start();
    const owner = await clientOf(server, 'register', 'read-keys');
    const intruder = await clientOf(server, 'register');
    const first = registration();
    await owner.register([first]);
    const planted = registration();
    await expect(intruder.register([planted])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    await expect(intruder.register([planted])).rejects.not.toThrow(ContentHasKey);
    await expect(intruder.markActive([planted.kid], { fingerprint: SHA })).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
    });
    const admin = await everything(server);
    expect((await admin.audit({ kid: planted.kid })).items[0]).toMatchObject({
      operation: 'register',
      outcome: 'conflict',
    });
    await admin.register([planted]);
    await admin.markActive([planted.kid], { fingerprint: SHA });
    expect((await owner.findByContentId('movie')).map(({ record }) => record.kid)).toEqual([
      first.kid,
      planted.kid,
    ]);
    expect((await owner.register([first]))[0]!.outcome).toBe('unchanged');
  });
});

describe('a policy', () => {
  it('is replaced, version by version', async () => {
    const server = await start();
    const store = await everything(server);
    const one = registration({ policy: { persist: true } });
    await store.register([one]);
    expect((await store.list({ kid: one.kid })).items[0]!.policyVersion).toBeUndefined();
    const second = await store.replacePolicy(one.kid, { minSecurityLevel: 2000 }, 1);
    expect([second.policy, second.policyVersion]).toEqual([{ minSecurityLevel: 2000 }, 2]);
    expect((await store.replacePolicy(one.kid, { minSecurityLevel: 2000 })).policyVersion).toBe(2);
    await expect(store.replacePolicy(one.kid, {}, 1)).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    expect((await store.get(one.kid))!.record.policy).toEqual({ minSecurityLevel: 2000 });
    const { items } = await store.audit({ kid: one.kid });
    expect(items.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
      'register done',
      'replace-policy done',
      'replace-policy unchanged',
      'replace-policy conflict',
      'open done',
    ]);
    await expect(store.replacePolicy(one.kid, { minSecurityLevel: 1 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('/policy/minSecurityLevel'),
    });
    await expect(store.replacePolicy(NO_KID, {})).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
    const packager = await clientOf(server, 'register', 'read-keys');
    await expect(packager.replacePolicy(one.kid, {})).rejects.toThrow('scope admin');
  });
});

describe('the address of a key server', () => {
  it.each([
    'http://keys.example.com',
    'http://10.0.0.1',
    'https://user:secret@keys.example.com',
    'https://keys.example.com/?token=secret',
    'https:',
    'https://',
  ])('is not %s', (location) => {
    const opening = () => openKeyStore({ location, environment: {} });
    expect(opening).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(opening).not.toThrow(/secret/);
  });

  it('may have a path, where a proxy stands in front', () => {
    const store = openKeyStore({ location: 'https://example.com/keys/', environment: {} });
    expect(store.location).toBe('https://example.com/keys');
  });
});
