import { KEY_STORE_VARIABLE } from '../../keystore/open.js';
import type { StoreLocation } from '../../keystore/open-shared.js';
import { Connections } from '../../keystore/postgres/connections.js';
import { readLocation } from '../../keystore/postgres/location.js';
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
  const { environment = process.env } = store;
  const location = store.location ?? environment[KEY_STORE_VARIABLE] ?? '';
  const rest = /^postgres(?:ql)?:(.*)$/s.exec(location)?.[1];
  if (rest === undefined) return new TokenStore(tokenDirectory(store));
  return new PostgresTokens(new Connections(readLocation(`postgres:${rest}`), environment, patienceMs));
}
