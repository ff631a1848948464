import type { KeyStore } from '../keystore/key-store.js';
import { type OpenKeyStoreOptions, openKeyStore } from '../keystore/open.js';
import type { AuditBacklog } from '../keystore/read-audit.js';
import type { ReadAuditMode } from '../keystore/thread/messages.js';
import { StoreThread } from '../keystore/thread/store-thread.js';

/** Who the server is to the audit of its store, where no caller is. */
export const SELF = 'key server';

const SQLITE = 'sqlite:';

/** Where the server's keys are. */
export type StoreLocation = Omit<OpenKeyStoreOptions, 'actor'>;

export interface StoresOptions {
  /** When the lines of keys that leave an embedded store are written. */
  readonly auditReads: ReadAuditMode;
  /** Called when lines of the audit could not be written, and when they were after all. */
  readonly onAuditBacklog: (backlog: AuditBacklog) => void;
}

/**
 * The key store, once for every caller: the store's audit names who opened it. There are as many callers as tokens and certificates. An
 * embedded store works for all of them on one thread.
 */
export class Stores {
  readonly #location: StoreLocation;
  readonly #thread: StoreThread | undefined;
  readonly #byActor = new Map<string, KeyStore>();

  /** @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store */
  constructor(store: StoreLocation, { auditReads, onAuditBacklog }: StoresOptions) {
    const { location } = openKeyStore(store);
    this.#location = store;
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
      store = this.#thread?.storeOf(actor) ?? openKeyStore({ ...this.#location, actor });
      this.#byActor.set(actor, store);
    }
    return store;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byActor.values()].map((store) => store.close()));
    this.#byActor.clear();
    await this.#thread?.close();
  }
}
