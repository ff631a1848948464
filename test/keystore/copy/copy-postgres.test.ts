import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { copyKeyStore } from '../../../src/keystore/copy/copy-key-store.js';
import { openStoreRows } from '../../../src/keystore/copy/open-rows.js';
import type { StoreRows } from '../../../src/keystore/copy/store-rows.js';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { openKeyStore } from '../../../src/keystore/open.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { PRPACK } from '../../support/cli.js';
import { writeKekProgram } from '../../support/kek-program.js';
import { describeWithPostgres, POSTGRES_PASSWORD } from '../../support/postgres.js';
import { KEK_HEX, registration, SHA, storePath } from '../helpers.js';
import { lived } from './lived.js';

const scratch = scratchDirectories();
const environment = { PRPACK_KEK: KEK_HEX };
const sqlite = () => `sqlite:${storePath(scratch())}`;
const open = (location: string, more = {}) =>
  openKeyStore({ location, environment, actor: 'tester', ...more });

/** All rows of a store. */
async function rowsOf(location: string) {
  const rows: StoreRows = openStoreRows(location, environment);
  try {
    const { keys } = await rows.keys(undefined, 2000);
    return { keys, keks: await rows.keks(), audit: await rows.auditAfter(0, 5000) };
  } finally {
    await rows.close();
  }
}

/** What a user of the store sees of it. */
async function shown(store: KeyStore) {
  const { items } = await store.list({}, { limit: 1000 });
  const opened = [];
  for (const { contentId } of items) opened.push(await store.findByContentId(contentId));
  const hex = opened.map((keys) => keys.map(({ record, key }) => ({ record, key: key?.revealHex() })));
  return { items, hex };
}

describeWithPostgres('copyKeyStore with PostgreSQL', (postgres) => {
  it('moves a store there, on to another database, and back', async () => {
    const first = sqlite();
    const store = open(first);
    await lived(store);
    const expected = await shown(store);
    await store.close();
    const rows = await rowsOf(first);
    const stations = [first, await postgres().database(), await postgres().database(), sqlite()];
    for (let i = 1; i < stations.length; i++) {
      const [from, to] = [stations[i - 1]!, stations[i]!];
      const copy = await copyKeyStore({ from, to, environment });
      expect(copy).toMatchObject({ keys: 5, keysCopied: 5, auditEntriesCopied: rows.audit.length });
      expect(JSON.stringify(copy)).not.toContain(POSTGRES_PASSWORD);
      expect(await rowsOf(to)).toEqual(rows);
      expect(await copyKeyStore({ from, to, environment })).toMatchObject({
        keysCopied: 0,
        auditEntriesCopied: 0,
      });
    }
    for (const station of stations.slice(1)) {
      const copy = open(station);
      expect(await shown(copy)).toEqual(expected);
      await copy.close();
    }
  });

  it('leaves a store in which life goes on', async () => {
    const from = sqlite();
    const to = await postgres().database();
    const store = open(from);
    const kids = await lived(store);
    await copyKeyStore({ from, to, environment });
    await store.close();
    const copy = open(to);
    await expect(copy.markActive([kids[1]!], { fingerprint: SHA })).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
    });
    const given = registration({ contentId: 'film-4', givesWay: true });
    await expect(copy.register([given])).rejects.toMatchObject({ details: { reason: 'CONTENT_HAS_KEY' } });
    await copy.register([registration({ contentId: 'film-9' })]);
    await copy.revoke([kids[4]!]);
    const { audit } = await rowsOf(to);
    expect(new Set(audit.map(({ id }) => id)).size).toBe(audit.length);
    expect(audit.at(-1)).toMatchObject({ operation: 'revoke', kid: kids[4], outcome: 'done' });
    await expect(copyKeyStore({ from, to, environment })).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
    await copy.close();
  });

  it('adds what is new and what has changed, after a copy that was stopped', async () => {
    const from = sqlite();
    const to = await postgres().database();
    const store = open(from);
    await store.register(Array.from({ length: 700 }, (_, i) => registration({ contentId: `film-${i}` })));
    const kids = await lived(store);
    await copyKeyStore({ from, to, environment });
    // What a copy leaves that died after its first part of keys and before the audit.
    await postgres().query(to, 'alter table prpack.keys disable trigger user');
    await postgres().query(to, 'alter table prpack.audit disable trigger user');
    await postgres().query(to, 'alter table prpack.policies disable trigger user');
    const gone = `select kid from prpack.keys order by seq offset 500`;
    for (const table of ['outputs', 'policies', 'keys'])
      await postgres().query(to, `delete from prpack.${table} where kid in (${gone})`);
    await postgres().query(to, 'delete from prpack.audit');
    for (const table of ['keys', 'audit', 'policies'])
      await postgres().query(to, `alter table prpack.${table} enable trigger user`);
    await store.register([registration({ contentId: 'film-new' })]);
    await store.markActive([kids[4]!], { fingerprint: SHA });
    await store.revoke([kids[0]!]);
    await store.close();
    expect(await copyKeyStore({ from, to, environment })).toMatchObject({ keys: 706, keysCopied: 206 });
    expect(await rowsOf(to)).toEqual(await rowsOf(from));
  });

  it('goes on after each kill of its process, and compares at the end', async () => {
    const from = sqlite();
    const to = await postgres().database();
    const store = open(from);
    await store.register(Array.from({ length: 1800 }, (_, i) => registration({ contentId: `film-${i}` })));
    await store.close();
    const written = async () => {
      const sql = 'select (select count(*) from prpack.keys) + (select count(*) from prpack.audit) as n';
      const [row] = await postgres()
        .query<{ n: string }>(to, sql)
        .catch(() => []);
      return Number(row?.n ?? 0);
    };
    const env = { ...process.env, ...environment };
    let kills = 0;
    for (;;) {
      const before = await written();
      const child = spawn(process.execPath, [PRPACK, 'keys', 'copy', '--from', from, '--to', to], {
        env,
        stdio: 'ignore',
      });
      let code: number | null | undefined;
      const ended = once(child, 'exit').then(([exitCode]) => {
        code = exitCode;
      });
      while (code === undefined && kills < 2 && (await written()) === before);
      if (kills < 2 && code === undefined) kills += Number(child.kill('SIGKILL'));
      await ended;
      if (code !== null) {
        expect(code).toBe(0);
        break;
      }
    }
    expect(kills).toBeGreaterThan(0);
    expect(await copyKeyStore({ from, to, environment })).toMatchObject({ keys: 1800, keysCopied: 0 });
    expect(await rowsOf(to)).toEqual(await rowsOf(from));
  });

  it('takes KEKs along that a KEK command has wrapped', async () => {
    const from = sqlite();
    const to = await postgres().database();
    const kekCommand = writeKekProgram(`${scratch()}/kms`);
    const store = open(from, { kekCommand });
    const key = registration();
    await store.register([key]);
    await store.close();
    await copyKeyStore({ from, to, environment });
    const copy = open(to, { kekCommand });
    expect((await copy.get(key.kid))!.key!.equals(key.key)).toBe(true);
    await copy.close();
  });
});
