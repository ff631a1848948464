import { afterEach, expect, it } from 'vitest';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { openPostgresTables } from '../../../src/keystore/postgres/open.js';
import { describeWithPostgres, type Postgres } from '../../support/postgres.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { registration, SHA, storeOver } from '../helpers.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A store behind a network that can fail. */
async function behindProxy(
  postgres: Postgres,
  patienceMs?: number,
): Promise<{ proxy: TcpProxy; store: KeyStore }> {
  const url = new URL(await postgres.database());
  const proxy = await TcpProxy.start(Number(url.port));
  url.port = `${proxy.port}`;
  const store = storeOver(openPostgresTables(url.href, {}, patienceMs));
  closing.push(
    () => proxy.close(),
    () => store.close(),
  );
  return { proxy, store };
}

describeWithPostgres('PostgreSQL behind a network that fails', (postgres) => {
  it('has each key once when the answer was lost after the commit', async () => {
    const { proxy, store } = await behindProxy(postgres());
    await store.register([registration()]);
    const one = registration();
    proxy.mode = 'cut-answer';
    await store.register([one]);
    expect(proxy.mode).toBe('forward');
    proxy.mode = 'cut-answer';
    await store.markActive([one.kid], { fingerprint: SHA });
    expect((await store.list()).items).toHaveLength(2);
    const { record, key } = (await store.get(one.kid))!;
    expect(record).toMatchObject({ state: 'active', outputs: [{ fingerprint: SHA }] });
    expect(key!.equals(one.key)).toBe(true);
    const operations = (await store.audit({ kid: one.kid })).items.map(
      (line) => `${line.operation} ${line.outcome}`,
    );
    expect(operations.filter((line) => line === 'register done')).toHaveLength(1);
    expect(operations.filter((line) => line === 'activate done')).toHaveLength(1);
  });

  it('does not try a policy again that takes the place of a certain one, when the answer was lost, and says so', async () => {
    const { proxy, store } = await behindProxy(postgres());
    const one = registration();
    await store.register([one]);
    proxy.mode = 'cut-answer';
    const unclear = { code: 'KEY_STORE_FAILED', details: { retryAfterSeconds: 1 } };
    await expect(store.replacePolicy(one.kid, { minSecurityLevel: 3000 }, 1)).rejects.toMatchObject(unclear);
    expect((await store.list({ kid: one.kid })).items[0]!.policyVersion ?? 1).toBeLessThanOrEqual(2);
  });

  it('is given up in time when nothing is answered, and found again', async () => {
    const { proxy, store } = await behindProxy(postgres(), 0);
    await store.register([registration()]);
    proxy.mode = 'swallow';
    const silent = {
      code: 'KEY_STORE_FAILED',
      message: expect.stringContaining('no answer in 3 seconds'),
      details: { retryAfterSeconds: 1, remedy: expect.any(String) },
    };
    await expect(store.register([registration()])).rejects.toMatchObject(silent);
    proxy.mode = 'forward';
    const late = registration();
    expect((await store.register([late]))[0]!.outcome).toBe('created');
    expect((await store.list()).items).toHaveLength(2);
  });
});
