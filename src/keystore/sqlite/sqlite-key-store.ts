import { PrpackError } from '../../errors.js';
import type { ContentKey } from '../../keys/content-key.js';
import type { KeyId } from '../../keys/key-id.js';
import type { KekSource } from '../kek.js';
import { missingKek, noKekYet, strangeKek } from '../kek-failure.js';
import type {
  AuditEntry,
  AuditFilter,
  ContentFilter,
  KeyFilter,
  KeyRecord,
  KeyRegistration,
  KeyStore,
  Page,
  PageRequest,
  Policy,
  PublishedOutput,
  RegisteredKey,
  StoredKey,
} from '../key-store.js';
import type { KeyEncryptionKey } from '../key-wrap.js';
import { revokedConflict } from '../registration-rules.js';
import { DatabaseFile } from './database-file.js';
import { noStore } from './failure.js';
import { KEY_STORE_SCHEMA } from './migrations.js';
import { PromptReadAudit, type ReadAudit } from './read-audit.js';
import type { KeyRow } from './rows.js';
import {
  activateOne,
  findConflict,
  findHeldContent,
  isWrapped,
  note,
  openKey,
  registerOne,
  replacePolicyOf,
  revokeOne,
  rewrapSome,
  rowsOf,
} from './steps.js';
import { type AuditLine, Tables } from './tables.js';

/** Keys that are wrapped again in one transaction, so that other writers get their turn in between. */
const REWRAP_BATCH = 500;
/** Entries of the audit that are removed in one transaction, likewise. */
const PRUNE_BATCH = 5000;

export interface SqliteKeyStoreOptions {
  /** Absolute path of the database file. */
  readonly path: string;
  readonly kek: KekSource;
  /** Who works with the store, for the audit. */
  readonly actor: string;
  /** The same for all stores of a process that share their connection; closed by the one who made it. */
  readonly shared?: { readonly file: DatabaseFile; readonly readAudit: ReadAudit };
}

/** KEKs of a registration: the one that new keys are wrapped under, and all by their ids. */
interface Keks {
  readonly inForce?: KeyEncryptionKey;
  readonly byId: ReadonlyMap<string, KeyEncryptionKey>;
}

const NO_KEKS: Keks = { byId: new Map() };

/**
 * The embedded key store: one SQLite file, shared by any number of processes of one machine. Nothing is opened before it
 * is used, nothing is made before the first registration, and a KEK is asked for only when a key is to be wrapped or opened.
 */
export class SqliteKeyStore implements KeyStore {
  readonly location: string;
  readonly #options: SqliteKeyStoreOptions;
  readonly #file: DatabaseFile;
  readonly #readAudit: ReadAudit;

  constructor(options: SqliteKeyStoreOptions) {
    this.#options = options;
    this.#file = options.shared?.file ?? new DatabaseFile(options.path, KEY_STORE_SCHEMA);
    this.#readAudit = options.shared?.readAudit ?? new PromptReadAudit(this.#file);
    this.location = `sqlite:${options.path}`;
  }

  async register(registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]> {
    for (const registration of registrations) assertNoUnnamed(registration);
    if (registrations.length === 0) return [];
    for (;;) {
      const keks = registrations.some(isWrapped) ? await this.#keksFor(registrations) : NO_KEKS;
      const registered = await this.#registerUnder(keks, registrations);
      if (registered) return registered;
    }
  }

  /** Undefined when another KEK was put in force since they were loaded. */
  async #registerUnder(keks: Keks, registrations: readonly KeyRegistration[]) {
    const tables = await this.#open();
    return this.#commit(() => {
      if (keks.inForce && !isInForce(tables, keks.inForce)) return undefined;
      const conflict =
        findHeldContent(tables, registrations) ?? findConflict(tables, registrations, keks.byId);
      if (conflict) return conflict;
      if (keks.inForce) tables.putKekInForce(keks.inForce.id);
      return registrations.map((registration) => registerOne(tables, registration, keks.inForce));
    });
  }

  async markActive(kids: readonly KeyId[], output: PublishedOutput): Promise<void> {
    assertFingerprint(output);
    const tables = await this.#open();
    await this.#commit(() => {
      const rows = rowsOf(tables, kids, 'activate');
      if (rows instanceof PrpackError) return rows;
      const revoked = rows.find((row) => row.state === 'revoked');
      if (revoked) {
        note(tables, 'activate', revoked, 'conflict');
        return revokedConflict(revoked.kid);
      }
      for (const row of rows) activateOne(tables, row, output);
      return undefined;
    });
  }

  async get(kid: KeyId): Promise<StoredKey | undefined> {
    const tables = await this.#openIfThere();
    const row = tables && (await this.#file.attempt(() => tables.key(kid)));
    return row && (await this.#openRows(tables, [row]))[0];
  }

  async findByContentId(contentId: string, filter: ContentFilter = {}): Promise<StoredKey[]> {
    const tables = await this.#openIfThere();
    if (!tables) return [];
    return this.#openRows(
      tables,
      await this.#file.attempt(() => tables.keysOfContent({ ...filter, contentId })),
    );
  }

  async list(filter: KeyFilter = {}, page: PageRequest = {}): Promise<Page<KeyRecord>> {
    const tables = await this.#openIfThere();
    return tables ? this.#file.attempt(() => tables.list(filter, page)) : { items: [] };
  }

  async revoke(kids: readonly KeyId[]): Promise<void> {
    const tables = await this.#open();
    await this.#commit(() => {
      const rows = rowsOf(tables, kids, 'revoke');
      if (rows instanceof PrpackError) return rows;
      for (const row of rows) revokeOne(tables, row);
      return undefined;
    });
  }

  async replacePolicy(kid: KeyId, policy: Policy, replaces?: number): Promise<KeyRecord> {
    const tables = await this.#open();
    return this.#commit(() => {
      const rows = rowsOf(tables, [kid], 'replace-policy');
      if (rows instanceof PrpackError) return rows;
      const conflict = replacePolicyOf(tables, rows[0]!, policy, replaces);
      return conflict ?? tables.record(tables.key(kid)!);
    });
  }

  async rewrap(next: KeyEncryptionKey): Promise<number> {
    const tables = await this.#openIfThere();
    if (!tables) throw noStore(this.#options.path);
    const ids = await this.#file.attempt(() => [...tables.kekIds(), tables.kekInForce()]);
    const keks = await this.#loadKeks(ids.filter((id) => id !== next.id));
    await this.#commit(() => {
      for (const id of tables.kekIds()) {
        const found = id === next.id ? next : keks.get(id);
        if (found?.id !== id) return strangeKek(id, (found ?? next).id, this.#options.kek.name);
      }
      tables.putKekInForce(next.id);
      return undefined;
    });
    let count = 0;
    for (const present of keks.values()) {
      for (let batch = REWRAP_BATCH; batch === REWRAP_BATCH; count += batch) {
        batch = await this.#commit(() => rewrapSome(tables, present, next, REWRAP_BATCH));
      }
    }
    return count;
  }

  async audit(filter: AuditFilter = {}, page: PageRequest = {}): Promise<Page<AuditEntry>> {
    await this.#readAudit.flush();
    const tables = await this.#openIfThere();
    return tables ? this.#file.attempt(() => tables.audit(filter, page)) : { items: [] };
  }

  async pruneAudit(before: string, keep: (entries: readonly AuditEntry[]) => Promise<void>): Promise<number> {
    const tables = await this.#openIfThere();
    if (!tables) throw noStore(this.#options.path);
    let count = 0;
    for (let batch = PRUNE_BATCH; batch === PRUNE_BATCH; count += batch) {
      const entries = await this.#file.attempt(() => tables.auditBefore(before, PRUNE_BATCH));
      batch = entries.length;
      if (batch === 0) break;
      await keep(entries);
      await this.#commit(() => {
        tables.removeAudit(entries.at(-1)!.id);
        tables.note({ operation: 'prune', outcome: 'done' });
      });
    }
    return count;
  }

  async probe(): Promise<void> {
    const tables = await this.#open();
    await this.#file.attempt(() => tables.list({}, { limit: 1 }));
    await this.#file.commit((database) => database.touch());
  }

  async close(): Promise<void> {
    if (!this.#options.shared) await this.#file.close();
  }

  async #open(): Promise<Tables> {
    return new Tables(await this.#file.open(), this.#options.actor);
  }

  async #openIfThere(): Promise<Tables | undefined> {
    const database = await this.#file.openIfThere();
    return database && new Tables(database, this.#options.actor);
  }

  /** A transaction. An error that `work` returns is thrown after the commit, so that its audit note stays. */
  async #commit<T>(work: () => T | PrpackError): Promise<T> {
    this.#readAudit.flushAhead();
    const result = await this.#file.commit(work);
    if (result instanceof PrpackError) throw result;
    return result;
  }

  /**
   * The KEK for new keys, and those of keys that are there already: in the middle of a rewrap they are not the same. They come before
   * the store is made, so that none is made in vain.
   */
  async #keksFor(registrations: readonly KeyRegistration[]): Promise<Keks> {
    const tables = await this.#openIfThere();
    const id = tables && (await this.#file.attempt(() => tables.kekInForce()));
    const inForce = await this.#loadKek(id);
    if (id !== undefined && id !== inForce.id) throw strangeKek(id, inForce.id, this.#options.kek.name);
    const rows = tables
      ? await this.#file.attempt(() => registrations.flatMap(({ kid }) => tables.key(kid) ?? []))
      : [];
    const others = rows.map((row) => row.kek_id).filter((other) => other !== inForce.id);
    return { inForce, byId: (await this.#loadKeks(others)).set(inForce.id, inForce) };
  }

  /** The KEKs by the ids that rows name. */
  async #loadKeks(ids: readonly (string | null | undefined)[]): Promise<Map<string, KeyEncryptionKey>> {
    const keks = new Map<string, KeyEncryptionKey>();
    for (const id of ids) if (id && !keks.has(id)) keks.set(id, await this.#loadKek(id));
    return keks;
  }

  /**
   * The KEK, read again for every call, for it may be rotated while this process runs. One is made for a store that has
   * none yet, and only for that: in any other case it was lost, and another could not open the keys.
   */
  async #loadKek(id: string | undefined): Promise<KeyEncryptionKey> {
    const source = this.#options.kek;
    const kek = await source.load(id);
    if (kek) return kek;
    if (id !== undefined) throw missingKek(source.name, id);
    if (!source.create) throw noKekYet(source.name);
    return source.create();
  }

  /** Keys leave the store here, and nowhere else: not before their lines are with those who keep the audit. */
  async #openRows(tables: Tables, rows: readonly KeyRow[]): Promise<StoredKey[]> {
    const keks = await this.#loadKeks(rows.map((row) => row.kek_id));
    const lines: AuditLine[] = [];
    const opened = await this.#file.attempt(() => {
      lines.length = 0;
      return openAll(tables, rows, keks, (row, outcome) => lines.push(tables.lineOf('open', row, outcome)));
    });
    if (lines.length > 0) await this.#readAudit.keep(lines);
    if (opened instanceof PrpackError) throw opened;
    return opened;
  }
}

/** The rows with their keys, or the refusal of the first key that cannot be opened. `note` is called for each key. */
function openAll(
  tables: Tables,
  rows: readonly KeyRow[],
  keks: ReadonlyMap<string, KeyEncryptionKey>,
  note: (row: KeyRow, outcome: AuditEntry['outcome']) => void,
): StoredKey[] | PrpackError {
  const opened: StoredKey[] = [];
  for (const row of rows) {
    const key = row.kek_id ? openOrRefusal(row, keks.get(row.kek_id)!) : undefined;
    if (key) note(row, key instanceof PrpackError ? 'failed' : 'done');
    if (key instanceof PrpackError) return key;
    opened.push({ record: tables.record(row), ...(key ? { key } : {}) });
  }
  return opened;
}

/** Whether new keys are to be wrapped under this KEK: so it is for the first one of a store, too. */
function isInForce(tables: Tables, kek: KeyEncryptionKey): boolean {
  return (tables.kekInForce() ?? kek.id) === kek.id;
}

function openOrRefusal(row: KeyRow, kek: KeyEncryptionKey): ContentKey | PrpackError {
  try {
    return openKey(row, kek);
  } catch (error) {
    if (error instanceof PrpackError) return error;
    throw error;
  }
}

function assertNoUnnamed({ kid, contentId, source }: KeyRegistration): void {
  if (contentId !== '' && source !== '') return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `the registration of KID ${kid} has an empty content id or source`,
    {
      remedy: 'Name the content, for the license server finds its keys by that name.',
    },
  );
}

function assertFingerprint({ fingerprint }: PublishedOutput): void {
  if (/^[0-9a-f]{64}$/.test(fingerprint)) return;
  throw new PrpackError('INVALID_ARGUMENT', 'the fingerprint of a published file has the wrong form', {
    expected: '64 hexadecimal digits, lower case',
    remedy:
      'Give the fingerprint of the whole published file, as the result of `encrypt` has it, or its SHA-256.',
  });
}
