import { actorKeyStore } from '../keystore/actor-key-store.js';
import type { KeyStore } from '../keystore/key-store.js';
import { openKeyStore } from '../keystore/open.js';
import { openSharedKeyStore, type SharedStoreOptions, type StoreLocation } from '../keystore/open-shared.js';

/** Who the server is to the audit of its store, where no caller is. */
export const SELF = 'key server';

/** The key store, opened once for all callers of the server. */
export interface Stores {
  /** The store as this caller uses it. */
  of(actor: string): KeyStore;
  close(): Promise<void>;
}

/**
 * Opens the key store. One that prpack keeps itself is told with each call who makes it.
 * @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store
 */
export function openStores(location: StoreLocation, options: SharedStoreOptions): Stores {
  const shared = openSharedKeyStore(location, options);
  if (shared) return { of: (actor) => actorKeyStore(shared, actor), close: () => shared.close() };
  const remote = openKeyStore(location);
  return { of: () => remote, close: () => remote.close() };
}
