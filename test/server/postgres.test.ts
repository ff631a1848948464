import { randomBytes } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { newKeyId } from '../../src/keys/key-id.js';
import { openTokens } from '../../src/server/access/open-tokens.js';
import { startKeyServer } from '../../src/server/start.js';
import { KEK_HEX } from '../keystore/helpers.js';
import { describeWithPostgres, POSTGRES_PASSWORD } from '../support/postgres.js';
import { send, serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();

describeWithPostgres('key servers on one PostgreSQL', (postgres) => {
  const starter = async () => {
    const store = { location: await postgres().database(), environment: { PRPACK_KEK: KEK_HEX } };
    return () => start({ store });
  };

  async function put({ url }: Pick<TestServer, 'url'>, token: string, kid = newKeyId()) {
    const body = { key: randomBytes(16).toString('hex'), contentId: kid };
    return { kid, ...(await send(`${url}/v1/keys/${kid}`, { method: 'PUT', token, body })) };
  }

  it('give out what another registered, and note who did what', async () => {
    const another = await starter();
    const [one, other] = [await another(), await another()];
    const [writer, reader] = [await one.token('register'), await other.token('read-keys', 'admin')];
    const { kid, status } = await put(one, writer);
    expect(status).toBe(201);
    expect((await other.fetch(`/v1/keys/${kid}/key`, { token: reader })).status).toBe(200);
    const { json } = await other.fetch(`/v1/audit?kid=${kid}`, { token: reader });
    const lines = json.items.map(({ operation, actor }: Record<string, string>) => [operation, actor]);
    expect(lines).toEqual([
      ['register', expect.stringContaining('test register')],
      ['open', expect.stringContaining('test read-keys')],
    ]);
    expect([...one.log, ...other.log].join('')).not.toContain(POSTGRES_PASSWORD);
  });

  it('work for all callers with the connections of one pool', async () => {
    const location = await postgres().database();
    const store = { location, environment: { PRPACK_KEK: KEK_HEX } };
    const server = await startKeyServer({
      host: '127.0.0.1',
      port: 0,
      store,
      log: { level: 'silent', stream: { write() {} } },
    });
    const tokens = openTokens(store);
    const made = ['a', 'b', 'c', 'd'].map((name) => tokens.create({ name, scopes: ['register', 'admin'] }));
    const callers = await Promise.all(made);
    const all = Array.from({ length: 64 }, (_, i) => put(server, callers[i % 4]!.token));
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(all.map(() => 201));
    const sql =
      "select count(*)::integer as n from pg_stat_activity where application_name = 'prpack' and datname = $1";
    const [row] = await postgres().query<{ n: number }>(location, sql, [new URL(location).pathname.slice(1)]);
    expect(row!.n).toBeLessThanOrEqual(10);
    const { json } = await send(`${server.url}/v1/audit`, { token: callers[0]!.token });
    const names = new Set(json.items.map(({ actor }: { actor: string }) => actor));
    expect([...names].sort()).toEqual(
      ['a', 'b', 'c', 'd'].map((name) => expect.stringContaining(`token ${name} `)),
    );
    await Promise.all([tokens.close(), server.close()]);
  });

  it('say that the database is away, and go on when it is back', async () => {
    const server = await (await starter())();
    const token = await server.token('register');
    expect((await put(server, token)).status).toBe(201);
    postgres().stop('immediate');
    const [written, ready] = await Promise.all([put(server, token), server.fetch('/health/ready')]);
    expect(written.json).toMatchObject({ status: 503, code: 'KEY_STORE_FAILED', retryAfterSeconds: 1 });
    expect([ready.status, (await server.fetch('/health/live')).status]).toEqual([503, 200]);
    postgres().start();
    expect((await put(server, token)).status).toBe(201);
    const isReady = async () => expect((await server.fetch('/health/ready')).status).toBe(200);
    await vi.waitFor(isReady, { timeout: 10_000 }); // the answer before is kept for a moment
    expect(server.log.join('')).not.toContain(POSTGRES_PASSWORD);
  });
});
