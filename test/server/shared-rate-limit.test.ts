import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { type RequestCounts, SharedRateLimit } from '../../src/server/shared-rate-limit.js';
import { startKeyServer } from '../../src/server/start.js';
import { KEK_HEX } from '../keystore/helpers.js';
import { describeWithPostgres } from '../support/postgres.js';
import { send } from './helpers.js';

const from = (remoteAddress: string) => ({ remoteAddress }) as Socket;
const ONE = from('192.0.2.1');

/** Counts of one second for all servers, which last as long as they are told to. */
function counts(endsInMs = () => 1000) {
  const taken = new Map<string, number>();
  const take = vi.fn<RequestCounts['take']>(async (network, wanted, most) => {
    const before = taken.get(network) ?? 0;
    taken.set(network, before + wanted);
    return { granted: Math.max(0, Math.min(wanted, most - before)), endsInMs: endsInMs() };
  });
  return { taken, take };
}

async function admitted(limit: SharedRateLimit, requests: number, socket = ONE): Promise<number> {
  const answers = await Promise.all(Array.from({ length: requests }, () => limit.admits(socket)));
  return answers.filter(Boolean).length;
}

describe('a rate limit of several servers', () => {
  it('lets through what all may, and what each begins its second with', async () => {
    const shared = counts();
    const servers = [1, 2, 3].map(() => new SharedRateLimit(shared, 100, () => 0));
    const through = await Promise.all(servers.map((server) => admitted(server, 200)));
    expect(through.reduce((sum, one) => sum + one)).toBe(100 + 3 * 5);
    expect(await admitted(servers[0]!, 10)).toBe(0);
    expect(await admitted(servers[0]!, 10, from('192.0.2.2'))).toBe(10);
  });

  it('asks for slices alone, and not for the requests of a slice', async () => {
    const shared = counts();
    const server = new SharedRateLimit(shared, 1000, () => 0);
    expect(await admitted(server, 50)).toBe(50); // with what it begins with
    expect(shared.take).not.toHaveBeenCalled();
    expect(await admitted(server, 2000)).toBe(1000);
    expect(shared.take).toHaveBeenCalledTimes(21); // the last of them was not there any more
    expect(await admitted(server, 2000)).toBe(0);
    expect(shared.take).toHaveBeenCalledTimes(21);
  });

  it('begins again with each second of the store', async () => {
    let now = 0;
    const shared = counts(() => 400);
    const server = new SharedRateLimit(shared, 20, () => now);
    expect(await admitted(server, 30)).toBe(21);
    now = 399;
    expect(await admitted(server, 30)).toBe(0);
    now = 400;
    shared.taken.clear();
    expect(await admitted(server, 30)).toBe(21);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('away'))],
    ['does not answer', () => new Promise<never>(() => {})],
  ])('counts for itself while the store %s', async (_, take) => {
    let now = 0;
    const server = new SharedRateLimit({ take }, 40, () => now);
    expect(await admitted(server, 100)).toBe(40);
    now = 1000;
    expect(await admitted(server, 100)).toBe(40);
  });
});

describeWithPostgres('key servers on one PostgreSQL', (postgres) => {
  it('let through together what one may', async () => {
    const location = await postgres().database();
    const store = { location, environment: { PRPACK_KEK: KEK_HEX } };
    const log = { level: 'silent' as const, stream: { write() {} } };
    const limits = { requestsPerSecond: 40 };
    const options = { host: '127.0.0.1', port: 0, store, log, limits };
    const servers = await Promise.all([startKeyServer(options), startKeyServer(options)]);
    await fetch(`${servers[0]!.url}/health/ready`); // makes the tables
    const second = async () => {
      const sql = 'select floor(extract(epoch from clock_timestamp()))::integer as s';
      return (await postgres().query<{ s: number }>(location, sql))[0]!.s;
    };
    const begin = await second();
    const asked = Array.from({ length: 400 }, (_, i) => send(`${servers[i % 2]!.url}/health/live`));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    const seconds = (await second()) - begin + 1;
    const through = statuses.filter((status) => status === 200).length;
    expect(through).toBeGreaterThanOrEqual(40);
    expect(through).toBeLessThanOrEqual(seconds * (40 + 2 * 4));
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    for (const server of servers) await server.close();
  });
});
