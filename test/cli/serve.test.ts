import type { ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';
import { failureOfCli } from './failure.js';

const temporary = temporaryFolder();
const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';

let count = 0;
/** An environment with a key store of its own. */
function environment(): Record<string, string> {
  const home = temporary(`home-${++count}`);
  return { HOME: home, XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config` };
}

/** Runs `prpack serve` while `work` is done against it. */
async function serving(
  env: Record<string, string>,
  args: readonly string[],
  work: (url: string, child: ChildProcess) => Promise<void>,
) {
  let failure: unknown;
  const result = await runCli(['serve', '--port', '0', ...args], {
    env,
    onStart(child) {
      let said = '';
      const listen = (part: Buffer) => {
        said += part.toString();
        const url = /Listening on (\S+)/.exec(said)?.[1];
        if (!url) return;
        child.stderr!.off('data', listen);
        work(url, child)
          .catch((error) => {
            failure = error;
          })
          .finally(() => child.kill('SIGTERM'));
      };
      child.stderr!.on('data', listen);
    },
  });
  if (failure) throw failure;
  return result;
}

describe('prpack serve', () => {
  it('starts with one command, says where and what it serves, and stops at SIGTERM', async () => {
    const env = environment();
    const { exitCode, stderr, stdout } = await serving(env, ['--log-level', 'silent'], async (url) => {
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    });
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).toContain(`sqlite:${env.XDG_DATA_HOME}/prpack/keys.sqlite`);
    expect(stderr).toContain('/openapi.json');
    expect(stderr).toContain('serve token create');
  });

  it('lets in whom a token was made for, until it is revoked', async () => {
    const env = environment();
    const create = [
      'serve',
      'token',
      'create',
      '--name',
      'packager',
      '--scope',
      'register',
      '--scope',
      'admin',
    ];
    const { stdout: token, stderr } = await runCli(create, { env });
    expect(token).toMatch(/^prpack_[0-9a-f]{8}_[A-Za-z0-9_-]{32}\n$/);
    const [id] = /[0-9a-f]{8}/.exec(stderr)!;
    const headers = { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ key: KEY, contentId: 'film' });
    const { stderr: log, exitCode } = await serving(env, ['--log-level', 'trace'], async (url) => {
      const put = await fetch(`${url}/v1/keys/${KID}`, { method: 'PUT', headers, body });
      expect(put.status).toBe(201);
      const { json } = await runCliJson(['serve', 'token', 'revoke', id!], { env });
      expect(json).toMatchObject([{ id, name: 'packager', revokedAt: expect.any(String) }]);
      const status = async () => (await fetch(`${url}/v1/keys`, { headers })).status;
      await expect.poll(status, { timeout: 5000 }).toBe(401); // within a second
    });
    expect(exitCode).toBe(0);
    expect(log).toContain('"route":"/v1/keys/:kid"');
    expect(log).not.toContain(KEY);
    expect(log).not.toContain(token.slice(16).trim());
    const { json } = await runCliJson(['serve', 'token', 'list'], { env });
    expect(json).toMatchObject([{ id, scopes: ['register', 'admin'] }]);
    expect(JSON.stringify(json)).not.toContain('sha256');
    const { json: keys } = await runCliJson(['keys', 'list'], { env });
    expect(keys).toMatchObject([{ kid: KID, contentId: 'film', state: 'pending' }]);
  });

  it('keeps tokens beside the key store that is named, and finds them there', async () => {
    const env = environment();
    const store = temporary(`store-${count}`);
    const at = ['--key-store', `sqlite:${store}/keys.sqlite`];
    const made = ['--name', 'packager', '--scope', 'register'];
    const { json: token } = await runCliJson(['serve', 'token', 'create', ...made, ...at], { env });
    expect(existsSync(`${env.XDG_DATA_HOME}/prpack`)).toBe(false);
    const { json: listed } = await runCliJson(['serve', 'token', 'list', ...at], { env });
    expect(listed).toMatchObject([{ id: token.id }]);
    const { json: revoked } = await runCliJson(['serve', 'token', 'revoke', token.id, ...at], { env });
    expect(revoked).toMatchObject([{ id: token.id, revokedAt: expect.any(String) }]);
  });

  it.skipIf(process.platform === 'win32').each([
    ['alone', []],
    ['with several processes', ['--workers', '2']],
  ])('reads its certificates again at SIGHUP, %s', async (_, flags) => {
    const env = environment();
    const folder = temporary(`tls-${count}`);
    mkdirSync(folder);
    const [cert, key] = [join(folder, 'server.pem'), join(folder, 'server.key')];
    const put = (name: string) => {
      copyFileSync(new URL(`../server/certificates/${name}.pem`, import.meta.url), cert);
      copyFileSync(new URL(`../server/certificates/${name}.key.pem`, import.meta.url), key);
      chmodSync(key, 0o600);
    };
    put('server');
    const subjectOf = (port: string) =>
      new Promise((resolve) => {
        const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(socket.getPeerX509Certificate()!.subject);
          socket.destroy();
        });
      });
    const args = ['--tls-cert', cert, '--tls-key', key, ...flags];
    const { stderr } = await serving(env, args, async (url, child) => {
      const said = (text: RegExp) =>
        new Promise<void>((resolve) => {
          let heard = '';
          child.stderr!.on('data', (part) => {
            heard += part;
            if (text.test(heard)) resolve();
          });
        });
      const { port } = new URL(url);
      const first = await subjectOf(port);
      put('packager');
      const reloaded = said(/read again/);
      child.kill('SIGHUP');
      await reloaded;
      await expect.poll(() => subjectOf(port), { timeout: 5000 }).not.toBe(first);
      await expect.poll(() => subjectOf(port), { timeout: 5000 }).not.toBe(first); // of each process
      chmodSync(key, 0o644);
      const kept = said(/stay as they were/);
      child.kill('SIGHUP');
      await kept;
      expect(await subjectOf(port)).toContain('packager');
    });
    expect(stderr).toContain('chmod 600');
  });

  it('writes a token to a new file for its owner alone, bound to contents and a time', async () => {
    const env = environment();
    const out = temporary(`out-${count}.token`);
    const create = ['serve', 'token', 'create', '--name', 'studio', '--scope', 'register', '--out', out];
    const bound = ['--content-prefix', 'studio/', '--expires', '90d'];
    const { json } = await runCliJson([...create, ...bound], { env });
    const token = readFileSync(out, 'utf8');
    expect(token).toMatch(/^prpack_[0-9a-f]{8}_[A-Za-z0-9_-]{32}\n$/);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(json)).not.toContain(token.slice(16).trim());
    expect(json).toMatchObject({ name: 'studio', contentPrefix: 'studio/', path: out });
    expect(Date.parse(json.expiresAt) - Date.parse(json.createdAt)).toBe(90 * 86_400_000);
    const again = await runCli(create, { env });
    expect([again.exitCode, again.stdout]).toEqual([6, '']);
    expect(readFileSync(out, 'utf8')).toBe(token);
    const { stdout: listed } = await runCli(['serve', 'token', 'list'], { env });
    expect(listed).toContain('studio/…');
    expect(listed.trim().split('\n')).toHaveLength(2);
  });

  it('says that a port is taken', async () => {
    const env = environment();
    await serving(env, [], async (url) => {
      const { exitCode, stderr } = await runCli(['serve', '--port', new URL(url).port], { env });
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/EADDRINUSE[\s\S]*--port/);
    });
  });

  it.each([
    { args: ['--host', '0.0.0.0'], says: '--insecure-http' },
    { args: ['--tls-cert', 'a.pem'], says: '--tls-key' },
    { args: ['--client', 'CN=a=admin'], says: '--tls-client-ca' },
    { args: ['--clear-key-origin', '*'], says: '--clear-key' },
    { args: ['--clear-key', '--clear-key-origin', 'https://a.example/path'], says: 'an origin such as' },
    { args: ['--port', '70000'], says: '65535' },
    { args: ['--log-level', 'loud'], says: 'silent or error' },
    { args: ['--rightsmanager-upstream', 'example.com'], says: 'a whole http or https URL' },
    {
      args: ['--tls-cert', 'c', '--tls-key', 'k', '--tls-client-ca', 'a', '--client', 'x'],
      says: '<subject>=<scopes>',
    },
    { args: ['token', 'revoke', 'ffffffff', '--token-dir', '/nowhere'], says: 'no token with this id' },
    { args: ['token', 'create', '--name', 'x', '--scope', 'all'], says: 'read-keys' },
    { args: ['token', 'create', '--scope', 'admin'], says: '--name' },
    {
      args: ['token', 'create', '--name', 'x', '--scope', 'admin', '--expires', '90'],
      says: '12h, 90d or 4w',
    },
    { args: ['token', 'list', '--port', '80'], says: "unknown option '--port'" },
    {
      args: ['--key-store', 'sqlite:keys.sqlite', 'token', 'list'],
      says: "--key-store has no effect before 'token'",
    },
  ])('refuses $args', async ({ args, says }) => {
    const { text } = await failureOfCli(['serve', ...args]);
    expect(text).toContain(says);
  });
});
