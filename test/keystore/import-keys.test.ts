import { afterEach, describe, expect, it } from 'vitest';
import { importKeys } from '../../src/keystore/import-keys.js';
import type { KeyStore } from '../../src/keystore/key-store.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { scratchDirectories } from '../keys/scratch.js';
import { registration, SHA, storeIn } from './helpers.js';
import { startSkmServer } from './skm/skm-server.js';

const scratch = scratchDirectories();
const stores: KeyStore[] = [];
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));

function freshStore(): KeyStore {
  const store = storeIn(scratch());
  stores.push(store);
  return store;
}

describe('importKeys', () => {
  const active = {
    ...registration(),
    state: 'active' as const,
    outputs: [{ fingerprint: SHA, madeFrom: 'x' }],
  };
  const revoked = { ...registration(), state: 'revoked' as const, outputs: [{ fingerprint: SHA }] };
  const pending = { ...registration(), state: 'pending' as const };
  const all = [active, revoked, pending];

  it('restores states and published files, once', async () => {
    const store = freshStore();
    const first = await importKeys(store, all);
    expect(first).toMatchObject({ created: 3, unchanged: 0 });
    expect(first.records).toMatchObject(
      all.map(({ kid, state, ...rest }) => ({ kid, state, outputs: 'outputs' in rest ? rest.outputs : [] })),
    );
    expect(await importKeys(store, all)).toEqual({ created: 0, unchanged: 3, records: first.records });
  });

  it.each(['markActive', 'revoke'] as const)('is finished by a repetition, when %s failed', async (name) => {
    const store = freshStore();
    const failing = new Proxy(store, {
      get(target, property) {
        if (property === name)
          return async (kids: unknown[]) => kids.length > 0 && Promise.reject(new Error('power loss'));
        const value = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    await expect(importKeys(failing, all)).rejects.toThrow('power loss');
    const { records } = await importKeys(store, all);
    expect(records.map(({ state }) => state)).toEqual(['active', 'revoked', 'pending']);
  });

  it('does not bring a revoked key back to life', async () => {
    const store = freshStore();
    await importKeys(store, [revoked]);
    for (const state of ['pending', 'active'] as const) {
      const again = { ...revoked, state };
      await expect(importKeys(store, [pending, again])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    }
    expect((await store.list()).items.map(({ kid, state }) => [kid, state])).toEqual([
      [revoked.kid, 'revoked'],
    ]);
  });

  it('takes no revoked key to a store that cannot keep it revoked', async () => {
    const server = await startSkmServer();
    const environment = { PRPACK_KEK: '00'.repeat(16), XDG_DATA_HOME: scratch() };
    const store = openKeyStore({ location: `skm+${server.url}`, environment });
    stores.push(store);
    await expect(importKeys(store, all)).rejects.toMatchObject({ code: 'KEY_STORE_FAILED' });
    expect(server.objects.size).toBe(0);
    expect((await importKeys(store, [active])).records).toMatchObject([{ state: 'active' }]);
    await server.close();
  });
});
