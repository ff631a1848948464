import { PrpackError } from '../errors.js';
import type { ContentKey } from '../keys/content-key.js';
import type { KeyId } from '../keys/key-id.js';
import type { KekSource } from './kek.js';
import { keptWrapped, missingKek, noKekYet, strangeKek } from './kek-failure.js';
import {
  activateKeys,
  auditNote,
  isWrapped,
  type Keks,
  OtherKeks,
  openKey,
  putInForce,
  registerKeys,
  replacePolicyOf,
  revokeKeys,
  rewrapKeys,
} from './key-life.js';
import type {
  AuditEntry,
  AuditFilter,
  ContentFilter,
  KeyFilter,
  KeyRecord,
  KeyRegistration,
  Page,
  PageRequest,
  Policy,
  PublishedOutput,
  RegisteredKey,
  SharedKeyStore,
  StoredKey,
} from './key-store.js';
import type { AuditLine, Concern, Decision, Holdings, KeptKey, KeyTables } from './key-tables.js';
import type { KeyEncryptionKey } from './key-wrap.js';
import type { ReadAudit } from './read-audit.js';
import { assertFingerprint, assertNamed } from './registration-rules.js';

/** Keys that are wrapped again in one transaction, so that other writers get their turn in between. */
const REWRAP_BATCH = 500;
/** Entries of the audit that are removed in one transaction, likewise. */
const PRUNE_BATCH = 5000;

/** What a key store is made of. */
export interface TableKeyStoreParts {
  readonly tables: KeyTables;
  readonly kek: KekSource;
  readonly readAudit: ReadAudit;
}

const NO_KEKS: Keks = { byId: new Map() };

/**
 * The key store over tables of any kind, one for all callers of a process: the contract of `KeyStore`, of which `key-life.ts` has the rules.
 * Nothing is opened before it is used, and a KEK is asked for only when a key is to be wrapped or opened.
 */
export class TableKeyStore implements SharedKeyStore {
  readonly location: string;
  readonly #tables: KeyTables;
  readonly #kek: KekSource;
  readonly #readAudit: ReadAudit;

  constructor({ tables, kek, readAudit }: TableKeyStoreParts) {
    this.#tables = tables;
    this.#kek = kek;
    this.#readAudit = readAudit;
    this.location = tables.location;
  }

  async register(actor: string, registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]> {
    for (const registration of registrations) assertNamed(registration);
    if (registrations.length === 0) return [];
    const concern = { kids: registrations.map(({ kid }) => kid), slots: registrations };
    // The KEK comes before the tables are made, so that none are made in vain.
    let keks = registrations.some(isWrapped) ? await this.#keksInForce() : NO_KEKS;
    for (;;) {
      const registered = await this.#change(actor, concern, (held) =>
        registerKeys(held, registrations, keks),
      );
      if (!(registered instanceof OtherKeks)) return registered;
      keks = await this.#loadOthers(registered);
    }
  }

  async markActive(actor: string, kids: readonly KeyId[], output: PublishedOutput): Promise<void> {
    assertFingerprint(output);
    await this.#change(actor, { kids }, (held) => activateKeys(held, kids, output));
  }

  async get(actor: string, kid: KeyId): Promise<StoredKey | undefined> {
    const key = await this.#tables.key(kid);
    return key && (await this.#openKeys(actor, [key]))[0];
  }

  async findByContentId(actor: string, contentId: string, filter: ContentFilter = {}): Promise<StoredKey[]> {
    return this.#openKeys(actor, await this.#tables.keysOfContent({ ...filter, contentId }));
  }

  async list(_actor: string, filter: KeyFilter = {}, page: PageRequest = {}): Promise<Page<KeyRecord>> {
    return this.#tables.list(filter, page);
  }

  async revoke(actor: string, kids: readonly KeyId[]): Promise<void> {
    await this.#change(actor, { kids }, (held) => revokeKeys(held, kids));
  }

  async replacePolicy(actor: string, kid: KeyId, policy: Policy, replaces?: number): Promise<KeyRecord> {
    const concern = { kids: [kid], once: replaces !== undefined };
    return this.#change(actor, concern, (held) => replacePolicyOf(held, kid, policy, replaces));
  }

  async rewrap(actor: string, next: KeyEncryptionKey): Promise<number> {
    const ids = await this.#tables.kekIds();
    const keks = await this.#loadKeks(ids.filter((id) => id !== next.id));
    await this.#change(actor, { kids: [], keks: true }, (held) =>
      putInForce(held, next, keks, this.#kek.name),
    );
    let count = 0;
    for (const present of keks.values()) {
      for (let batch = REWRAP_BATCH; batch === REWRAP_BATCH; ) {
        const keys = await this.#tables.keysUnder(present.id, REWRAP_BATCH);
        batch = keys.length;
        const kids = keys.map(({ record }) => record.kid);
        count += await this.#change(actor, { kids }, (held) => rewrapKeys(held, kids, present, next));
      }
    }
    return count;
  }

  async audit(_actor: string, filter: AuditFilter = {}, page: PageRequest = {}): Promise<Page<AuditEntry>> {
    await this.#readAudit.flush();
    return this.#tables.audit(filter, page);
  }

  async pruneAudit(
    actor: string,
    before: string,
    keep: (entries: readonly AuditEntry[]) => Promise<void>,
  ): Promise<number> {
    let count = 0;
    for (let batch = PRUNE_BATCH; batch === PRUNE_BATCH; count += batch) {
      const entries = await this.#tables.auditBefore(before, PRUNE_BATCH);
      batch = entries.length;
      if (batch === 0) break;
      await keep(entries);
      await this.#tables.removeAudit(actor, entries);
    }
    return count;
  }

  async probe(): Promise<void> {
    await this.#tables.probe();
  }

  async close(): Promise<void> {
    await this.#readAudit.flush();
    await this.#tables.close();
  }

  /** An error that `decide` answers with is thrown after its audit note is written. */
  async #change<T>(
    actor: string,
    concern: Concern,
    decide: (held: Holdings) => Decision<T>,
  ): Promise<Exclude<T, PrpackError>> {
    this.#readAudit.flushAhead();
    const answer = await this.#tables.change(actor, concern, decide);
    if (answer instanceof PrpackError) throw answer;
    return answer as Exclude<T, PrpackError>;
  }

  /** The KEK that new keys are wrapped under. What tables saw last may have been replaced since, with the KEK itself. */
  async #keksInForce(): Promise<Keks> {
    const seen = await this.#tables.kekInForce(false);
    const inForce = await this.#loadKek(seen);
    if (seen === undefined || seen === inForce.id) return { inForce, byId: new Map([[inForce.id, inForce]]) };
    return this.#loadOthers({ inForceId: await this.#tables.kekInForce(true), ids: [] });
  }

  /** In the middle of a rewrap, keys that are there are wrapped under another KEK than new ones. */
  async #loadOthers({ inForceId, ids }: OtherKeks): Promise<Keks> {
    const inForce = await this.#loadKek(inForceId);
    if (inForceId !== undefined && inForceId !== inForce.id) {
      throw strangeKek(inForceId, inForce.id, this.#kek.name);
    }
    const others = await this.#loadKeks(ids.filter((id) => id !== inForce.id));
    // By the ids that are wanted: a KEK that has another one is refused where it is used.
    return { inForce, byId: others.set(inForce.id, inForce) };
  }

  /** The KEKs by the ids that records name. */
  async #loadKeks(ids: readonly (string | undefined)[]): Promise<Map<string, KeyEncryptionKey>> {
    const keks = new Map<string, KeyEncryptionKey>();
    for (const id of ids) {
      if (id !== undefined && !keks.has(id)) keks.set(id, await this.#loadKek(id));
    }
    return keks;
  }

  /**
   * The KEK; one of a file is read again for every call, for it may be rotated while this process runs. One is made for a store that has
   * none yet, and only for that: in any other case it was lost, and another could not open the keys.
   */
  async #loadKek(id: string | undefined): Promise<KeyEncryptionKey> {
    const kek = await this.#kek.load(id, (wanted) => this.#tables.wrappedKek(wanted));
    if (id !== undefined && kek?.id !== id && (await this.#tables.wrappedKek(id))) throw keptWrapped(id);
    if (kek) return kek;
    if (id !== undefined) throw missingKek(this.#kek.name, id);
    if (!this.#kek.create) throw noKekYet(this.#kek.name);
    return this.#kek.create();
  }

  /** Keys leave the store here, and nowhere else: not before their lines are with those who keep the audit. */
  async #openKeys(actor: string, keys: readonly KeptKey[]): Promise<StoredKey[]> {
    const keks = await this.#loadKeks(keys.map(({ record }) => record.kekId));
    const at = new Date().toISOString();
    const lines: AuditLine[] = [];
    const opened = openAll(keys, keks, ({ record }, outcome) =>
      lines.push({ at, actor, ...auditNote('open', record, outcome) }),
    );
    if (lines.length > 0) await this.#readAudit.keep(lines);
    if (opened instanceof PrpackError) throw opened;
    return opened;
  }
}

/** The records with their keys, or the refusal of the first key that cannot be opened. `note` is called for each key. */
function openAll(
  keys: readonly KeptKey[],
  keks: ReadonlyMap<string, KeyEncryptionKey>,
  note: (key: KeptKey, outcome: AuditEntry['outcome']) => void,
): StoredKey[] | PrpackError {
  const opened: StoredKey[] = [];
  for (const kept of keys) {
    const { record } = kept;
    const key = record.kekId === undefined ? undefined : openOrRefusal(kept, keks.get(record.kekId)!);
    if (key) note(kept, key instanceof PrpackError ? 'failed' : 'done');
    if (key instanceof PrpackError) return key;
    opened.push({ record, ...(key ? { key } : {}) });
  }
  return opened;
}

function openOrRefusal(kept: KeptKey, kek: KeyEncryptionKey): ContentKey | PrpackError {
  try {
    return openKey(kept, kek);
  } catch (error) {
    if (error instanceof PrpackError) return error;
    throw error;
  }
}
