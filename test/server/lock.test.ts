import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import { newKeyId } from '../../src/keys/key-id.js';
import { writeKekProgram } from '../support/kek-program.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const temporary = temporaryFolder();

async function put({ fetch }: TestServer, token: string) {
  const kid = newKeyId();
  const body = { key: randomBytes(16).toString('hex'), contentId: kid };
  return { kid, ...(await fetch(`/v1/keys/${kid}`, { method: 'PUT', token, body })) };
}

it('goes on under a lock that another process holds: writes are refused after a while, nothing else waits', async () => {
  const server = await start();
  const token = await server.token('register', 'read-keys');
  const { kid } = await put(server, token);
  const other = new DatabaseSync(server.storeLocation.slice('sqlite:'.length));
  other.exec('begin immediate');
  const ended: string[] = [];
  const noting = async <T>(name: string, work: Promise<T>) => {
    const answer = await work;
    ended.push(name);
    return answer;
  };
  const written = noting('write', put(server, token));
  const ready = noting('ready', server.fetch('/health/ready'));
  for (let i = 0; i < 3; i++) {
    expect((await noting('live', server.fetch('/health/live'))).status).toBe(200);
    expect((await noting('read', server.fetch(`/v1/keys/${kid}/key`, { token }))).status).toBe(200);
  }
  expect((await written).json).toMatchObject({ status: 503, code: 'KEY_STORE_FAILED', retryAfterSeconds: 1 });
  expect((await written).headers.get('retry-after')).toBe('1');
  expect([(await ready).status, (await ready).headers.get('retry-after')]).toEqual([503, '1']);
  expect(ended.indexOf('read')).toBeLessThan(ended.indexOf('write'));
  expect(ended.indexOf('ready')).toBeLessThan(ended.indexOf('write'));

  other.exec('rollback');
  other.close();
  expect((await put(server, token)).status).toBe(201);
});

it('lets a write wait for a lock that is short', async () => {
  const server = await start();
  const token = await server.token('register');
  await put(server, token);
  const other = new DatabaseSync(server.storeLocation.slice('sqlite:'.length));
  other.exec('begin immediate');
  const written = put(server, token);
  expect((await server.fetch('/health/live')).status).toBe(200);
  other.exec('rollback');
  other.close();
  expect((await written).status).toBe(201);
});

it.skipIf(!SWEEPS)(
  `waits for a KEK command as long as that may take ${BY_SWEEPS}`,
  async () => {
    const folder = temporary('kek-command');
    mkdirSync(folder);
    const slowly = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5500);';
    const kekCommand = writeKekProgram(join(folder, 'kek'), slowly);
    const server = await start({
      store: { location: `sqlite:${folder}/keys.sqlite`, kekCommand, environment: {} },
    });
    expect((await put(server, await server.token('register'))).status).toBe(201);
  },
  30_000,
);
