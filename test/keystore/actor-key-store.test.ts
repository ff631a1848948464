import { expect, it } from 'vitest';
import { actorKeyStore } from '../../src/keystore/actor-key-store.js';
import type { KeyStore, SharedKeyStore } from '../../src/keystore/key-store.js';
import { KeyEncryptionKey } from '../../src/keystore/key-wrap.js';
import { PromptReadAudit } from '../../src/keystore/read-audit.js';
import { DatabaseFile } from '../../src/keystore/sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../../src/keystore/sqlite/migrations.js';
import { SqliteTables } from '../../src/keystore/sqlite/sqlite-tables.js';
import { TableKeyStore } from '../../src/keystore/table-key-store.js';
import { scratchDirectories } from '../keys/scratch.js';
import { fixedKek, NO_KID, registration, SHA, storePath } from './helpers.js';

const scratch = scratchDirectories();

it('notes each call of one store for who made it, however the calls of many interleave', async () => {
  const tables = new SqliteTables(new DatabaseFile(storePath(scratch()), KEY_STORE_SCHEMA));
  const shared = new TableKeyStore({ tables, kek: fixedKek(), readAudit: new PromptReadAudit(tables) });
  const actors = ['anna', 'bert', 'cleo'].map((actor) => ({
    actor,
    store: actorKeyStore(shared, actor),
  }));
  const lives = actors.map(async ({ actor, store }) => {
    const one = registration({ contentId: actor });
    await store.register([one]);
    await store.markActive([one.kid], { fingerprint: SHA });
    await Promise.all([store.get(one.kid), store.findByContentId(actor)]);
    await store.replacePolicy(one.kid, { minSecurityLevel: 2000 });
    await store.revoke([one.kid]);
  });
  await Promise.all(lives);
  const { items } = await shared.audit('dora');
  expect(items).toHaveLength(18);
  for (const { actor, contentId } of items) expect(actor).toBe(contentId);
  await shared.close();
});

it('passes every call on, with the actor before its arguments', async () => {
  const calls: unknown[] = [];
  const shared = new Proxy({} as SharedKeyStore, {
    get:
      (_, name) =>
      async (...args: unknown[]) =>
        void calls.push([name, ...args]),
  });
  const store = actorKeyStore(shared, 'anna');
  const kek = KeyEncryptionKey.random();
  const keep = async () => {};
  const asked: { [Call in Exclude<keyof SharedKeyStore, 'location' | 'close'>]: Parameters<KeyStore[Call]> } =
    {
      register: [[registration()]],
      markActive: [[NO_KID], { fingerprint: SHA }],
      get: [NO_KID],
      findByContentId: ['movie', { period: 1 }],
      list: [{ label: 'HD' }, { limit: 1 }],
      revoke: [[NO_KID]],
      replacePolicy: [NO_KID, {}, 1],
      rewrap: [kek],
      audit: [{ kid: NO_KID }, { limit: 1 }],
      pruneAudit: ['2026-01-01T00:00:00.000Z', keep],
      probe: [],
    };
  for (const [name, args] of Object.entries(asked)) {
    await (store[name as 'get'] as (...args: unknown[]) => Promise<unknown>)(...args);
  }
  expect(calls).toEqual(Object.entries(asked).map(([name, args]) => [name, 'anna', ...args]));
});
