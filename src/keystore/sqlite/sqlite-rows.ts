import type { CopiedKeks, CopiedKey, RowBatch, StoreRows } from '../copy/store-rows.js';
import { readCursor, writeCursor } from '../page.js';
import type { AuditRow } from '../rows.js';
import type { Database } from './database.js';
import type { DatabaseFile } from './database-file.js';

const COLUMNS = `kid, algorithm, content_id, label, period, source, seed_id, kek_id, checksum, la_url, policy, state, created_at,
  updated_at, holds_content, lower(hex(wrapped_key)) as wrapped_hex`;

/** A row of `keys` as `COLUMNS` gives it. `hex` makes an empty text of null. */
interface Row extends Omit<CopiedKey, 'wrapped_key' | 'holds_content' | 'outputs' | 'policies'> {
  readonly wrapped_hex: string;
  readonly holds_content: 0 | 1;
}

/** The rows of a key store in an SQLite file. */
export class SqliteRows implements StoreRows {
  readonly location: string;
  readonly #file: DatabaseFile;

  /** @param file with `KEY_STORE_SCHEMA` */
  constructor(file: DatabaseFile) {
    this.#file = file;
    this.location = `sqlite:${file.path}`;
  }

  async isThere(): Promise<boolean> {
    return (await this.#file.openIfThere()) !== undefined;
  }

  async countKeys(): Promise<number> {
    const sql = 'select count(*) as count from keys';
    return this.#ask((database) => database.get<{ count: number }>(sql)!.count, 0);
  }

  async keks(): Promise<CopiedKeks> {
    return this.#ask<CopiedKeks>(
      (database) => ({
        inForce: database.get<{ kek_id: string | null }>('select kek_id from store')!.kek_id,
        wrapped: plain(database.all('select id, wrapped, created_at from wrapped_keks order by id')),
      }),
      { inForce: null, wrapped: [] },
    );
  }

  async keys(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ keys: readonly CopiedKey[]; next?: string }> {
    const after = cursor === undefined ? ['', ''] : readCursor(cursor, ['', ''] as const);
    const sql = `select ${COLUMNS} from keys where (created_at, kid) > (?, ?) order by created_at, kid limit ?`;
    const keys = await this.#ask(
      (database) => copiedOf(database, database.all<Row>(sql, ...after, limit)),
      [],
    );
    const last = keys[limit - 1];
    return { keys, ...(last && { next: writeCursor([last.created_at, last.kid]) }) };
  }

  async keysOf(kids: readonly string[]): Promise<readonly CopiedKey[]> {
    const sql = `select ${COLUMNS} from keys where kid in (select value from json_each(?))`;
    return this.#ask((database) => copiedOf(database, database.all<Row>(sql, JSON.stringify(kids))), []);
  }

  async auditAfter(id: number, limit: number): Promise<readonly AuditRow[]> {
    const sql = `select id, at, actor, operation, kid, content_id, checksum, outcome from audit where id > ?
      order by id limit ?`;
    return this.#ask((database) => plain(database.all<AuditRow>(sql, id, limit)), []);
  }

  async lastAuditId(): Promise<number> {
    const sql = 'select coalesce(max(id), 0) as id from audit';
    return this.#ask((database) => database.get<{ id: number }>(sql)!.id, 0);
  }

  async write({ keks, keys = [], audit = [] }: RowBatch): Promise<void> {
    await this.#file.commit((database) => {
      if (keks) writeKeks(database, keks);
      writeKeys(database, keys);
      for (const entry of audit) insertUnlessThere(database, 'audit', { ...entry }, ['id']);
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #ask<T>(question: (database: Database) => T, none: T): Promise<T> {
    return (await this.#file.openIfThere()) ? this.#file.attempt(question) : none;
  }
}

function copiedOf(database: Database, rows: readonly Row[]): CopiedKey[] {
  return rows.map(({ wrapped_hex, holds_content, ...row }) => ({
    ...row,
    wrapped_key: row.kek_id === null ? null : wrapped_hex,
    holds_content: holds_content === 1,
    outputs: plain(
      database.all(
        'select fingerprint, made_from, published_at from outputs where kid = ? order by fingerprint',
        row.kid,
      ),
    ),
    policies: plain(
      database.all('select version, policy, at, actor from policies where kid = ? order by version', row.kid),
    ),
  }));
}

/** Rows of the driver are objects without a prototype, which are equal to no others. */
function plain<T extends object>(rows: readonly T[]): T[] {
  return rows.map((row) => ({ ...row }));
}

function writeKeks(database: Database, { inForce, wrapped }: CopiedKeks): void {
  for (const kek of wrapped) insertUnlessThere(database, 'wrapped_keks', kek, ['id']);
  database.run('update store set kek_id = ?', inForce);
}

/**
 * Who holds a content is written as it was: triggers, which give contents to keys by the order of their coming, are overruled.
 */
function writeKeys(database: Database, keys: readonly CopiedKey[]): void {
  for (const { kid } of keys) database.run('update keys set holds_content = 0 where kid = ?', kid);
  for (const key of keys) writeKey(database, key);
  for (const { kid } of keys) database.run('update keys set holds_content = 0 where kid = ?', kid);
  for (const key of keys) if (key.holds_content) giveContent(database, key);
}

function writeKey(database: Database, { outputs, policies, holds_content: _, ...key }: CopiedKey): void {
  const wrapped_key = key.wrapped_key === null ? null : Buffer.from(key.wrapped_key, 'hex');
  insertUnlessThere(database, 'keys', { ...key, wrapped_key }, ['kid']);
  database.run(
    'update keys set state = ?, wrapped_key = ?, kek_id = ?, updated_at = ? where kid = ?',
    key.state,
    wrapped_key,
    key.kek_id,
    key.updated_at,
    key.kid,
  );
  for (const output of outputs)
    insertUnlessThere(database, 'outputs', { kid: key.kid, ...output }, ['kid', 'fingerprint']);
  for (const policy of policies)
    insertUnlessThere(database, 'policies', { kid: key.kid, ...policy }, ['kid', 'version']);
}

function giveContent(database: Database, { kid, content_id, label, algorithm, period }: CopiedKey): void {
  database.run(
    `update keys set holds_content = 0 where content_id = ? and ifnull(label, '') = ? and algorithm = ?
       and ifnull(period, -1) = ? and holds_content = 1`,
    content_id,
    label ?? '',
    algorithm,
    period ?? -1,
  );
  database.run('update keys set holds_content = 1 where kid = ?', kid);
}

/** Triggers refuse to replace rows, and do so before `on conflict` is looked at. */
function insertUnlessThere<R extends Readonly<Record<string, string | number | Uint8Array | null>>>(
  database: Database,
  table: string,
  row: R,
  key: readonly (keyof R & string)[],
): void {
  const columns = Object.keys(row);
  database.run(
    `insert into ${table} (${columns.join(', ')}) select ${columns.map(() => '?').join(', ')}
       where not exists (select 1 from ${table} where ${key.map((column) => `${column} = ?`).join(' and ')})`,
    ...columns.map((column) => row[column]!),
    ...key.map((column) => row[column]!),
  );
}
