import type { StoreLocation } from '../../keystore/open-shared.js';
import { storeConnections } from '../store-connections.js';
import { PostgresTokens } from './postgres-tokens.js';
import { tokenDirectory } from './token-directory.js';
import { TokenStore } from './token-store.js';
import type { Tokens } from './tokens.js';

/**
 * The tokens of a key server: in the directory that is named; else in the database of a key store on PostgreSQL, for all its servers;
 * else in a directory next to the key store.
 * @param patienceMs how long a call tries to reach the database, when not as long as is usual
 * @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store
 */
export function openTokens(store: StoreLocation, directory?: string, patienceMs?: number): Tokens {
  if (directory !== undefined) return new TokenStore(directory);
  const connections = storeConnections(store, patienceMs);
  return connections ? new PostgresTokens(connections) : new TokenStore(tokenDirectory(store));
}
