import { expect, it } from 'vitest';
import { openPostgresTables } from '../../../src/keystore/postgres/open.js';
import { describeWithPostgres } from '../../support/postgres.js';
import { registration, storeOver } from '../helpers.js';

describeWithPostgres('the audit on PostgreSQL', (postgres) => {
  async function opened() {
    const url = await postgres().database();
    const store = storeOver(openPostgresTables(url, {}));
    await store.register([registration()]);
    const noteAt = (moment: string, actor = 'tester') =>
      postgres().query(url, 'select prpack.add_note($1::jsonb, $2, $3)', [
        '{"operation": "open", "outcome": "done"}',
        actor,
        moment,
      ]);
    const months = async () => {
      const sql = `select relname from pg_inherits join pg_class c on c.oid = inhrelid
        where inhparent = 'prpack.audit'::regclass order by 1`;
      return (await postgres().query<{ relname: string }>(url, sql)).map(({ relname }) => relname);
    };
    return { url, store, noteAt, months };
  }

  it('has a part for each month, and is read as one', async () => {
    const { store, noteAt, months } = await opened();
    const [present] = await months();
    expect(present).toMatch(/^audit_\d{4}_\d\d$/);
    for (const moment of ['2020-01-31T23:59:59.999Z', '2020-02-01T00:00:00.000Z', '2020-02-29T12:00:00.000Z'])
      await noteAt(moment);
    expect(await months()).toEqual(['audit_2020_01', 'audit_2020_02', present]);
    const first = await store.audit({}, { limit: 2 });
    const { items } = await store.audit({}, { cursor: first.next! });
    const all = [...first.items, ...items];
    expect(all.map(({ id }) => id)).toEqual([1, 2, 3, 4]); // in the order in which they came
    expect(all.slice(1).map(({ at }) => at.slice(0, 7))).toEqual(['2020-01', '2020-02', '2020-02']);
    await store.close();
  });

  it('loses the part of a month with its last entry, and gets it back for a late line', async () => {
    const { url, store, noteAt, months } = await opened();
    const [present] = await months();
    const moments = ['2020-01-01T00:00:00.000Z', '2020-01-02T00:00:00.000Z', '2020-02-01T00:00:00.000Z'];
    // The entry of the registration comes first, and would end the pruning: it is not older.
    await postgres().query(url, "set prpack.pruning = 'on'; delete from prpack.audit");
    for (const moment of moments) await noteAt(moment);
    const kept: unknown[] = [];
    const keep = async (entries: readonly unknown[]) => void kept.push(...entries);
    expect(await store.pruneAudit('2020-01-02T00:00:00.000Z', keep)).toBe(1);
    expect(await months()).toEqual(['audit_2020_01', 'audit_2020_02', present]);
    expect(await store.pruneAudit('2020-01-15T00:00:00.000Z', keep)).toBe(1);
    expect(await months()).toEqual(['audit_2020_02', present]);
    expect(await store.pruneAudit('2020-03-01T00:00:00.000Z', keep)).toBe(1);
    expect(await months()).toEqual([present]);
    expect(kept).toHaveLength(3);
    const { items } = await store.audit();
    expect(items.map(({ operation }) => operation)).toEqual(['prune', 'prune', 'prune']);
    await noteAt('2020-01-03T00:00:00.000Z');
    expect(await months()).toEqual(['audit_2020_01', present]);
    await store.close();
  });

  it('guards its parts as it does the whole', async () => {
    const { url, store, months } = await opened();
    const [present] = await months();
    await store.close();
    for (const sql of [
      `update prpack.${present} set actor = 'nobody'`,
      `delete from prpack.${present}`,
      `truncate prpack.${present}`,
    ])
      await expect(postgres().query(url, sql)).rejects.toThrow('append-only');
  });

  it('makes the part of a month once, for many that begin it at once', async () => {
    const { store, noteAt, months } = await opened();
    const notes = Array.from({ length: 40 }, (_, i) => noteAt('2021-05-01T00:00:00.000Z', `actor ${i}`));
    await Promise.all(notes);
    expect(await months()).toHaveLength(2);
    const { items } = await store.audit();
    expect(new Set(items.map(({ actor }) => actor)).size).toBe(41);
    await store.close();
  });
});
