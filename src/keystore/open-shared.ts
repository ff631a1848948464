import { kekSource } from './kek.js';
import { cachedKekSource } from './kek-cache.js';
import type { SharedKeyStore } from './key-store.js';
import { locate, type OpenKeyStoreOptions, sqlitePath } from './open.js';
import { openPostgresTables } from './postgres/open.js';
import { type AuditBacklog, readAuditOf } from './read-audit.js';
import { TableKeyStore } from './table-key-store.js';
import type { ReadAuditMode } from './thread/messages.js';
import { StoreThread } from './thread/store-thread.js';

/** How long a call tries to reach a database that went away. Callers do not wait long, and ask again. */
const PATIENCE_MS = 2000;

/** Where the keys of a server are. */
export type StoreLocation = Omit<OpenKeyStoreOptions, 'actor'>;

export interface SharedStoreOptions {
  /** When the lines of keys that leave are written. */
  readonly auditReads: ReadAuditMode;
  /** Called when lines of the audit could not be written, and when they were after all. */
  readonly onAuditBacklog: (backlog: AuditBacklog) => void;
}

type Environment = ReturnType<typeof locate>['environment'];
type Opener = (
  rest: string,
  location: StoreLocation,
  options: SharedStoreOptions,
  environment: Environment,
) => SharedKeyStore;

/** Stores that prpack keeps itself, by the scheme of their location. */
const OPENERS: Readonly<Record<string, Opener>> = {
  sqlite: openSqlite,
  postgres: openPostgres,
  postgresql: openPostgres,
};

/**
 * The key store of a server that works for many callers, or undefined where another server keeps the keys: that one knows this server only,
 * and has an audit of its own. Nothing is read, made or connected before the first use.
 * @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store
 */
export function openSharedKeyStore(
  location: StoreLocation,
  options: SharedStoreOptions,
): SharedKeyStore | undefined {
  const { scheme, rest, environment } = locate(location);
  return OPENERS[scheme]?.(rest, location, options, environment);
}

/** On a thread of its own. */
function openSqlite(
  rest: string,
  { kekFile, kekCommand }: StoreLocation,
  { auditReads, onAuditBacklog }: SharedStoreOptions,
  environment: Environment,
): SharedKeyStore {
  const options = {
    path: sqlitePath(rest),
    environment: { ...environment },
    auditReads,
    ...(kekFile && { kekFile }),
    ...(kekCommand && { kekCommand }),
  };
  return new StoreThread(options, onAuditBacklog);
}

/** With the connections of one pool. */
function openPostgres(
  rest: string,
  location: StoreLocation,
  { auditReads, onAuditBacklog }: SharedStoreOptions,
  environment: Environment,
): SharedKeyStore {
  const tables = openPostgresTables(`postgres:${rest}`, environment, PATIENCE_MS);
  const kek = cachedKekSource(kekSource(environment, location));
  return new TableKeyStore({ tables, kek, readAudit: readAuditOf(auditReads, tables, onAuditBacklog) });
}
