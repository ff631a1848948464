import type { ClientBase } from 'pg';
import type { CopiedKeks, CopiedKey, RowBatch, StoreRows } from '../copy/store-rows.js';
import { readCursor, writeCursor } from '../page.js';
import type { AuditRow } from '../rows.js';
import type { Connections } from './connections.js';
import { Schema } from './schema.js';

/** Keys as `CopiedKey` has them, and `seq`, the order in which they were added. */
const KEYS = `
  select to_jsonb(r) as row from (
    select kid, seq, algorithm, content_id, label, period, source, seed_id, encode(wrapped_key, 'hex') as wrapped_key, kek_id, checksum,
      la_url, policy, state, prpack.time_text(created_at) as created_at, prpack.time_text(updated_at) as updated_at, holds_content,
      (select coalesce(jsonb_agg(jsonb_build_object('fingerprint', o.fingerprint, 'made_from', o.made_from,
          'published_at', prpack.time_text(o.published_at)) order by o.fingerprint collate "C"), '[]')
        from prpack.outputs o where o.kid = k.kid) as outputs,
      (select coalesce(jsonb_agg(jsonb_build_object('version', p.version, 'policy', p.policy, 'at', prpack.time_text(p.at),
          'actor', p.actor) order by p.version), '[]')
        from prpack.policies p where p.kid = k.kid) as policies
    from prpack.keys k`;

/**
 * Steps of writing keys, each with the keys as JSON in $1. Who holds a content is written as it was, after nobody of these holds any.
 */
const WRITE_KEYS: readonly string[] = [
  `update prpack.keys set holds_content = false
     where holds_content and kid in (select (key->>'kid')::uuid from jsonb_array_elements($1::jsonb) key)`,
  `insert into prpack.keys (kid, algorithm, content_id, label, period, source, seed_id, wrapped_key, kek_id, checksum, la_url, policy,
       state, created_at, updated_at)
     select (key->>'kid')::uuid, key->>'algorithm', key->>'content_id', key->>'label', (key->>'period')::bigint, key->>'source',
       key->>'seed_id', decode(key->>'wrapped_key', 'hex'), key->>'kek_id', key->>'checksum', key->>'la_url', key->>'policy',
       key->>'state', (key->>'created_at')::timestamptz, (key->>'updated_at')::timestamptz
     from jsonb_array_elements($1::jsonb) with ordinality as t(key, n) order by n
     on conflict (kid) do nothing`,
  `update prpack.keys k set state = key->>'state', wrapped_key = decode(key->>'wrapped_key', 'hex'), kek_id = key->>'kek_id',
       updated_at = (key->>'updated_at')::timestamptz, version = version + 1
     from jsonb_array_elements($1::jsonb) key where k.kid = (key->>'kid')::uuid`,
  `insert into prpack.outputs (kid, fingerprint, made_from, published_at)
     select (key->>'kid')::uuid, o->>'fingerprint', o->>'made_from', (o->>'published_at')::timestamptz
     from jsonb_array_elements($1::jsonb) key, jsonb_array_elements(key->'outputs') o on conflict do nothing`,
  `insert into prpack.policies (kid, version, policy, at, actor)
     select (key->>'kid')::uuid, (p->>'version')::integer, p->>'policy', (p->>'at')::timestamptz, p->>'actor'
     from jsonb_array_elements($1::jsonb) key, jsonb_array_elements(key->'policies') p on conflict do nothing`,
  `update prpack.keys k set holds_content = false
     from jsonb_array_elements($1::jsonb) key
     where k.holds_content and (key->'holds_content')::boolean and k.content_id = key->>'content_id'
       and coalesce(k.label, '') = coalesce(key->>'label', '') and k.algorithm = key->>'algorithm'
       and coalesce(k.period, -1) = coalesce((key->>'period')::bigint, -1)`,
  `update prpack.keys k set holds_content = true
     from jsonb_array_elements($1::jsonb) key where k.kid = (key->>'kid')::uuid and (key->'holds_content')::boolean`,
];

/** Steps of writing entries, each with the entries as JSON in $1. */
const WRITE_AUDIT: readonly string[] = [
  `select prpack.make_audit_month(month) from (
     select distinct date_trunc('month', (e->>'at')::timestamptz, 'UTC') as month from jsonb_array_elements($1::jsonb) e) m`,
  `insert into prpack.audit (id, at, actor, operation, kid, content_id, checksum, outcome)
     select (e->>'id')::bigint, (e->>'at')::timestamptz, e->>'actor', e->>'operation', nullif(e->>'kid', '')::uuid, e->>'content_id',
       e->>'checksum', e->>'outcome'
     from jsonb_array_elements($1::jsonb) e
     where not exists (select from prpack.audit a where a.id = (e->>'id')::bigint)`,
  // Entries that are added later come after these.
  `select setval('prpack.audit_ids', max((e->>'id')::bigint)) from jsonb_array_elements($1::jsonb) e
     where (e->>'id')::bigint >= (select max(id) from prpack.audit)`,
];

/** The rows of a key store in a PostgreSQL database. */
export class PostgresRows implements StoreRows {
  readonly location: string;
  readonly #connections: Connections;
  readonly #schema: Schema;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.#schema = new Schema(connections);
    this.location = connections.location;
  }

  isThere(): Promise<boolean> {
    return this.#schema.isThere();
  }

  async countKeys(): Promise<number> {
    const rows = await this.#rows<{ count: string }>('select count(*) as count from prpack.keys');
    return Number(rows[0]?.count ?? 0);
  }

  async keks(): Promise<CopiedKeks> {
    const [row] = await this.#rows<{ keks: CopiedKeks }>(`
      select jsonb_build_object(
        'inForce', (select kek_id from prpack.store),
        'wrapped', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'wrapped', wrapped, 'created_at', prpack.time_text(created_at))
          order by id collate "C"), '[]') from prpack.wrapped_keks)
      ) as keks`);
    return row?.keks ?? { inForce: null, wrapped: [] };
  }

  async keys(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ keys: readonly CopiedKey[]; next?: string }> {
    const [after] = cursor === undefined ? [0] : readCursor(cursor, [0] as const);
    const rows = await this.#keyRows('where seq > $1 order by seq limit $2', [after, limit]);
    const last = rows[limit - 1];
    return { keys: rows.map(withoutSeq), ...(last && { next: writeCursor([last.seq]) }) };
  }

  async keysOf(kids: readonly string[]): Promise<readonly CopiedKey[]> {
    return (await this.#keyRows('where kid = any($1::uuid[])', [kids])).map(withoutSeq);
  }

  async auditAfter(id: number, limit: number): Promise<readonly AuditRow[]> {
    const sql = 'select to_jsonb(r) as row from prpack.audit_rows r where id > $1 order by id limit $2';
    return (await this.#rows<{ row: AuditRow }>(sql, [id, limit])).map(({ row }) => row);
  }

  async lastAuditId(): Promise<number> {
    const rows = await this.#rows<{ id: string | null }>('select max(id) as id from prpack.audit');
    return Number(rows[0]?.id ?? 0);
  }

  async write({ keks, keys = [], audit = [] }: RowBatch): Promise<void> {
    await this.#schema.make();
    await this.#connections.work(async (client) => {
      await client.query('begin');
      try {
        await client.query("select prpack.lock_concern('{}', '[]', true), prpack.be_durable()");
        if (keks) await writeKeks(client, keks);
        if (keys.length > 0) for (const sql of WRITE_KEYS) await client.query(sql, [JSON.stringify(keys)]);
        if (audit.length > 0) for (const sql of WRITE_AUDIT) await client.query(sql, [JSON.stringify(audit)]);
        await client.query('commit');
      } catch (error) {
        await client.query('rollback').catch(() => {}); // it may have been the connection
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #keyRows(rest: string, values: readonly unknown[]) {
    const rows = await this.#rows<{ row: CopiedKey & { seq: number } }>(`${KEYS} ${rest}) r`, values);
    return rows.map(({ row }) => row);
  }

  /** Rows of a question; none where there is no store. */
  async #rows<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#schema.isThere()) ? this.#connections.rows<Row>(sql, values) : [];
  }
}

function withoutSeq({ seq, ...key }: CopiedKey & { seq: number }): CopiedKey {
  return key;
}

async function writeKeks(client: ClientBase, { inForce, wrapped }: CopiedKeks): Promise<void> {
  await client.query(
    `insert into prpack.wrapped_keks (id, wrapped, created_at)
       select kek->>'id', kek->>'wrapped', (kek->>'created_at')::timestamptz from jsonb_array_elements($1::jsonb) kek
       on conflict do nothing`,
    [JSON.stringify(wrapped)],
  );
  await client.query('update prpack.store set kek_id = $1', [inForce]);
}
