import { locate } from '../keystore/open.js';
import type { StoreLocation } from '../keystore/open-shared.js';
import { Connections } from '../keystore/postgres/connections.js';
import { readLocation } from '../keystore/postgres/location.js';

const SCHEMES = ['postgres', 'postgresql'];

/**
 * Connections to the database of a key store on PostgreSQL, which are those that the store has itself; undefined for stores of other kinds.
 * @param patienceMs how long a call tries to reach the database, when not as long as is usual
 * @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store
 */
export function storeConnections(store: StoreLocation, patienceMs?: number): Connections | undefined {
  const { scheme, rest, environment } = locate(store);
  if (!SCHEMES.includes(scheme)) return undefined;
  return new Connections(readLocation(`postgres:${rest}`), environment, patienceMs);
}
