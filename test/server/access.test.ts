import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SCOPES, type Scope } from '../../src/server/access/scopes.js';
import { startKeyServer } from '../../src/server/start.js';
import { SHA } from '../keystore/helpers.js';
import { temporaryFolder } from '../support/temporary.js';
import { type Answer, serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const temporary = temporaryFolder();
const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const BODY = { key: KEY, contentId: 'film' };

interface Route {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Scopes that are each enough by themselves; none: the route is open. */
  readonly scopes: readonly Scope[];
}

/** Every route of the server that a scope opens, and those that are open to all. */
const ROUTES: readonly Route[] = [
  { method: 'PUT', path: `/v1/keys/${KID}`, body: BODY, scopes: ['register'] },
  { method: 'POST', path: '/v1/keys', body: { keys: [{ kid: KID, ...BODY }] }, scopes: ['register'] },
  { method: 'GET', path: '/v1/keys', scopes: ['register', 'read-keys', 'admin'] },
  { method: 'GET', path: `/v1/keys/${KID}`, scopes: ['register', 'read-keys', 'admin'] },
  { method: 'GET', path: `/v1/keys/${KID}/key`, scopes: ['read-keys'] },
  { method: 'GET', path: '/v1/content-keys?contentId=film', scopes: ['read-keys'] },
  {
    method: 'POST',
    path: '/v1/publications',
    body: { kids: [KID], output: { fingerprint: SHA } },
    scopes: ['register'],
  },
  { method: 'PUT', path: `/v1/keys/${KID}/policy`, body: { policy: {} }, scopes: ['admin'] },
  { method: 'GET', path: '/v1/audit', scopes: ['admin'] },
  { method: 'GET', path: '/metrics', scopes: ['register', 'read-keys', 'admin'] },
  { method: 'GET', path: '/health/live', scopes: [] },
  { method: 'GET', path: '/health/ready', scopes: [] },
  { method: 'GET', path: '/openapi.json', scopes: [] },
  // Last, for it ends the key that the others work on.
  { method: 'POST', path: '/v1/revocations', body: { kids: [KID] }, scopes: ['admin'] },
];

describe('the scope matrix', () => {
  it('holds on every route', async () => {
    const server = await start();
    await register(server);
    for (const route of ROUTES) {
      const { scopes } = route;
      const seen = [`none ${(await send(server, route)).status < 300}`];
      for (const scope of SCOPES) {
        const { status } = await send(server, route, await server.token(scope));
        seen.push(`${scope} ${status < 300 ? true : status === 403 ? false : status}`);
      }
      const isOpen = scopes.length === 0;
      expect([route.method, route.path, ...seen]).toEqual([
        route.method,
        route.path,
        `none ${isOpen}`,
        ...SCOPES.map((scope) => `${scope} ${isOpen || scopes.includes(scope)}`),
      ]);
    }
  });

  it('names every route of the OpenAPI document', async () => {
    const server = await start();
    const { paths } = (await server.fetch('/openapi.json')).json;
    const documented = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const tested = ROUTES.map(
      ({ method, path }) => `${method} ${path.replace(KID, '{kid}').replace(/\?.*/, '')}`,
    );
    expect(documented.filter((route) => !tested.includes(route) && route.includes('/v1/'))).toEqual([]);
  });

  it.each(ROUTES.filter(({ scopes }) => scopes.length > 0))(
    '$method $path answers 401 without a good token, with the ways to show one',
    async (route) => {
      const server = await start();
      const good = await server.token(...SCOPES);
      const { record } = await server.tokens.create({ name: 'gone', scopes: SCOPES });
      const revoked = await server.tokens.create({ name: 'revoked', scopes: SCOPES });
      await server.tokens.revoke(revoked.record.id);
      const headers = [
        {},
        { authorization: '' },
        { authorization: 'Bearer' },
        { authorization: `Bearer ${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}` },
        { authorization: `Bearer ${good.replace(/_[0-9a-f]{8}_/, `_${record.id}_`)}` },
        { authorization: `Bearer prpack_00000000_${'A'.repeat(32)}` },
        { authorization: `Bearer prpack_../../x_${'A'.repeat(32)}` },
        { authorization: `Bearer ${revoked.token}` },
        { authorization: `Digest ${good}` },
        { authorization: `Basic ${Buffer.from(`${good}:`).toString('base64')}` },
      ];
      for (const wrong of headers) {
        const answer = await send(server, route, undefined, wrong as Record<string, string>);
        expect([answer.status, answer.json.code]).toEqual([401, 'UNAUTHENTICATED']);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer .*Basic /);
      }
    },
  );
});

describe('a token', () => {
  it('may be the password of Basic, for packagers that know nothing else', async () => {
    const server = await start();
    const token = await server.token('register');
    const authorization = `Basic ${Buffer.from(`packager:${token}`).toString('base64')}`;
    expect((await server.fetch('/v1/keys', { headers: { authorization } })).status).toBe(200);
  });

  it('ends within a second when it is revoked, and starts at once when it is made', async () => {
    let nowMs = 0;
    const server = await start({ now: () => nowMs });
    const { token, record } = await server.tokens.create({ name: 'packager', scopes: ['register'] });
    const status = async () => (await server.fetch('/v1/keys', { token })).status;
    expect(await status()).toBe(200);
    await server.tokens.revoke(record.id);
    nowMs = 999;
    expect(await status()).toBe(200);
    nowMs = 1000;
    expect(await status()).toBe(401);
  });

  it('ends when its time is over', async () => {
    const server = await start();
    const grant = { name: 'short', scopes: SCOPES };
    const { token: long, record } = await server.tokens.create({ ...grant, lifetimeMs: 86_400_000 });
    expect(Date.parse(record.expiresAt!) - Date.parse(record.createdAt)).toBe(86_400_000);
    expect((await server.fetch('/v1/keys', { token: long })).status).toBe(200);
    const { token } = await server.tokens.create({ ...grant, lifetimeMs: 0 });
    const { status, json } = await server.fetch('/v1/keys', { token });
    expect([status, json.code, json.detail]).toEqual([
      401,
      'UNAUTHENTICATED',
      expect.stringContaining('expired'),
    ]);
  });

  it('opens the contents of its prefix, and no others', async () => {
    const server = await start();
    const all = await server.token(...SCOPES);
    const grant = { name: 'bound', scopes: SCOPES, contentPrefix: 'a/' };
    const { token } = await server.tokens.create(grant);
    const other = KID.replace(/1$/, '2');
    const put = (kid: string, contentId: string, by: string, key = KEY) =>
      server.fetch(`/v1/keys/${kid}`, { method: 'PUT', token: by, body: { key, contentId } });
    await put(other, 'b/film', all);
    const publish = (kids: string[]) =>
      server.fetch('/v1/publications', {
        method: 'POST',
        token,
        body: { kids, output: { fingerprint: SHA } },
      });
    expect({
      own: (await put(KID, 'a/film', token)).status,
      foreign: (await put(KID.replace(/1$/, '3'), 'b/more', token)).status,
      'the KID of others': (await put(other, 'a/film', token)).status,
      'own published': (await publish([KID])).status,
      'foreign published': (await publish([KID, other])).status,
      'own key': (await server.fetch(`/v1/keys/${KID}/key`, { token })).status,
      'foreign key': (await server.fetch(`/v1/keys/${other}/key`, { token })).status,
      'foreign record': (await server.fetch(`/v1/keys/${other}`, { token })).status,
      'foreign policy': (
        await server.fetch(`/v1/keys/${other}/policy`, { method: 'PUT', token, body: { policy: {} } })
      ).status,
      'foreign revoked': (
        await server.fetch('/v1/revocations', { method: 'POST', token, body: { kids: [other] } })
      ).status,
    }).toEqual({
      own: 201,
      foreign: 403,
      'the KID of others': 409,
      'own published': 204,
      'foreign published': 404,
      'own key': 200,
      'foreign key': 404,
      'foreign record': 404,
      'foreign policy': 404,
      'foreign revoked': 404,
    });
    const contents = async (path: string, field = 'contentId') =>
      new Set((await server.fetch(path, { token })).json.items.map((item: never) => item[field]));
    expect(await contents('/v1/keys')).toEqual(new Set(['a/film']));
    expect(await contents('/v1/audit')).toEqual(new Set(['a/film']));
    expect((await server.fetch('/v1/content-keys?contentId=b/film', { token })).json.items).toEqual([]);
    const widevine = (content: string) => ({
      request: Buffer.from(
        JSON.stringify({ content_id: Buffer.from(content).toString('base64'), tracks: [{ type: 'SD' }] }),
      ).toString('base64'),
    });
    const statuses = ['a/live', 'b/live'].map(
      async (content) =>
        (await server.fetch('/widevine/getcontentkey', { method: 'POST', token, body: widevine(content) }))
          .status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 403]);
  });

  it('is kept as a hash, in files for their owner alone', async () => {
    const server = await start();
    const token = await server.token('register');
    const { directory } = server.tokens;
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(directory, name), 'utf8')).not.toContain(token.slice(16));
    }
    expect(token).toMatch(/^prpack_[0-9a-f]{8}_[A-Za-z0-9_-]{32}$/);
  });
});

describe('where the server listens', () => {
  const options = (host: string, insecureHttp = false) => ({
    host,
    port: 0,
    store: { location: 'sqlite:/nowhere' },
    tokenDirectory: '/nowhere',
    insecureHttp,
    log: { level: 'silent' as const, stream: { write() {} } },
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'keys.example.com', '::ffff:10.0.0.1'])(
    'is not %s without TLS',
    async (host) => {
      await expect(startKeyServer(options(host))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { remedy: expect.stringContaining('--insecure-http') },
      });
    },
  );

  it('is anywhere when the user says so', async () => {
    const server = await startKeyServer({
      ...options('0.0.0.0', true),
      store: { location: `sqlite:${temporary('anywhere.sqlite')}` },
    });
    await server.close();
    expect(server.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
  });
});

async function register(server: TestServer): Promise<void> {
  const token = await server.token('register');
  await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body: BODY });
}

function send(
  server: TestServer,
  { method, path, body }: Route,
  token?: string,
  headers?: Record<string, string>,
): Promise<Answer> {
  return server.fetch(path, {
    method,
    body,
    ...(token !== undefined && { token }),
    ...(headers && { headers }),
  });
}
