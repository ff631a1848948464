import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSkmServer, type TestSkmServer } from '../keystore/skm/skm-server.js';
import { runCliJson } from '../support/cli.js';
import { sample, testMedia } from '../support/samples.js';
import { filesBelow } from '../support/secrets.js';
import { temporaryFolder } from '../support/temporary.js';

const INPUT = sample('bars.mp4');
const KEK = '000102030405060708090a0b0c0d0e0f';
const certificate = (name: string) =>
  fileURLToPath(new URL(`../keys/http/certificates/${name}`, import.meta.url));
const inFolder = temporaryFolder();

describe.each([
  ['HTTP', false],
  ['TLS', true],
])('an SKM server over %s as the key store of prpack', (name, isTls) => {
  let server: TestSkmServer;
  let env: Record<string, string>;
  const data = inFolder(`${name}/data`);

  beforeAll(async () => {
    mkdirSync(inFolder(name));
    const tls = {
      key: readFileSync(certificate('server.key')),
      cert: readFileSync(certificate('server.pem')),
    };
    server = await startSkmServer(isTls ? tls : undefined);
    env = {
      PRPACK_KEK: KEK,
      PRPACK_KEY_STORE: `skm+${server.url}`,
      XDG_DATA_HOME: data,
      ...(isTls && { PRPACK_KEY_STORE_CA_FILE: certificate('ca.pem') }),
    };
  });
  afterAll(() => server.close());

  const run = (...args: string[]) => runCliJson(args, { env });
  const encryptTo = (output: string, ...more: string[]) =>
    run('encrypt', INPUT, output, '--content-id', 'film', '--key-per', 'type', ...more);
  const kidsOf = (tracks: { kid: string }[]) => tracks.map(({ kid }) => kid);

  it('gives a rerun the keys of its content, and lets it know finished work', async () => {
    const output = inFolder(`${name}/out.mp4`);
    const first = await encryptTo(output);
    expect(first).toMatchObject({ exitCode: 0, json: { unchanged: false, keyStore: `skm+${server.url}` } });
    expect(new Set(kidsOf(first.json.tracks)).size).toBe(2);
    const second = await encryptTo(output);
    expect(second).toMatchObject({ exitCode: 0, json: { unchanged: true } });
    expect(kidsOf(second.json.tracks)).toEqual(kidsOf(first.json.tracks));
    rmSync(output); // as a crash between registration and publication leaves it
    const third = await encryptTo(output);
    expect(third).toMatchObject({ exitCode: 0, json: { unchanged: false } });
    expect(kidsOf(third.json.tracks)).toEqual(kidsOf(first.json.tracks));
    expect(server.objects.size).toBe(2);
  });

  it('shows and lists what was registered here, with the files that need it', async () => {
    const { json: listed } = await run('keys', 'list', '--content-id', 'film');
    expect(listed.map(({ label, state }: Record<string, string>) => [label, state]).sort()).toEqual([
      ['audio', 'active'],
      ['video', 'active'],
    ]);
    expect(listed[0].outputs).toHaveLength(2);
    const { json: shown } = await run('keys', 'show', listed[0].kid, '--reveal');
    expect(shown).toMatchObject({ kid: listed[0].kid, key: expect.stringMatching(/^[0-9a-f]{32}$/) });
    for (const text of filesBelow(join(data, 'prpack')).values()) {
      for (const secret of [shown.key, KEK]) {
        expect(text.includes(secret)).toBe(false);
        expect(text.includes(Buffer.from(secret, 'hex'))).toBe(false);
      }
    }
    expect(existsSync(join(data, 'prpack', 'keys.sqlite'))).toBe(false);
  });

  it('lets a batch go on', async () => {
    const [media, out] = [inFolder(`${name}/media`), inFolder(`${name}/batch`)];
    mkdirSync(media);
    for (const film of ['a', 'b', 'c']) copyFileSync(testMedia('opus.mp4'), join(media, `${film}.mp4`));
    const batch = (...more: string[]) => run('batch', media, '--out-dir', out, ...more);
    expect(await batch()).toMatchObject({ exitCode: 0, json: { done: 3, skipped: 0 } });
    expect(await batch('--resume')).toMatchObject({ exitCode: 0, json: { done: 0, skipped: 3 } });
    rmSync(join(out, 'b.enc.mp4'));
    const keys = server.objects.size;
    expect(await batch('--resume')).toMatchObject({ exitCode: 0, json: { done: 1, skipped: 2 } });
    expect(server.objects.size).toBe(keys); // the key that its content has already
  });

  it('keeps the keys of processes that work at once', async () => {
    const films = Array.from({ length: 4 }, (_, i) => `at once ${i}`);
    const encryptEach = () =>
      Promise.all(
        films.map((film) =>
          run('encrypt', testMedia('opus.mp4'), inFolder(`${name}/${film}.mp4`), '--content-id', film),
        ),
      );
    const [first, second] = [await encryptEach(), await encryptEach()];
    expect(first.map(({ exitCode, json }) => [exitCode, json.unchanged])).toEqual(
      films.map(() => [0, false]),
    );
    expect(second.map(({ exitCode, json }) => [exitCode, json.unchanged])).toEqual(
      films.map(() => [0, true]),
    );
  });
});
