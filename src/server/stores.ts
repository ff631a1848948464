import type { KeyStore } from '../keystore/key-store.js';
import { type OpenKeyStoreOptions, openKeyStore, openPostgresBacking } from '../keystore/open.js';
import { type AuditBacklog, readAuditOf } from '../keystore/read-audit.js';
import { type Backing, TableKeyStore } from '../keystore/table-key-store.js';
import type { ReadAuditMode } from '../keystore/thread/messages.js';
import { StoreThread } from '../keystore/thread/store-thread.js';

/** Who the server is to the audit of its store, where no caller is. */
export const SELF = 'key server';

const SQLITE = 'sqlite:';
/** How long a call tries to reach a database that went away. Callers do not wait long, and ask again. */
const PATIENCE_MS = 2000;

/** Where the server's keys are. */
export type StoreLocation = Omit<OpenKeyStoreOptions, 'actor'>;

export interface StoresOptions {
  /** When the lines of keys that leave a store of this server's own are written. */
  readonly auditReads: ReadAuditMode;
  /** Called when lines of the audit could not be written, and when they were after all. */
  readonly onAuditBacklog: (backlog: AuditBacklog) => void;
}

/**
 * The key store, once for every caller: the store's audit names who opened it. There are as many callers as tokens and certificates. An
 * embedded store works for all of them on one thread, one on PostgreSQL with the connections of one pool.
 */
export class Stores {
  readonly #location: StoreLocation;
  readonly #thread: StoreThread | undefined;
  readonly #backing: Backing | undefined;
  readonly #byActor = new Map<string, KeyStore>();

  /** @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store */
  constructor(store: StoreLocation, { auditReads, onAuditBacklog }: StoresOptions) {
    const { location } = openKeyStore(store);
    this.#location = store;
    this.#backing = openPostgresBacking(
      store,
      (tables) => readAuditOf(auditReads, tables, onAuditBacklog),
      PATIENCE_MS,
    );
    if (!location.startsWith(SQLITE)) return;
    const { kekFile, kekCommand, environment = process.env } = store;
    const path = location.slice(SQLITE.length);
    const options = {
      path,
      environment: { ...environment },
      auditReads,
      ...(kekFile && { kekFile }),
      ...(kekCommand && { kekCommand }),
    };
    this.#thread = new StoreThread(options, onAuditBacklog);
  }

  /** The store as this caller uses it. */
  of(actor: string): KeyStore {
    let store = this.#byActor.get(actor);
    if (!store) {
      store = this.#open(actor);
      this.#byActor.set(actor, store);
    }
    return store;
  }

  #open(actor: string): KeyStore {
    if (this.#thread) return this.#thread.storeOf(actor);
    if (this.#backing) return new TableKeyStore(this.#backing, actor);
    return openKeyStore({ ...this.#location, actor });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byActor.values()].map((store) => store.close()));
    this.#byActor.clear();
    await this.#thread?.close();
  }
}
