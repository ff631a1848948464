import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../src/keys/key-id.js';
import { copyKeyStore } from '../../../src/keystore/copy/copy-key-store.js';
import { kekSource } from '../../../src/keystore/kek.js';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { KeyEncryptionKey } from '../../../src/keystore/key-wrap.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { writeKekProgram } from '../../support/kek-program.js';
import { KEK_HEX, registration, SHA, storeIn, storePath, tamper } from '../helpers.js';
import { lived } from './lived.js';

const scratch = scratchDirectories();
const environment = { PRPACK_KEK: KEK_HEX };
const locationIn = (directory: string) => `sqlite:${storePath(directory)}`;

/** Everything that a store shows. */
async function shown(store: KeyStore) {
  const keys = (await store.list({}, { limit: 1000 })).items;
  const audit = (await store.audit({}, { limit: 1000 })).items;
  return { keys, audit };
}

describe('copyKeyStore', () => {
  it('makes a store of which everything is like the other, in both ways to read it', async () => {
    const [one, other] = [scratch(), scratch()];
    const store = storeIn(one);
    const kids = await lived(store);
    const before = await shown(store);
    const copied = await copyKeyStore({ from: locationIn(one), to: locationIn(other) });
    expect(copied).toEqual({
      from: locationIn(one),
      to: locationIn(other),
      keys: 5,
      keysCopied: 5,
      auditEntries: before.audit.length,
      auditEntriesCopied: before.audit.length,
      kekId: before.keys.find(({ kekId }) => kekId !== undefined)!.kekId,
    });
    expect(dumpOf(other)).toEqual(dumpOf(one));
    const copy = storeIn(other);
    expect(await shown(copy)).toEqual(before);
    for (const kid of kids) {
      const [ours, theirs] = [(await store.get(kid))!, (await copy.get(kid))!];
      expect(theirs.record).toEqual(ours.record);
      expect(theirs.key?.revealHex()).toBe(ours.key?.revealHex());
    }
    await store.close();
    await copy.close();
  });

  it('is a store like any other afterwards: rules go on, and so does the audit', async () => {
    const [one, other] = [scratch(), scratch()];
    const store = storeIn(one);
    const kids = await lived(store);
    await copyKeyStore({ from: locationIn(one), to: locationIn(other) });
    for (const each of [store, storeIn(other)]) {
      await expect(each.markActive([kids[1]!], { fingerprint: SHA })).rejects.toMatchObject({
        code: 'KEY_CONFLICT',
      });
      // The holder of film-4 was revoked, and the other key took its place.
      const given = registration({ contentId: 'film-4', givesWay: true });
      await expect(each.register([given])).rejects.toMatchObject({ details: { reason: 'CONTENT_HAS_KEY' } });
      await each.close();
    }
    expect(() => tamper(other, 'delete from audit')).toThrow('append-only');
    const ids = dumpOf(other).audit.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('copies again what is new, and nothing when nothing is', async () => {
    const [one, other] = [scratch(), scratch()];
    const places = { from: locationIn(one), to: locationIn(other) };
    const store = storeIn(one);
    const kids = await lived(store);
    await copyKeyStore(places);
    expect(await copyKeyStore(places)).toMatchObject({ keysCopied: 0, auditEntriesCopied: 0, keys: 5 });
    await store.register([registration({ contentId: 'film-5' })]);
    await store.revoke([kids[0]!]);
    await store.markActive([kids[4]!], { fingerprint: SHA });
    await store.rewrap(KeyEncryptionKey.random());
    await store.close();
    expect(await copyKeyStore(places)).toMatchObject({ keys: 6, keysCopied: 5 }); // all but the key of a seed
    expect(dumpOf(other)).toEqual(dumpOf(one));
  });

  it('goes on with a copy that was stopped at any point', async () => {
    const [one, other] = [scratch(), scratch()];
    const places = { from: locationIn(one), to: locationIn(other) };
    const store = storeIn(one);
    await store.register(Array.from({ length: 1100 }, (_, i) => registration({ contentId: `film-${i}` })));
    await store.close();
    await expect(copyKeyStore({ ...places, environment: {} })).resolves.toMatchObject({ keysCopied: 1100 });
    // What a copy leaves that died after its first part.
    const halves = scratch();
    await copyKeyStore({ from: locationIn(one), to: locationIn(halves) });
    const keep = `select kid from keys order by created_at, kid limit 500`;
    tamper(
      halves,
      'drop trigger keys_are_never_deleted',
      'drop trigger audit_is_never_deleted',
      `delete from keys where kid not in (${keep})`,
      'delete from audit where id > 300',
    );
    const rest = await copyKeyStore({ from: locationIn(one), to: locationIn(halves) });
    expect(rest).toMatchObject({ keys: 1100, keysCopied: 600, auditEntriesCopied: rest.auditEntries - 300 });
  });

  it('keeps who holds a content, whatever the clock said', async () => {
    const [one, other] = [scratch(), scratch()];
    const store = storeIn(one);
    const [first, second] = [registration(), registration()];
    await store.register([first]);
    await store.register([second]);
    await store.close();
    tamper(
      one,
      `update keys set holds_content = 0`,
      `update keys set holds_content = 1 where kid = '${second.kid}'`,
    );
    await copyKeyStore({ from: locationIn(one), to: locationIn(other) });
    expect(dumpOf(other)).toEqual(dumpOf(one));
    tamper(
      one,
      `update keys set holds_content = 0`,
      `update keys set holds_content = 1 where kid = '${first.kid}'`,
    );
    await copyKeyStore({ from: locationIn(one), to: locationIn(other) });
    expect(dumpOf(other)).toEqual(dumpOf(one));
  });

  it('takes KEKs along that a KEK command has wrapped', async () => {
    const [one, other] = [scratch(), scratch()];
    const kekCommand = writeKekProgram(join(one, 'kms'));
    const store = storeIn(one, kekSource({}, { kekCommand }));
    const key = registration();
    await store.register([key]);
    await store.close();
    await copyKeyStore({ from: locationIn(one), to: locationIn(other) });
    const copy = storeIn(other, kekSource({}, { kekCommand }));
    expect((await copy.get(key.kid))!.key!.equals(key.key)).toBe(true);
    await copy.close();
  });

  it('allows an earlier copy to have audit entries that were pruned since', async () => {
    const [one, other] = [scratch(), scratch()];
    const store = storeIn(one);
    await lived(store);
    const places = { from: locationIn(one), to: locationIn(other) };
    const { auditEntries } = await copyKeyStore(places);
    await store.pruneAudit('2999-01-01T00:00:00.000Z', async () => {});
    await store.close();
    expect(await copyKeyStore(places)).toMatchObject({ auditEntries: 1, auditEntriesCopied: 1 });
    expect(dumpOf(other).audit).toHaveLength(auditEntries + 1);
  });
});

describe('copyKeyStore refuses', () => {
  it.each([
    ['a key of its own', async (store: KeyStore) => void (await store.register([registration()]))],
    ['a key that has gone on', async (store: KeyStore, kids: KeyId[]) => store.revoke([kids[4]!])],
    ['an audit that has gone on', async (store: KeyStore, kids: KeyId[]) => void (await store.get(kids[4]!))],
  ])('a copy with %s, and writes nothing', async (_, use) => {
    const [one, other] = [scratch(), scratch()];
    const store = storeIn(one);
    const kids = await lived(store);
    const places = { from: locationIn(one), to: locationIn(other) };
    await copyKeyStore(places);
    const copy = storeIn(other);
    await use(copy, kids);
    await copy.close();
    await store.close();
    const before = dumpOf(other);
    await expect(copyKeyStore(places)).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      details: { remedy: expect.stringContaining('prpack keys import') },
    });
    expect(dumpOf(other)).toEqual(before);
  });

  it('a KID with another key', async () => {
    const [one, other] = [scratch(), scratch()];
    const [store, copy] = [storeIn(one), storeIn(other)];
    const key = registration();
    await store.register([key]);
    await copy.register([registration({ kid: key.kid })]);
    await store.close();
    await copy.close();
    await expect(copyKeyStore({ from: locationIn(one), to: locationIn(other) })).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      message: expect.stringContaining(key.kid),
    });
  });

  it.each([
    ['itself', locationIn('/nowhere'), locationIn('/nowhere'), 'INVALID_ARGUMENT'],
    ['a store that is not there', locationIn('/nowhere'), locationIn('/tmp/none'), 'KEY_STORE_FAILED'],
    ['a key server', 'https://keys.example', locationIn('/nowhere'), 'UNSUPPORTED_FEATURE'],
    ['to a key server', locationIn('/nowhere'), 'https://keys.example', 'UNSUPPORTED_FEATURE'],
    ['an SKM server', 'skm+https://keys.example', locationIn('/nowhere'), 'UNSUPPORTED_FEATURE'],
    ['what is no store', 'keys.sqlite', locationIn('/nowhere'), 'INVALID_ARGUMENT'],
  ])('%s', async (_, from, to, code) => {
    await expect(copyKeyStore({ from, to, environment })).rejects.toMatchObject({
      code,
      details: { remedy: expect.any(String) },
    });
  });
});

/** The tables of a store as any SQLite program reads them. */
function dumpOf(directory: string) {
  const database = new DatabaseSync(storePath(directory));
  try {
    const rows = (table: string, order: string) =>
      database.prepare(`select * from ${table} order by ${order}`).all() as Record<string, unknown>[];
    return {
      store: rows('store', 'id'),
      keys: rows('keys', 'kid'),
      outputs: rows('outputs', 'kid, fingerprint'),
      policies: rows('policies', 'kid, version'),
      wrapped: rows('wrapped_keks', 'id'),
      audit: rows('audit', 'id'),
    };
  } finally {
    database.close();
  }
}
