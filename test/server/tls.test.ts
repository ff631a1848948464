import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { readTlsFiles } from '../../src/keys/http/tls.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { readServerTls } from '../../src/server/tls-files.js';
import { registration } from '../keystore/helpers.js';
import { privateCopy } from '../support/private-copy.js';
import { temporaryFolder } from '../support/temporary.js';
import { serverStarter } from './helpers.js';

const start = serverStarter();
const temporary = temporaryFolder();
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
      PRPACK_KEY_STORE_CERT_KEY_FILE: privateCopy(path('packager.key')),
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

  it('takes other certificates while it runs, and keeps asking for those of clients', async () => {
    const server = await start({ tls, clients });
    const { port } = new URL(server.url);
    const presented = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(socket.getPeerX509Certificate()!.fingerprint256);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const fingerprint = (name: string) => new X509Certificate(pem(name)).fingerprint256;
    expect(await presented()).toBe(fingerprint('server'));
    server.reloadTls({ ...tls, cert: pem('packager'), key: pem('packager.key') });
    expect(await presented()).toBe(fingerprint('packager'));
    server.reloadTls(tls);
    expect(await statusAs(`${server.url}/v1/keys`, 'packager')).toBe(200);
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

describe('the files of a server that speaks TLS', () => {
  const files = { certificate: path('server'), privateKey: privateCopy(path('server.key')) };

  it('are read together', async () => {
    expect(await readServerTls({ ...files, clientAuthorities: path('ca') })).toMatchObject({
      cert: tls.cert,
      clientCa: tls.clientCa,
    });
  });

  it.skipIf(process.platform === 'win32')('are refused when others can use the private key', async () => {
    const open = temporary('open.key');
    writeFileSync(open, tls.key);
    for (const mode of [0o644, 0o640, 0o604]) {
      chmodSync(open, mode);
      await expect(readServerTls({ ...files, privateKey: open })).rejects.toMatchObject({
        code: 'KEY_INVALID',
        details: { path: open, remedy: expect.stringContaining('chmod 600') },
      });
    }
    const client = { certificate: path('packager'), privateKey: open };
    await expect(readTlsFiles(client)).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it.each([
    ['another key', { privateKey: privateCopy(path('packager.key')) }, 'KEY_INVALID'],
    ['no certificate', { certificate: files.privateKey }, 'KEY_INVALID'],
    ['no authority', { clientAuthorities: files.privateKey }, 'KEY_INVALID'],
    ['no file', { certificate: '/nowhere/a.pem' }, 'INPUT_NOT_FOUND'],
    ['no private key', { privateKey: '/nowhere/a.key' }, 'KEY_SOURCE_FAILED'],
  ])('are refused with %s', async (_title, more, code) => {
    const error = await readServerTls({ ...files, ...more }).catch((reason) => reason);
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error)).not.toContain('PRIVATE KEY');
  });
});
