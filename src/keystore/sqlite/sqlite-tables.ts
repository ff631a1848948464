import type { KeyId } from '../../keys/key-id.js';
import type { AuditEntry, AuditFilter, KeyFilter, KeyRecord, Page, PageRequest } from '../key-store.js';
import type {
  AuditLine,
  AuditNote,
  Change,
  Concern,
  Decision,
  Holdings,
  KeptKey,
  KeyTables,
  NewKey,
  Slot,
} from '../key-tables.js';
import { pageLimit, pageOf, readCursor } from '../page.js';
import {
  AUDIT_COLUMNS,
  type AuditRow,
  KEY_COLUMNS,
  type KeyRow,
  NO_KID,
  type OutputRow,
  type PolicyRow,
  toAuditEntry,
  toKeptKey,
} from '../rows.js';
import type { Database, SqlValue } from './database.js';
import type { DatabaseFile } from './database-file.js';
import { noStore } from './failure.js';

/**
 * The tables of a key store in one SQLite file, shared by any number of processes of one machine. Changes that are wanted at the same
 * moment share a flush.
 */
export class SqliteTables implements KeyTables {
  readonly location: string;
  readonly #file: DatabaseFile;
  /** The KEK that was in force when it was last looked for. */
  #kekSeen: string | undefined;

  /** @param file with `KEY_STORE_SCHEMA` */
  constructor(file: DatabaseFile) {
    this.#file = file;
    this.location = `sqlite:${file.path}`;
  }

  change<T>(actor: string, _: Concern, decide: (held: Holdings) => Decision<T>): Promise<T> {
    return this.#file.commit((database) => {
      const { changes, answer } = decide(new SqliteHoldings(database));
      const at = now();
      for (const change of changes) write(database, change, at, actor);
      return answer(at);
    });
  }

  async kekInForce(isFresh: boolean): Promise<string | undefined> {
    if (isFresh || this.#kekSeen === undefined) this.#kekSeen = await this.#ask(selectKekInForce, undefined);
    return this.#kekSeen;
  }

  async kekIds(): Promise<string[]> {
    return this.#askStore((database) => {
      const inForce = selectKekInForce(database);
      return [...selectKekIds(database), ...(inForce === undefined ? [] : [inForce])];
    });
  }

  async wrappedKek(id: string): Promise<string | undefined> {
    const sql = 'select wrapped from wrapped_keks where id = ?';
    return this.#ask((database) => database.get<{ wrapped: string }>(sql, id)?.wrapped, undefined);
  }

  async key(kid: KeyId): Promise<KeptKey | undefined> {
    return this.#ask((database) => selectKey(database, kid), undefined);
  }

  async keysOfContent(filter: KeyFilter): Promise<KeptKey[]> {
    const { terms, values } = conditions(filter, KEY_COLUMNS);
    const sql = `${SELECT_KEYS} where ${terms.join(' and ')} order by holds_content desc, created_at, kid`;
    return this.#ask((database) => keptOf(database, database.all<FoundRow>(sql, ...values)), []);
  }

  async keysUnder(kekId: string, limit: number): Promise<KeptKey[]> {
    const sql = `${SELECT_KEYS} where kek_id = ? order by created_at, kid limit ?`;
    return this.#ask((database) => keptOf(database, database.all<FoundRow>(sql, kekId, limit)), []);
  }

  async list(filter: KeyFilter, page: PageRequest): Promise<Page<KeyRecord>> {
    return this.#ask<Page<KeyRecord>>((database) => listKeys(database, filter, page), { items: [] });
  }

  async audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    return this.#ask<Page<AuditEntry>>((database) => listAudit(database, filter, page), { items: [] });
  }

  note(lines: readonly AuditLine[]): Promise<void> {
    return this.#file.commit((database) => {
      for (const line of lines) insertNote(database, line, line.at, line.actor);
    });
  }

  async auditBefore(before: string, limit: number): Promise<AuditEntry[]> {
    const rows = await this.#askStore((database) =>
      database.all<AuditRow>('select * from audit order by id limit ?', limit),
    );
    const end = rows.findIndex(({ at }) => at >= before);
    return (end < 0 ? rows : rows.slice(0, end)).map(toAuditEntry);
  }

  /** Past the trigger that guards the entries, which stands again when the transaction ends. */
  async removeAudit(actor: string, entries: readonly AuditEntry[]): Promise<void> {
    await this.#file.commit((database) => {
      const guard = database.get<{ sql: string }>(
        "select sql from sqlite_schema where name = 'audit_is_never_deleted'",
      )!;
      database.execute('drop trigger audit_is_never_deleted');
      database.run('delete from audit where id <= ?', entries.at(-1)!.id);
      database.execute(guard.sql);
      insertNote(database, { operation: 'prune', outcome: 'done' }, now(), actor);
    });
  }

  async probe(): Promise<void> {
    await this.#file.open();
    await this.#file.attempt((database) => listKeys(database, {}, { limit: 1 }));
    await this.#file.commit((database) => database.touch());
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The answer, or `none` where there is no store, which is not made. */
  async #ask<T>(question: (database: Database) => T, none: T): Promise<T> {
    return (await this.#file.openIfThere()) ? this.#file.attempt(question) : none;
  }

  async #askStore<T>(question: (database: Database) => T): Promise<T> {
    if (!(await this.#file.openIfThere())) throw noStore(this.#file.path);
    return this.#file.attempt(question);
  }
}

/** A row of `keys`, and whether other tables have more of it: most keys that are looked up are new, and have none. */
interface FoundRow extends KeyRow {
  readonly has_outputs: 0 | 1;
  readonly has_policies: 0 | 1;
}

const SELECT_KEYS = `select *, exists (select 1 from outputs where kid = keys.kid) as has_outputs,
  exists (select 1 from policies where kid = keys.kid) as has_policies from keys`;

/** What the tables hold inside of a transaction, read once. */
class SqliteHoldings implements Holdings {
  readonly #database: Database;
  readonly #keys = new Map<KeyId, KeptKey | undefined>();
  #kekInForce: { readonly id: string | undefined } | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  kekInForce(): string | undefined {
    this.#kekInForce ??= { id: selectKekInForce(this.#database) };
    return this.#kekInForce.id;
  }

  kekIds(): readonly string[] {
    return selectKekIds(this.#database);
  }

  key(kid: KeyId): KeptKey | undefined {
    if (!this.#keys.has(kid)) this.#keys.set(kid, selectKey(this.#database, kid));
    return this.#keys.get(kid);
  }

  isHeld({ contentId, label, algorithm, period }: Slot): boolean {
    const found = this.#database.get(
      `select 1 from keys where content_id = ? and ifnull(label, '') = ? and algorithm = ?
         and ifnull(period, -1) = ? and holds_content = 1`,
      contentId,
      label ?? '',
      algorithm,
      period ?? -1,
    );
    return found !== undefined;
  }
}

function selectKekInForce(database: Database): string | undefined {
  return database.get<{ kek_id: string | null }>('select kek_id from store')!.kek_id ?? undefined;
}

function selectKekIds(database: Database): string[] {
  const sql = 'select distinct kek_id from keys where kek_id is not null';
  return database.all<{ kek_id: string }>(sql).map((row) => row.kek_id);
}

function selectKey(database: Database, kid: KeyId): KeptKey | undefined {
  const row = database.get<FoundRow>(`${SELECT_KEYS} where kid = ?`, kid);
  return row && keptOf(database, [row])[0];
}

function keptOf(database: Database, rows: readonly FoundRow[]): KeptKey[] {
  return rows.map((row) => {
    const outputs = row.has_outputs ? selectOutputs(database, row.kid) : [];
    const replaced = row.has_policies ? selectPolicyInForce(database, row.kid) : undefined;
    return toKeptKey(row, outputs, replaced);
  });
}

function selectOutputs(database: Database, kid: KeyId): OutputRow[] {
  const sql = 'select fingerprint, made_from from outputs where kid = ? order by published_at, fingerprint';
  return database.all<OutputRow>(sql, kid);
}

function selectPolicyInForce(database: Database, kid: KeyId): PolicyRow | undefined {
  const sql = 'select version, policy from policies where kid = ? order by version desc limit 1';
  return database.get<PolicyRow>(sql, kid);
}

function listKeys(database: Database, filter: KeyFilter, page: PageRequest): Page<KeyRecord> {
  const limit = pageLimit(page);
  const { terms, values } = conditions(filter, KEY_COLUMNS);
  if (page.cursor !== undefined) {
    terms.push('(created_at, kid) > (?, ?)');
    values.push(...readCursor(page.cursor, ['', ''] as const));
  }
  const rows = database.all<FoundRow>(
    `${SELECT_KEYS} where ${terms.join(' and ')} order by created_at, kid limit ?`,
    ...values,
    limit + 1,
  );
  return pageOf(
    rows,
    limit,
    (row) => keptOf(database, [row])[0]!.record,
    (row) => [row.created_at, row.kid],
  );
}

function listAudit(database: Database, filter: AuditFilter, page: PageRequest): Page<AuditEntry> {
  const limit = pageLimit(page);
  const { terms, values } = conditions(filter, AUDIT_COLUMNS);
  if (page.cursor !== undefined) {
    terms.push('id > ?');
    values.push(...readCursor(page.cursor, [0] as const));
  }
  const rows = database.all<AuditRow>(
    `select * from audit where ${terms.join(' and ')} order by id limit ?`,
    ...values,
    limit + 1,
  );
  return pageOf(rows, limit, toAuditEntry, (row) => [row.id]);
}

function conditions<F extends object>(
  filter: F,
  columns: Record<keyof F, string>,
): { terms: string[]; values: SqlValue[] } {
  const given = (Object.keys(columns) as (keyof F)[]).filter((field) => filter[field] !== undefined);
  return {
    terms: ['true', ...given.map((field) => `${columns[field]} = ?`)],
    values: given.map((field) => filter[field] as SqlValue),
  };
}

type Writer<C extends Change> = (database: Database, change: C, at: string, actor: string) => void;

const WRITERS: { readonly [K in Change['kind']]: Writer<Extract<Change, { kind: K }>> } = {
  add: (database, { key }, at) => insertKey(database, key, at),
  state: (database, { kid, state }, at) =>
    database.run('update keys set state = ?, updated_at = ? where kid = ?', state, at, kid),
  output: (database, { kid, output }, at) =>
    database.run(
      'insert into outputs (kid, fingerprint, made_from, published_at) values (?, ?, ?, ?)',
      kid,
      output.fingerprint,
      output.madeFrom ?? null,
      at,
    ),
  policy: (database, { kid, version, policy }, at, actor) => {
    const sql = 'insert into policies (kid, version, policy, at, actor) values (?, ?, ?, ?, ?)';
    database.run(sql, kid, version, policy, at, actor);
    database.run('update keys set updated_at = ? where kid = ?', at, kid);
  },
  wrap: (database, { kid, wrappedKey, kekId }) =>
    database.run('update keys set wrapped_key = ?, kek_id = ? where kid = ?', wrappedKey, kekId, kid),
  kek: (database, { id, wrapped }, at) => {
    const sql =
      'insert into wrapped_keks (id, wrapped, created_at) values (?, ?, ?) on conflict (id) do nothing';
    if (wrapped !== undefined) database.run(sql, id, wrapped, at);
    database.run('update store set kek_id = ?', id);
  },
  note: (database, { note }, at, actor) => insertNote(database, note, at, actor),
};

function write(database: Database, change: Change, at: string, actor: string): void {
  const writer = WRITERS[change.kind] as Writer<Change>;
  writer(database, change, at, actor);
}

/** It holds its slot, if that is free. There is a trigger for that, too, which would write the row again. */
function insertKey(database: Database, key: NewKey, at: string): void {
  database.run(
    `insert into keys (kid, algorithm, content_id, label, period, source, seed_id, wrapped_key, kek_id, checksum,
       la_url, policy, created_at, updated_at, holds_content)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, not exists (
       select 1 from keys where content_id = ?3 and ifnull(label, '') = ifnull(?4, '') and algorithm = ?2
         and ifnull(period, -1) = ifnull(?5, -1) and holds_content = 1))`,
    key.kid,
    key.algorithm,
    key.contentId,
    key.label ?? null,
    key.period ?? null,
    key.source,
    key.seedId ?? null,
    key.wrappedKey ?? null,
    key.kekId ?? null,
    key.checksum,
    key.laUrl ?? null,
    key.policy === undefined ? null : JSON.stringify(key.policy),
    at,
  );
}

function insertNote(database: Database, note: AuditNote, at: string, actor: string): void {
  const { operation, kid, contentId, checksum, outcome } = note;
  database.run(
    'insert into audit (at, actor, operation, kid, content_id, checksum, outcome) values (?, ?, ?, ?, ?, ?, ?)',
    at,
    actor,
    operation,
    kid ?? NO_KID,
    contentId ?? null,
    checksum ?? null,
    outcome,
  );
}

function now(): string {
  return new Date().toISOString();
}
