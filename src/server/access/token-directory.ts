import { dirname, join } from 'node:path';
import { openKeyStore } from '../../keystore/open.js';
import type { StoreLocation } from '../../keystore/open-shared.js';
import { defaultKeyStorePath } from '../../keystore/paths.js';

const SQLITE = 'sqlite:';

/**
 * Where the tokens of a key server are when nobody says so: next to the file of its key store, else with the user's
 * data.
 */
export function tokenDirectory(store: StoreLocation): string {
  const { location } = openKeyStore(store);
  if (location.startsWith(SQLITE)) return `${location.slice(SQLITE.length)}.tokens`;
  return join(dirname(defaultKeyStorePath(store.environment ?? process.env)), 'tokens');
}
