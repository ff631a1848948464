import type { KeyId } from '../../keys/key-id.js';
import type {
  AuditEntry,
  AuditFilter,
  AuditOperation,
  KeyFilter,
  KeyRecord,
  KeyRegistration,
  Page,
  PageRequest,
  PublishedOutput,
} from '../key-store.js';
import { pageLimit, readCursor, writeCursor } from '../page.js';
import type { Database, SqlValue } from './database.js';
import {
  type AuditRow,
  type KeyRow,
  NO_KID,
  type OutputRow,
  type PolicyRow,
  toAuditEntry,
  toRecord,
} from './rows.js';

/** How a key is stored: wrapped, or not at all when it follows from a seed. */
export interface KeptKey {
  readonly wrappedKey: Uint8Array | null;
  readonly kekId: string | null;
  readonly checksum: string;
}

/** What is noted in the audit besides time and actor. */
export interface AuditNote {
  readonly operation: AuditOperation;
  readonly kid?: KeyId;
  readonly contentId?: string;
  readonly checksum?: string;
  readonly outcome: AuditEntry['outcome'];
}

/** A line of the audit, as it is when what it notes happens. */
export interface AuditLine extends AuditNote {
  readonly at: string;
  readonly actor: string;
}

/** Column of each field that a list can be filtered by. */
const KEY_COLUMNS: Record<keyof KeyFilter, string> = {
  kid: 'kid',
  contentId: 'content_id',
  label: 'label',
  state: 'state',
  algorithm: 'algorithm',
  period: 'period',
};
const AUDIT_COLUMNS: Record<keyof AuditFilter, string> = { kid: 'kid', contentId: 'content_id' };

/** The tables of a key store as typed questions and answers. Knows SQL, and nothing of keys and rules. */
export class Tables {
  readonly #database: Database;
  readonly #actor: string;

  constructor(database: Database, actor: string) {
    this.#database = database;
    this.#actor = actor;
  }

  /** Id of the KEK that new keys are wrapped under; undefined before the first one. */
  kekInForce(): string | undefined {
    return this.#database.get<{ kek_id: string | null }>('select kek_id from store')!.kek_id ?? undefined;
  }

  putKekInForce(id: string): void {
    this.#database.run('update store set kek_id = ?', id);
  }

  key(kid: KeyId): KeyRow | undefined {
    return this.#database.get<KeyRow>('select * from keys where kid = ?', kid);
  }

  /** Those that hold the content for their label, algorithm and period first, then by age. */
  keysOfContent(filter: KeyFilter): KeyRow[] {
    const { terms, values } = conditions(filter, KEY_COLUMNS);
    return this.#database.all(
      `select * from keys where ${terms.join(' and ')} order by holds_content desc, created_at, kid`,
      ...values,
    );
  }

  /** Whether a living key holds the content for this label, algorithm and period. */
  isHeld({ contentId, label, algorithm, period }: KeyRegistration): boolean {
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

  /** Up to `limit` keys that are wrapped under this KEK. */
  keysUnder(kekId: string, limit: number): KeyRow[] {
    return this.#database.all('select * from keys where kek_id = ? order by kid limit ?', kekId, limit);
  }

  /** Ids of the KEKs that keys are wrapped under. */
  kekIds(): string[] {
    const rows = this.#database.all<{ kek_id: string }>(
      'select distinct kek_id from keys where kek_id is not null',
    );
    return rows.map((row) => row.kek_id);
  }

  record(row: KeyRow): KeyRecord {
    const outputs = this.#database.all<OutputRow>(
      'select fingerprint, made_from from outputs where kid = ? order by published_at, fingerprint',
      row.kid,
    );
    return toRecord(row, outputs, this.replacedPolicy(row.kid));
  }

  /** The newest policy that took the place of the one of the registration. */
  replacedPolicy(kid: KeyId): PolicyRow | undefined {
    return this.#database.get(
      'select version, policy from policies where kid = ? order by version desc limit 1',
      kid,
    );
  }

  insertPolicy(kid: KeyId, version: number, policy: string): void {
    const time = now();
    this.#database.run(
      'insert into policies (kid, version, policy, at, actor) values (?, ?, ?, ?, ?)',
      kid,
      version,
      policy,
      time,
      this.#actor,
    );
    this.#database.run('update keys set updated_at = ? where kid = ?', time, kid);
  }

  insertKey(registration: KeyRegistration, kept: KeptKey): void {
    const { kid, algorithm, contentId, label, period, source, seedId, laUrl, policy } = registration;
    const time = now();
    this.#database.run(
      `insert into keys (kid, algorithm, content_id, label, period, source, seed_id, wrapped_key, kek_id, checksum,
         la_url, policy, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      kid,
      algorithm,
      contentId,
      label ?? null,
      period ?? null,
      source,
      seedId ?? null,
      kept.wrappedKey,
      kept.kekId,
      kept.checksum,
      laUrl ?? null,
      policy === undefined ? null : JSON.stringify(policy),
      time,
      time,
    );
  }

  setState(kid: KeyId, state: 'active' | 'revoked'): void {
    this.#database.run('update keys set state = ?, updated_at = ? where kid = ?', state, now(), kid);
  }

  setWrappedKey(kid: KeyId, wrappedKey: Uint8Array, kekId: string): void {
    this.#database.run('update keys set wrapped_key = ?, kek_id = ? where kid = ?', wrappedKey, kekId, kid);
  }

  hasOutput(kid: KeyId, fingerprint: string): boolean {
    return (
      this.#database.get('select 1 from outputs where kid = ? and fingerprint = ?', kid, fingerprint) !==
      undefined
    );
  }

  insertOutput(kid: KeyId, { fingerprint, madeFrom }: PublishedOutput): void {
    this.#database.run(
      'insert into outputs (kid, fingerprint, made_from, published_at) values (?, ?, ?, ?)',
      kid,
      fingerprint,
      madeFrom ?? null,
      now(),
    );
  }

  note(note: AuditNote): void {
    insertAuditLine(this.#database, { ...note, at: now(), actor: this.#actor });
  }

  /** What is to be noted of a key. */
  lineOf(
    operation: AuditOperation,
    { kid, content_id, checksum }: KeyRow,
    outcome: AuditEntry['outcome'],
  ): AuditLine {
    return { at: now(), actor: this.#actor, operation, kid, contentId: content_id, checksum, outcome };
  }

  /**
   * The oldest entries, up to the first one that is not older than `before`. Lines may come a moment late, so that a few that are older
   * may stand behind it.
   * @param before RFC 3339 UTC, with milliseconds
   */
  auditBefore(before: string, limit: number): AuditEntry[] {
    const rows = this.#database.all<AuditRow>('select * from audit order by id limit ?', limit);
    const end = rows.findIndex(({ at }) => at >= before);
    return (end < 0 ? rows : rows.slice(0, end)).map(toAuditEntry);
  }

  /** Removes the entries up to an id, past the trigger that guards them, which stands again when the transaction ends. */
  removeAudit(lastId: number): void {
    const guard = this.#database.get<{ sql: string }>(
      "select sql from sqlite_schema where name = 'audit_is_never_deleted'",
    )!;
    this.#database.execute('drop trigger audit_is_never_deleted');
    this.#database.run('delete from audit where id <= ?', lastId);
    this.#database.execute(guard.sql);
  }

  list(filter: KeyFilter, page: PageRequest): Page<KeyRecord> {
    const limit = pageLimit(page);
    const { terms, values } = conditions(filter, KEY_COLUMNS);
    if (page.cursor !== undefined) {
      terms.push('(created_at, kid) > (?, ?)');
      values.push(...readCursor(page.cursor, ['', ''] as const));
    }
    const rows = this.#database.all<KeyRow>(
      `select * from keys where ${terms.join(' and ')} order by created_at, kid limit ?`,
      ...values,
      limit + 1,
    );
    return pageOf(
      rows,
      limit,
      (row) => this.record(row),
      (row) => [row.created_at, row.kid],
    );
  }

  audit(filter: AuditFilter, page: PageRequest): Page<AuditEntry> {
    const limit = pageLimit(page);
    const { terms, values } = conditions(filter, AUDIT_COLUMNS);
    if (page.cursor !== undefined) {
      terms.push('id > ?');
      values.push(...readCursor(page.cursor, [0] as const));
    }
    const rows = this.#database.all<AuditRow>(
      `select * from audit where ${terms.join(' and ')} order by id limit ?`,
      ...values,
      limit + 1,
    );
    return pageOf(rows, limit, toAuditEntry, (row) => [row.id]);
  }
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

/** One row more than the page holds says that there is a next one. */
function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  position: (row: Row) => readonly (string | number)[],
): Page<Item> {
  const items = rows.slice(0, limit).map(toItem);
  return rows.length > limit ? { items, next: writeCursor(position(rows[limit - 1]!)) } : { items };
}

function now(): string {
  return new Date().toISOString();
}

/** Adds a line to the audit. */
export function insertAuditLine(database: Database, line: AuditLine): void {
  const { at, actor, operation, kid, contentId, checksum, outcome } = line;
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
