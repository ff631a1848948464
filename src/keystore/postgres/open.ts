import type { KeyTables } from '../key-tables.js';
import { readLocation } from './location.js';

type Method = Exclude<keyof KeyTables, 'location' | 'close'>;

/**
 * The tables of a key store on PostgreSQL. Nothing is read, loaded or connected before they are used.
 * @param patienceMs how long a call tries to reach the server, when not as long as is usual
 * @throws PrpackError INVALID_ARGUMENT
 */
export function openPostgresTables(
  location: string,
  environment: Readonly<Record<string, string | undefined>>,
  patienceMs?: number,
): KeyTables {
  const read = readLocation(location);
  let opened: Promise<KeyTables> | undefined;
  const open = async () => {
    const { PostgresTables } = await import('./postgres-tables.js'); // much code, which other stores do not need
    return PostgresTables.open(read, environment, patienceMs);
  };
  const later = <M extends Method>(method: M) => {
    const call = async (...args: unknown[]) => {
      opened ??= open();
      const tables = await opened;
      return (tables[method] as (...args: unknown[]) => Promise<unknown>).apply(tables, args);
    };
    return call as KeyTables[M];
  };
  return {
    location: read.location,
    change: later('change'),
    kekInForce: later('kekInForce'),
    kekIds: later('kekIds'),
    wrappedKek: later('wrappedKek'),
    key: later('key'),
    keysOfContent: later('keysOfContent'),
    keysUnder: later('keysUnder'),
    list: later('list'),
    audit: later('audit'),
    note: later('note'),
    auditBefore: later('auditBefore'),
    removeAudit: later('removeAudit'),
    probe: later('probe'),
    close: async () => (await opened)?.close(),
  };
}
