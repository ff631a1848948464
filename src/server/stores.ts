import type { KeyStore } from '../keystore/key-store.js';
import { type OpenKeyStoreOptions, openKeyStore } from '../keystore/open.js';

/** Who the server is to the audit of its store, where no caller is. */
export const SELF = 'key server';

/** Where the server's keys are. */
export type StoreLocation = Omit<OpenKeyStoreOptions, 'actor'>;

/** The key store, once for every caller: the store's audit names who opened it. There are as many callers as tokens and certificates. */
export class Stores {
  readonly #location: StoreLocation;
  readonly #byActor = new Map<string, KeyStore>();

  constructor(location: StoreLocation) {
    this.#location = location;
  }

  /** The store as this caller uses it. */
  of(actor: string): KeyStore {
    let store = this.#byActor.get(actor);
    if (!store) {
      store = openKeyStore({ ...this.#location, actor });
      this.#byActor.set(actor, store);
    }
    return store;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byActor.values()].map((store) => store.close()));
    this.#byActor.clear();
  }
}
