import { randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKeyId } from '../../src/keys/key-id.js';
import { createKekFile } from '../../src/keystore/kek.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { registration } from '../keystore/helpers.js';
import { runCli } from '../support/cli.js';
import { questionsTo, writeKekProgram } from '../support/kek-program.js';
import { ROOT } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { startTestServer, type TestServer } from './helpers.js';

const temporary = temporaryFolder();
const DYING = pathToFileURL(`${ROOT}/test/support/dying-steps.mjs`).href;
/** More than one batch of a rewrap. */
const KEYS = 510;

let server: TestServer;
let kekFile: string;
let program: string;
let token: string;
const keys = new Map<string, string>();

beforeAll(async () => {
  kekFile = temporary('kek');
  await createKekFile(kekFile);
  program = writeKekProgram(temporary('kms'));
  const location = `sqlite:${temporary('keys.sqlite')}`;
  const store = { location, kekFile, kekCommand: program, environment: {} };
  const before = openKeyStore({ location, kekFile, environment: {} }); // the KEK of the file comes first
  await before.register([registration()]);
  await before.close();
  server = await startTestServer(temporary('server'), { store, limits: { requestsPerSecond: 1e6 } });
  token = await server.token('register', 'read-keys', 'admin'); // admin: many keys of one content
  for (let count = 0; count < KEYS; count++) keys.set(newKeyId(), randomBytes(16).toString('hex'));
  const body = { keys: [...keys].map(([kid, key]) => ({ kid, key, contentId: 'film' })) };
  expect((await server.fetch('/v1/keys', { method: 'POST', token, body })).status).toBe(200);
});
afterAll(() => server.close());

/** A rewrap of the server's store by another process, which dies before this step; never without it. */
async function rewrap(dieAt = 0) {
  const args = ['keys', 'rewrap', '--key-store', server.keyStore, '--kek-file', kekFile];
  const { exitCode, stderr } = await runCli(args, {
    env: { DIE_AT: `${dieAt}` },
    nodeArgs: ['--import', DYING],
  });
  return { exitCode, steps: Number(/steps: (\d+)/.exec(stderr)?.[1]), stderr };
}

/** What a packager and a license server get from one round of requests. */
async function round(): Promise<void> {
  const held = await server.fetch('/v1/content-keys?contentId=film', { token });
  expect([held.status, held.text.slice(0, 300)]).toEqual([200, expect.any(String)]);
  const found = new Map<string, string>();
  for (const { record, key } of held.json.items) found.set(record.kid, key);
  expect(found).toEqual(keys);
  const [kid, key] = [...keys][Math.floor(Math.random() * KEYS)]!;
  const again = { method: 'PUT', token, body: { key, contentId: 'film' } };
  expect((await server.fetch(`/v1/keys/${kid}`, again)).status).toBe(200);
  const body = { key: randomBytes(16).toString('hex'), contentId: 'another' };
  expect((await server.fetch(`/v1/keys/${newKeyId()}`, { method: 'PUT', token, body })).status).toBe(201);
}

/** Rounds without a pause until the work is done, and one after it. */
async function roundsDuring<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) await round();
  await round();
  return done;
}

describe('a rewrap under a running server', () => {
  it('holds up neither reads nor writes', async () => {
    const { exitCode, steps } = await roundsDuring(rewrap());
    expect(exitCode).toBe(0);
    expect(steps).toBeGreaterThan(10);
  });

  async function dieAndFinish(step: number): Promise<void> {
    expect((await roundsDuring(rewrap(step))).exitCode).toBeNull();
    const { exitCode, stderr } = await roundsDuring(rewrap());
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  }

  it('leaves every key readable when it dies, and is finished by the next one', async () => {
    const { steps } = await rewrap();
    for (const share of [0.4, 0.75, 0.95]) await dieAndFinish(Math.ceil(steps * share));
  });

  it.skipIf(!SWEEPS)(
    `leaves every key readable when it dies at any step ${BY_SWEEPS}`,
    async () => {
      const { steps } = await rewrap();
      for (let step = 1; step <= steps; step++) await dieAndFinish(step);
    },
    600_000,
  );

  it('moves the KEK to a KEK command and back', async () => {
    for (const more of [
      ['--kek-command', program],
      ['--kek-command', program, '--to', 'file'],
    ]) {
      const args = ['keys', 'rewrap', '--key-store', server.keyStore, '--kek-file', kekFile, ...more];
      expect((await roundsDuring(runCli(args))).exitCode).toBe(0);
    }
    const operations = questionsTo(program).map(({ operation }) => operation);
    expect(operations).toEqual(['wrap', 'unwrap', 'unwrap', 'unwrap']); // made · by the server · for the way back
  });

  it('is one at a time', async () => {
    const ends = await Promise.all([rewrap(), rewrap(), rewrap()]);
    for (const { exitCode, stderr } of ends) {
      if (exitCode !== 0)
        expect([exitCode, stderr]).toEqual([5, expect.stringContaining('KEY_SOURCE_FAILED')]);
    }
    expect(ends.some(({ exitCode }) => exitCode === 0)).toBe(true);
    await round();
  });
});
