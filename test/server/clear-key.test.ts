import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { KEK_HEX, registration } from '../keystore/helpers.js';
import { serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
/** base64url of the 16 bytes of the KID in UUID text order. */
const KID_64 = 'EAAAABAAEAAQABAAAAAAAQ';
const OTHER_64 = 'IAAAABAAEAAQABAAAAAAAg';
const clearKey = { origins: [] };

/** Into the store itself, which may hold policies that REST takes no more. */
async function register(
  { storeLocation }: TestServer,
  policy?: Readonly<Record<string, unknown>>,
): Promise<void> {
  const store = openKeyStore({ location: storeLocation, environment: { PRPACK_KEK: KEK_HEX } });
  const key = { kid: parseKeyId(KID), key: ContentKey.fromHex(KEY), contentId: 'film' };
  await store.register([registration({ ...key, ...(policy && { policy }) })]);
  await store.close();
}

const ask = (server: TestServer, kids: unknown = [KID_64], headers = {}) =>
  server.fetch('/clearkey', { method: 'POST', body: { kids, type: 'temporary' }, headers });

describe('Clear Key licenses', () => {
  it('are off unless they are turned on', async () => {
    const server = await start();
    await register(server);
    expect((await ask(server)).status).toBe(404);
  });

  it('are JSON Web Keys of the KIDs that were asked for and are there', async () => {
    const server = await start({ clearKey });
    await register(server);
    const answer = await ask(server, [KID_64, OTHER_64]);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      keys: [{ kty: 'oct', kid: KID_64, k: Buffer.from(KEY, 'hex').toString('base64url') }],
      type: 'temporary',
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each([undefined, 'application/octet-stream', 'text/plain;charset=UTF-8'])(
    'are given for requests of type %s',
    async (type) => {
      const server = await start({ clearKey });
      await register(server);
      const response = await fetch(`${server.url}/clearkey`, {
        method: 'POST',
        body: new TextEncoder().encode(JSON.stringify({ kids: [KID_64] })),
        ...(type !== undefined && { headers: { 'content-type': type } }),
      });
      expect(response.status).toBe(200);
    },
  );

  it('are noted in the audit', async () => {
    const server = await start({ clearKey });
    await register(server);
    await ask(server);
    const { json } = await server.fetch('/v1/audit', { token: await server.token('admin') });
    expect(json.items.at(-1)).toMatchObject({ operation: 'open', actor: 'clear key license', kid: KID });
  });

  it('end with the key', async () => {
    const server = await start({ clearKey });
    await register(server);
    const token = await server.token('admin');
    await server.fetch('/v1/revocations', { method: 'POST', token, body: { kids: [KID] } });
    const answer = await ask(server);
    expect([answer.status, answer.json.detail]).toEqual([403, expect.stringContaining('revoked')]);
    const audit = await server.fetch('/v1/audit', { token });
    expect(audit.json.items.map(({ operation }: { operation: string }) => operation)).not.toContain('open');
  });

  const hour = 3600_000;
  const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();
  it.each([
    ['begun', { beginDate: at(-hour) }, 200],
    ['begun and not ended', { beginDate: at(-hour), expiration: at(hour) }, 200],
    ['of a time from issuance on', { beginDate: 'PT0S', expiration: 'PT48H' }, 200],
    ['to begin after issuance', { beginDate: 'PT1H', expiration: 'PT48H' }, 403],
    [
      'a leaf of a root that has ended',
      { rootLicense: { beginDate: at(-2 * hour), expiration: at(-hour) } },
      403,
    ],
    ['not begun', { beginDate: at(hour) }, 403],
    ['ended', { beginDate: at(-2 * hour), expiration: at(-hour) }, 403],
    ['of a time that cannot be read', { beginDate: 'tomorrow' }, 403],
    ['of an end that cannot be read', { expiration: 20300101 }, 403],
  ])('honour a policy that is %s', async (_title, policy, status) => {
    const server = await start({ clearKey });
    await register(server, policy);
    expect((await ask(server)).status).toBe(status);
  });

  it.each([
    ['a UUID', [KID]],
    ['padding', [`${KID_64}==`]],
    ['no list', KID_64],
    ['an empty list', []],
    ['too many', Array(101).fill(KID_64)],
  ])('are not given for %s', async (_title, kids) => {
    const server = await start({ clearKey });
    expect((await ask(server, kids)).status).toBe(400);
  });

  it('are for pages of the origins that were named', async () => {
    const server = await start({ clearKey: { origins: ['https://player.example.com'] } });
    await register(server);
    const allowed = async (origin: string) =>
      (await ask(server, [KID_64], { origin })).headers.get('access-control-allow-origin');
    expect(await allowed('https://player.example.com')).toBe('https://player.example.com');
    expect(await allowed('https://player.example.com.evil.example')).toBeNull();
    const preflight = await server.fetch('/clearkey', {
      method: 'OPTIONS',
      headers: { origin: 'https://player.example.com', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type');
  });
});
