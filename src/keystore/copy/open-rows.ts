import { resolve } from 'node:path';
import { PrpackError } from '../../errors.js';
import { openKeyStore } from '../open.js';
import { DatabaseFile } from '../sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../sqlite/migrations.js';
import { SqliteRows } from '../sqlite/sqlite-rows.js';
import type { StoreRows } from './store-rows.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Kinds of key stores by the scheme of their location. */
const OPENERS: Readonly<Record<string, (location: string, environment: Environment) => Promise<StoreRows>>> =
  {
    sqlite: async (location) =>
      new SqliteRows(new DatabaseFile(resolve(location.slice('sqlite:'.length)), KEY_STORE_SCHEMA)),
  };

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
export async function openStoreRows(location: string, environment: Environment): Promise<StoreRows> {
  const store = openKeyStore({ location, environment });
  const scheme = store.location.slice(0, store.location.indexOf(':'));
  const opener = OPENERS[scheme];
  if (opener) return opener(store.location, environment);
  const [reason, remedy] = REASONS[scheme.startsWith('skm') ? 'skm' : 'http']!;
  throw new PrpackError('UNSUPPORTED_FEATURE', `${store.location} cannot be copied: ${reason}`, { remedy });
}
