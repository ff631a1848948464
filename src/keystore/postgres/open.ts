import { Connections } from './connections.js';
import { readLocation } from './location.js';
import { PostgresTables } from './postgres-tables.js';

/**
 * The tables of a key store on PostgreSQL. Nothing is read or connected before they are used.
 * @param patienceMs how long a call tries to reach the server, when not as long as is usual
 * @throws PrpackError INVALID_ARGUMENT
 */
export function openPostgresTables(
  location: string,
  environment: Readonly<Record<string, string | undefined>>,
  patienceMs?: number,
): PostgresTables {
  return new PostgresTables(new Connections(readLocation(location), environment, patienceMs));
}
