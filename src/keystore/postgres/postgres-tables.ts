import type { KeyId } from '../../keys/key-id.js';
import type { AuditEntry, AuditFilter, KeyFilter, KeyRecord, Page, PageRequest } from '../key-store.js';
import {
  type AuditLine,
  type AuditNote,
  type Change,
  type Concern,
  type Decision,
  type Holdings,
  type KeptKey,
  type KeyTables,
  type NewKey,
  type Slot,
  slotName,
} from '../key-tables.js';
import { pageLimit, pageOf, readCursor } from '../page.js';
import type { OutputRow, PolicyRow } from '../rows.js';
import { AUDIT_COLUMNS, type AuditRow, KEY_COLUMNS, type KeyRow, toAuditEntry, toKeptKey } from '../rows.js';
import { Connections } from './connections.js';
import { noStore } from './failure.js';
import type { PostgresLocation } from './location.js';
import { Schema } from './schema.js';

/** What a decision depends on: the KEK in force, the KEKs of keys, which slots are held, and the version of each key that is there. */
interface Outlook {
  readonly kek: string | null;
  readonly keks: readonly string[] | null;
  readonly held: readonly boolean[];
  readonly versions: Readonly<Record<string, number>>;
}

/** A row of `prpack.key_rows`, as JSON. */
interface JsonKeyRow extends Omit<KeyRow, 'wrapped_key'> {
  readonly seq: number;
  /** Hexadecimal digits. */
  readonly wrapped_key: string | null;
  readonly outputs: readonly OutputRow[];
  readonly replaced: PolicyRow | null;
}

/** What `prpack.change` answers: when it wrote, or what is there. */
type ChangeAnswer =
  | { readonly at: string }
  | { readonly at?: undefined; readonly outlook: Outlook; readonly keys: readonly JsonKeyRow[] };

const CHANGE = 'select prpack.change($1, $2::uuid[], $3::jsonb, $4, $5::jsonb, $6::jsonb) as answer';

/**
 * The tables of a key store in the schema `prpack` of a PostgreSQL database, for any number of processes and machines. A change is one
 * round trip where things are as expected, which for new keys they are; else one more.
 */
export class PostgresTables implements KeyTables {
  readonly location: string;
  readonly #connections: Connections;
  readonly #schema: Schema;

  /** @param patienceMs how long a call tries to reach the server, when not as long as is usual */
  static open(
    location: PostgresLocation,
    environment: Readonly<Record<string, string | undefined>>,
    patienceMs?: number,
  ): PostgresTables {
    return new PostgresTables(new Connections(location, environment, patienceMs));
  }

  private constructor(connections: Connections) {
    this.#connections = connections;
    this.#schema = new Schema(connections);
    this.location = connections.location;
  }

  async change<T>(actor: string, concern: Concern, decide: (held: Holdings) => Decision<T>): Promise<T> {
    await this.#schema.make();
    let held = this.#expected(concern);
    for (;;) {
      const { changes, answer } = decide(held);
      const said = await this.#write(actor, concern, held.outlook, changes);
      if (said.at !== undefined) return answer(said.at);
      this.#schema.kekInForce = said.outlook.kek ?? undefined;
      held = new PostgresHoldings(concern, said.outlook, said.keys.map(keptOf));
    }
  }

  /** New keys: nothing is there yet, but for the KEK that was seen last. */
  #expected({ kids, slots = [], keks = false }: Concern): PostgresHoldings {
    const outlook: Outlook = {
      kek: this.#schema.kekInForce ?? null,
      keks: keks ? [] : null,
      held: slots.map(() => false),
      versions: {},
    };
    return new PostgresHoldings({ kids, slots }, outlook, []);
  }

  async #write(
    actor: string,
    { kids, slots = [], keks = false, once = false }: Concern,
    expected: Outlook,
    changes: readonly Change[],
  ): Promise<ChangeAnswer> {
    const [row] = await this.#connections.rows<{ answer: ChangeAnswer }>(
      CHANGE,
      [
        actor,
        [...new Set(kids)],
        JSON.stringify(slots.map(slotColumns)),
        keks,
        JSON.stringify(expected),
        JSON.stringify(changes.map(changeColumns)),
      ],
      { once },
    );
    const { answer } = row!;
    for (const change of changes) {
      if (change.kind === 'kek' && answer.at !== undefined) this.#schema.kekInForce = change.id;
    }
    return answer;
  }

  async kekInForce(isFresh: boolean): Promise<string | undefined> {
    if (isFresh) this.#schema.forget();
    await this.#schema.isThere();
    return this.#schema.kekInForce;
  }

  async kekIds(): Promise<readonly string[]> {
    if (!(await this.#schema.isThere())) throw noStore(this.location);
    const [row] = await this.#connections.rows<{ ids: string[]; kek: string | null }>(
      'select prpack.kek_ids() as ids, (select kek_id from prpack.store) as kek',
    );
    const { ids, kek } = row!;
    return kek === null ? ids : [...ids, kek];
  }

  async wrappedKek(id: string): Promise<string | undefined> {
    if (!(await this.#schema.isThere())) return undefined;
    const sql = 'select wrapped from prpack.wrapped_keks where id = $1';
    return (await this.#connections.rows<{ wrapped: string }>(sql, [id]))[0]?.wrapped;
  }

  async key(kid: KeyId): Promise<KeptKey | undefined> {
    const rows = await this.#keyRows('where kid = $1', [kid]);
    return rows.map(keptOf)[0];
  }

  async keysOfContent(filter: KeyFilter): Promise<KeptKey[]> {
    const { terms, values } = conditions(filter, KEY_COLUMNS);
    const rows = await this.#keyRows(`where ${terms.join(' and ')} order by holds_content desc, seq`, values);
    return rows.map(keptOf);
  }

  async keysUnder(kekId: string, limit: number): Promise<KeptKey[]> {
    const rows = await this.#keyRows('where kek_id = $1 order by kid limit $2', [kekId, limit]);
    return rows.map(keptOf);
  }

  async list(filter: KeyFilter, page: PageRequest): Promise<Page<KeyRecord>> {
    const limit = pageLimit(page);
    const { terms, values } = conditions(filter, KEY_COLUMNS);
    if (page.cursor !== undefined) {
      values.push(...readCursor(page.cursor, [0] as const));
      terms.push(`seq > $${values.length}`);
    }
    values.push(limit + 1);
    const rows = await this.#keyRows(
      `where ${terms.join(' and ')} order by seq limit $${values.length}`,
      values,
    );
    return pageOf(
      rows,
      limit,
      (row) => keptOf(row).record,
      (row) => [row.seq],
    );
  }

  async audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    const limit = pageLimit(page);
    const { terms, values } = conditions(filter, AUDIT_COLUMNS);
    if (page.cursor !== undefined) {
      values.push(...readCursor(page.cursor, [0] as const));
      terms.push(`id > $${values.length}`);
    }
    values.push(limit + 1);
    const rows = await this.#auditRows(
      `where ${terms.join(' and ')} order by id limit $${values.length}`,
      values,
    );
    return pageOf(rows, limit, toAuditEntry, (row) => [row.id]);
  }

  async note(lines: readonly AuditLine[]): Promise<void> {
    await this.#schema.make();
    const now = Date.now();
    const aged = lines.map(({ at, actor, ...note }) => ({
      ...noteColumns(note),
      actor,
      age: Math.max(now - Date.parse(at), 0),
    }));
    await this.#connections.rows('select prpack.note($1::jsonb)', [JSON.stringify(aged)]);
  }

  async auditBefore(before: string, limit: number): Promise<AuditEntry[]> {
    if (!(await this.#schema.isThere())) throw noStore(this.location);
    const rows = await this.#auditRows('order by id limit $1', [limit]);
    const end = rows.findIndex(({ at }) => at >= before);
    return (end < 0 ? rows : rows.slice(0, end)).map(toAuditEntry);
  }

  async removeAudit(actor: string, entries: readonly AuditEntry[]): Promise<void> {
    const ids = entries.map(({ id }) => id);
    await this.#connections.rows('select prpack.prune($1, $2::bigint[])', [actor, ids]);
  }

  async probe(): Promise<void> {
    await this.#schema.make();
    await this.#connections.rows('update prpack.store set probed_at = clock_timestamp()');
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Rows of keys; none where there is no store, which is not made. */
  async #keyRows(rest: string, values: readonly unknown[]): Promise<JsonKeyRow[]> {
    if (!(await this.#schema.isThere())) return [];
    const sql = `select to_jsonb(r) as row from prpack.key_rows r ${rest}`;
    return (await this.#connections.rows<{ row: JsonKeyRow }>(sql, values)).map(({ row }) => row);
  }

  async #auditRows(rest: string, values: readonly unknown[]): Promise<AuditRow[]> {
    if (!(await this.#schema.isThere())) return [];
    const sql = `select to_jsonb(r) as row from prpack.audit_rows r ${rest}`;
    return (await this.#connections.rows<{ row: AuditRow }>(sql, values)).map(({ row }) => row);
  }
}

class PostgresHoldings implements Holdings {
  readonly outlook: Outlook;
  readonly #held: ReadonlyMap<string, boolean>;
  readonly #keys: ReadonlyMap<KeyId, KeptKey>;

  constructor({ slots = [] }: Concern, outlook: Outlook, keys: readonly KeptKey[]) {
    this.outlook = outlook;
    this.#held = new Map(slots.map((slot, i) => [slotName(slot), outlook.held[i]!]));
    this.#keys = new Map(keys.map((key) => [key.record.kid, key]));
  }

  kekInForce(): string | undefined {
    return this.outlook.kek ?? undefined;
  }

  kekIds(): readonly string[] {
    return this.outlook.keks!;
  }

  key(kid: KeyId): KeptKey | undefined {
    return this.#keys.get(kid);
  }

  isHeld(slot: Slot): boolean {
    return this.#held.get(slotName(slot))!;
  }
}

function keptOf({ outputs, replaced, wrapped_key, ...row }: JsonKeyRow): KeptKey {
  const wrappedKey = wrapped_key === null ? null : new Uint8Array(Buffer.from(wrapped_key, 'hex'));
  return toKeptKey({ ...row, wrapped_key: wrappedKey }, outputs, replaced ?? undefined);
}

function conditions<F extends object>(
  filter: F,
  columns: Record<keyof F, string>,
): { terms: string[]; values: unknown[] } {
  const given = (Object.keys(columns) as (keyof F)[]).filter((field) => filter[field] !== undefined);
  return {
    terms: ['true', ...given.map((field, i) => `${columns[field]} = $${i + 1}`)],
    values: given.map((field) => filter[field]),
  };
}

function slotColumns({ contentId, label, algorithm, period }: Slot) {
  return { content_id: contentId, label, algorithm, period };
}

function noteColumns({ operation, kid, contentId, checksum, outcome }: AuditNote) {
  return { operation, kid, content_id: contentId, checksum, outcome };
}

function keyColumns({ contentId, seedId, laUrl, policy, kekId, wrappedKey, ...same }: NewKey) {
  return {
    ...same,
    content_id: contentId,
    seed_id: seedId,
    la_url: laUrl,
    policy: policy && JSON.stringify(policy),
    kek_id: kekId,
    wrapped_key: wrappedKey && Buffer.from(wrappedKey).toString('hex'),
  };
}

/** A change as `prpack.write` takes it. */
const COLUMNS: { readonly [K in Change['kind']]: (change: Extract<Change, { kind: K }>) => object } = {
  add: ({ kind, key }) => ({ kind, key: keyColumns(key) }),
  state: (change) => change,
  output: ({ kind, kid, output }) => ({
    kind,
    kid,
    fingerprint: output.fingerprint,
    made_from: output.madeFrom,
  }),
  policy: (change) => change,
  wrap: ({ kind, kid, wrappedKey, kekId }) => ({
    kind,
    kid,
    wrapped_key: Buffer.from(wrappedKey).toString('hex'),
    kek_id: kekId,
  }),
  kek: (change) => change,
  note: ({ kind, note }) => ({ kind, note: noteColumns(note) }),
};

function changeColumns(change: Change): object {
  const columns = COLUMNS[change.kind] as (change: Change) => object;
  return columns(change);
}
