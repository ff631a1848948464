import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { actorKeyStore } from '../../../src/keystore/actor-key-store.js';
import { pruneAudit } from '../../../src/keystore/prune-audit.js';
import { type AuditBacklog, BatchedReadAudit } from '../../../src/keystore/read-audit.js';
import { DatabaseFile } from '../../../src/keystore/sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../../../src/keystore/sqlite/migrations.js';
import { SqliteTables } from '../../../src/keystore/sqlite/sqlite-tables.js';
import { TableKeyStore } from '../../../src/keystore/table-key-store.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { fixedKek, registration, storeIn, storePath, tamper } from '../helpers.js';

const scratch = scratchDirectories();
const LATER = '9999-01-01T00:00:00.000Z';

async function filled(count = 3) {
  const directory = scratch();
  const store = storeIn(directory);
  for (let i = 0; i < count; i++) await store.register([registration()]);
  const ids = async () => (await store.audit()).items.map(({ id, operation }) => `${id} ${operation}`);
  return { directory, store, ids };
}

describe('pruning the audit', () => {
  it('removes what is older, archives it first, and notes that it did', async () => {
    const { directory, store, ids } = await filled();
    const { items } = await store.audit();
    const archive = join(directory, 'archive.jsonl');
    expect(await pruneAudit(store, LATER, archive)).toBe(3);
    expect(await ids()).toEqual(['4 prune']);
    const [{ kid, ...note }] = (await store.audit()).items;
    expect([kid, note.actor, note.outcome]).toEqual([undefined, 'tester', 'done']);
    const lines = readFileSync(archive, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(items);
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('keeps what is younger, and makes no archive for nothing', async () => {
    const { directory, store, ids } = await filled();
    const archive = join(directory, 'archive.jsonl');
    expect(await pruneAudit(store, '2000-01-01T00:00:00.000Z', archive)).toBe(0);
    expect(await ids()).toEqual(['1 register', '2 register', '3 register']);
    expect(() => statSync(archive)).toThrow('ENOENT');
    const { at } = (await store.audit()).items[2]!;
    expect(await pruneAudit(store, at)).toBeLessThan(3);
    expect(await ids()).toContain('3 register');
    await store.close();
  });

  it('removes nothing when the archive cannot be written, and replaces none', async () => {
    const { directory, store, ids } = await filled();
    const archive = join(directory, 'archive.jsonl');
    writeFileSync(archive, 'old');
    await expect(pruneAudit(store, LATER, archive)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await expect(pruneAudit(store, LATER, join(directory, 'no', 'where'))).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      details: { remedy: expect.any(String) },
    });
    expect(readFileSync(archive, 'utf8')).toBe('old');
    expect(await ids()).toHaveLength(3);
    await store.close();
  });

  it('leaves the audit guarded', async () => {
    const { directory, store } = await filled();
    await pruneAudit(store, LATER);
    expect(() => tamper(directory, 'delete from audit')).toThrow('the audit is append-only');
    await store.close();
  });
});

describe('lines of reads that are written together', () => {
  async function batched(mostWaiting?: number) {
    const directory = scratch();
    const path = storePath(directory);
    const file = new DatabaseFile(path, KEY_STORE_SCHEMA, 0);
    const backlogs: AuditBacklog[] = [];
    const tables = new SqliteTables(file);
    const readAudit = new BatchedReadAudit(tables, (backlog) => void backlogs.push(backlog), mostWaiting);
    const shared = new TableKeyStore({ tables, kek: fixedKek(), readAudit });
    const store = actorKeyStore(shared, 'tester');
    const one = registration();
    await store.register([one]);
    const setWritable = (isWritable: boolean) =>
      file.attempt((database) => database.run(`pragma query_only = ${!isWritable}`));
    const operations = async () => (await store.audit()).items.map(({ operation }) => operation);
    return { store, kid: one.kid, readAudit, backlogs, setWritable, operations, file };
  }

  it('stand where they belong, and are there for who reads the audit', async () => {
    const { store, kid, operations, file } = await batched();
    await store.get(kid);
    await store.revoke([kid]);
    await store.get(kid);
    expect(await operations()).toEqual(['register', 'open', 'revoke', 'open']);
    await file.close();
  });

  it('wait while the disk takes none, up to a bound, and are counted', async () => {
    const { store, kid, readAudit, backlogs, setWritable, operations, file } = await batched(2);
    await setWritable(false);
    for (let i = 0; i < 5; i++) expect((await store.get(kid))!.key).toBeDefined();
    await readAudit.flush();
    expect(backlogs).toEqual([{ waiting: 2, lost: 3, problem: expect.any(Error) }]);
    await setWritable(true);
    await readAudit.flush();
    expect(backlogs[1]).toEqual({ waiting: 0, lost: 3 });
    expect(await operations()).toEqual(['register', 'open', 'open']);
    await file.close();
  });
});
