import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { openKeyStore } from '../../src/keystore/open.js';
import { registration } from '../keystore/helpers.js';
import { serverStarter } from './helpers.js';

const start = serverStarter();
const path = (name: string) => join(import.meta.dirname, 'certificates', `${name}.pem`);
const pem = (name: string) => readFileSync(path(name), 'utf8');

const tls = { cert: pem('server'), key: pem('server.key'), clientCa: pem('ca') };
const clients = new Map([['O=prpack tests, CN=packager', ['register'] as const]]);

/** Status of a request with a client certificate, and perhaps a token beside it. */
async function statusAs(
  url: string,
  client?: string,
  token?: string,
  versions: object = {},
): Promise<number> {
  const identity = client === undefined ? {} : { cert: pem(client), key: pem(`${client}.key`) };
  const dispatcher = new Agent({ connect: { ca: pem('ca'), ...identity, ...versions } });
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { statusCode, body } = await request(url, { dispatcher, headers });
    await body.dump();
    return statusCode;
  } finally {
    await dispatcher.close();
  }
}

describe('a key server that speaks TLS', () => {
  it('knows clients by their certificates, and gives them their scopes', async () => {
    const server = await start({ tls, clients });
    const list = `${server.url}/v1/keys`;
    const audit = `${server.url}/v1/audit`;
    const token = await server.token('admin');
    expect(server.url).toMatch(/^https:/);
    expect({
      nobody: await statusAs(list),
      packager: await statusAs(list, 'packager'),
      'packager beyond its scopes': await statusAs(audit, 'packager'),
      'packager with a token': await statusAs(audit, 'packager', token),
      'packager with a wrong token': await statusAs(list, 'packager', 'wrong'),
      'a certificate that nobody was told of': await statusAs(list, 'stranger'),
      'the name of the packager, of another authority': await statusAs(list, 'impostor'),
      'a token alone': await statusAs(audit, undefined, token),
    }).toEqual({
      nobody: 401,
      packager: 200,
      'packager beyond its scopes': 403,
      'packager with a token': 200,
      'packager with a wrong token': 401,
      'a certificate that nobody was told of': 401,
      'the name of the packager, of another authority': 401,
      'a token alone': 200,
    });
  });

  it('asks for no certificates unless it was given their issuer', async () => {
    const server = await start({ tls: { cert: tls.cert, key: tls.key }, clients });
    expect(await statusAs(`${server.url}/v1/keys`, 'packager')).toBe(401);
  });

  it('speaks no TLS before 1.2', async () => {
    const server = await start({ tls });
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(statusAs(`${server.url}/health/live`, undefined, undefined, old)).rejects.toThrow();
    expect(await statusAs(`${server.url}/health/live`)).toBe(200);
  });

  it('is a key store for clients that have a certificate, and writes their name into the audit', async () => {
    const server = await start({ tls, clients });
    const environment = {
      PRPACK_KEY_STORE_CA_FILE: path('ca'),
      PRPACK_KEY_STORE_CERT_FILE: path('packager'),
      PRPACK_KEY_STORE_CERT_KEY_FILE: path('packager.key'),
    };
    const store = openKeyStore({ location: server.url, environment });
    const admin = openKeyStore({
      location: server.url,
      environment: {
        PRPACK_KEY_STORE_CA_FILE: path('ca'),
        PRPACK_KEY_STORE_TOKEN: await server.token('admin'),
      },
    });
    try {
      await store.register([registration()]);
      const { items } = await admin.audit();
      expect(items.map(({ actor }) => actor)).toEqual(['certificate O=prpack tests, CN=packager']);
    } finally {
      await Promise.all([store.close(), admin.close()]);
    }
  });

  it('is not believed by clients that do not know its authority', async () => {
    const server = await start({ tls });
    const store = openKeyStore({
      location: server.url,
      environment: { PRPACK_KEY_STORE_TOKEN: await server.token('register') },
    });
    await expect(store.list()).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('not trusted'),
    });
  });
});
