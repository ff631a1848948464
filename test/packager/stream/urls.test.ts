import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encrypt } from '../../../src/index.js';
import { certificatePath, certificateText } from '../../keys/cpix/documents.js';
import { runCli, runCliJson } from '../../support/cli.js';
import { encryptTo, KEY, KID, testKeys, tracesOf } from '../../support/jobs.js';
import { fingerprintsOf } from '../../support/sample-hashes.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const KEYS = { PRPACK_KID: KID, PRPACK_KEY: KEY };
const INPUT = sample('bars.mp4');

const servers: Worker[] = [];

/** The origin of a server of a file. */
async function serve(path: string, tls?: { cert: string; key: string }): Promise<string> {
  const bytes = new Uint8Array(readFileSync(path));
  const server = new Worker(new URL('../../bytes/range-server.mjs', import.meta.url), {
    workerData: { bytes, tls },
  });
  servers.push(server);
  const [{ port }] = await once(server, 'message');
  return tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
}

let origin: string;
beforeAll(async () => {
  origin = await serve(INPUT);
});
afterAll(() => Promise.all(servers.map((server) => server.terminate())));

describe('an input by its URL', () => {
  it.each(['plain', 'unavailable', 'cut', 'moved'])('%s: is encrypted as the file is', async (path) => {
    const output = temporary(`${path}.mp4`);
    await encrypt({ input: `${origin}/${path}`, output, keys: testKeys });
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(INPUT));
  });

  it('gives its content the name of the file, and its query to nobody', async () => {
    const output = temporary('query.mp4');
    const { exitCode, json, stderr } = await runCliJson(
      ['encrypt', `${origin}/plain.mp4?signature=geheim`, output, '--no-register'],
      { env: KEYS },
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(json).toMatchObject({ input: `${origin}/plain.mp4`, contentId: 'plain' });
    expect(JSON.stringify(json)).not.toContain('geheim');
  });

  it('is inspected', async () => {
    const { exitCode, json } = await runCliJson(['inspect', `${origin}/plain?signature=geheim`]);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ path: `${origin}/plain`, bytes: readFileSync(INPUT).length });
  });

  it('is decrypted', async () => {
    const encrypted = temporary('encrypted.mp4');
    await encryptTo(INPUT, encrypted);
    const output = temporary('decrypted.mp4');
    const url = `${await serve(encrypted)}/plain`;
    const { exitCode, stderr } = await runCli(['decrypt', url, output], { env: KEYS });
    expect(exitCode, stderr).toBe(0);
    expect(fingerprintsOf(output)).toEqual(fingerprintsOf(INPUT));
  });

  it('goes into a pipe', async () => {
    const output = temporary('piped.mp4');
    const result = await runCli(['encrypt', `${origin}/plain`, '-', '--no-register', '--json'], {
      env: KEYS,
    });
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stderr)).toMatchObject({ output: '-', contentId: 'plain' });
    expect(tracesOf(output)).toEqual([]);
  });

  it.each([
    ['missing', 3, 'INPUT_NOT_FOUND'],
    ['no-ranges', 3, 'INPUT_UNREADABLE'],
    ['forbidden', 3, 'INPUT_UNREADABLE'],
  ])('%s: exit code %i, no output, no secret', async (path, code, name) => {
    const output = temporary(`${path}-failed.mp4`);
    const url = `${origin}/${path}?signature=geheim`.replace('//', '//user:passwort@');
    const { exitCode, stdout, stderr } = await runCli(['encrypt', url, output, '--no-register'], {
      env: KEYS,
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
    expect(stderr).toContain(`[${name}]`);
    expect(stderr).not.toMatch(/geheim|passwort/);
    expect(tracesOf(output)).toEqual([]);
  });
});

describe('the way to the server', () => {
  /** The first thing that a proxy is asked for while an input is inspected. */
  async function askedOfProxy(url: string, env: Record<string, string>) {
    const [proxy] = servers;
    proxy.postMessage('log');
    await once(proxy, 'message');
    const { exitCode, stderr } = await runCli(['inspect', url], { env });
    expect(exitCode, stderr).toBe(0);
    proxy.postMessage('log');
    const [{ log }] = await once(proxy, 'message');
    return log[0];
  }

  it('leads through a proxy where the environment names one', async () => {
    const asked = await askedOfProxy('http://media.example/plain', {
      HTTP_PROXY: origin,
      http_proxy: origin,
    });
    expect(asked).toMatchObject({ path: 'plain', host: 'media.example' });
  });

  it('leads through a tunnel to an https server', async () => {
    const tls = { cert: certificateText('server.pem'), key: certificateText('server.key') };
    const server = await serve(INPUT, tls);
    const trust = { NODE_EXTRA_CA_CERTS: certificatePath('ca.pem') };
    const asked = await askedOfProxy(`${server}/plain`, {
      HTTPS_PROXY: origin,
      https_proxy: origin,
      ...trust,
    });
    expect(asked).toEqual({ path: 'CONNECT', host: server.replace('https://', '') });
  });

  it('is verified: a certificate of nobody is refused, whatever the environment says', async () => {
    const tls = { cert: certificateText('server.pem'), key: certificateText('server.key') };
    const url = `${await serve(INPUT, tls)}/plain`;
    const trusting = await runCli(['inspect', url], {
      env: { NODE_EXTRA_CA_CERTS: certificatePath('ca.pem') },
    });
    expect(trusting.exitCode, trusting.stderr).toBe(0);
    const { exitCode, stderr } = await runCli(['inspect', url], {
      env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS');
  });
});

describe('standard input', () => {
  it.each([
    ['inspect', '-'],
    ['decrypt', '-', 'out.mp4'],
  ])('%s %s: is refused with a hint', async (...args) => {
    const { exitCode, stderr } = await runCli(args, { env: KEYS });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Write it to a file first');
  });
});
