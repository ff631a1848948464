import { resolve } from 'node:path';
import { PrpackError } from '../../errors.js';
import { openKeyStore } from '../open.js';
import { Connections } from '../postgres/connections.js';
import { readLocation } from '../postgres/location.js';
import { PostgresRows } from '../postgres/postgres-rows.js';
import { DatabaseFile } from '../sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../sqlite/migrations.js';
import { SqliteRows } from '../sqlite/sqlite-rows.js';
import type { StoreRows } from './store-rows.js';

type Environment = Readonly<Record<string, string | undefined>>;

type Opener = (rest: string, environment: Environment) => StoreRows;

/** Kinds of key stores by the scheme of their location. */
const OPENERS: Readonly<Record<string, Opener>> = {
  sqlite: (path) => new SqliteRows(new DatabaseFile(resolve(path), KEY_STORE_SCHEMA)),
  postgres: openPostgresRows,
  postgresql: openPostgresRows,
};

function openPostgresRows(rest: string, environment: Environment): StoreRows {
  return new PostgresRows(new Connections(readLocation(`postgres:${rest}`), environment));
}

/** Why a store has no rows to be had, by the scheme of its location. */
const REASONS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  http: [
    'a key server neither gives away nor takes states, times and the audit of its key store',
    'Copy the key store that it serves, where it runs; or move keys without their audit with `prpack keys export` and `prpack keys import`.',
  ],
  skm: [
    'an SKM server has no states, policies and audit',
    'Move keys with `prpack keys export` and `prpack keys import`.',
  ],
};

/**
 * The rows of the key store at a location. Nothing is read, made or connected before its first use.
 * @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store, UNSUPPORTED_FEATURE when its rows cannot be had
 */
export function openStoreRows(location: string, environment: Environment): StoreRows {
  const store = openKeyStore({ location, environment });
  const scheme = location.slice(0, location.indexOf(':'));
  const opener = OPENERS[scheme];
  if (opener) return opener(location.slice(scheme.length + 1), environment);
  const [reason, remedy] = REASONS[scheme.startsWith('skm') ? 'skm' : 'http']!;
  throw new PrpackError('UNSUPPORTED_FEATURE', `${store.location} cannot be copied: ${reason}`, { remedy });
}
