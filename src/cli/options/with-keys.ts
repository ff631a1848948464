import type { HttpClient, KeyStore } from '../../index.js';
import { type KeyServerFlags, withKeyServers } from './key-server.js';
import { type KeyStoreFlags, withKeyStore } from './key-store.js';

type Library = typeof import('../../core.js');

/** Lets the work have the key store and ask servers of keys. Both are opened when they are first used, and closed in any case. */
export async function withKeys<T>(
  flags: KeyServerFlags & KeyStoreFlags,
  library: Library,
  signal: AbortSignal,
  work: (store: KeyStore, client: HttpClient) => Promise<T>,
): Promise<T> {
  return withKeyStore(flags, library, (store) =>
    withKeyServers(flags, library, signal, (client) => work(store, client)),
  );
}
