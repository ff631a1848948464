import type { Command } from 'commander';
import type { Tokens } from '../../server/access/tokens.js';
import { addKeyStoreOptions, type KeyStoreFlags, storeLocation } from './key-store.js';
import { naming } from './keys.js';
import { nonEmpty, once } from './values.js';

/** What commander makes of the options that say which key store and tokens a key server works with. */
export interface ServerStoreFlags extends KeyStoreFlags {
  readonly tokenDir?: string;
}

/** Adds the options that say which key store and tokens a key server works with. */
export function addServerStoreOptions(command: Command): void {
  command.optionsGroup('Key store:');
  addKeyStoreOptions(command);
  command.option(
    '--token-dir <directory>',
    'where the tokens are (default: in the database of a key store on PostgreSQL, else next to the file of the key store)',
    once('--token-dir', nonEmpty('--token-dir')),
  );
}

/** Lets the work have the tokens. */
export async function withTokens<T>(
  { tokenDir, ...store }: ServerStoreFlags,
  work: (tokens: Tokens) => Promise<T>,
): Promise<T> {
  const { openTokens } = await import('../../server/access/open-tokens.js');
  const tokens = naming('--key-store', () => openTokens(storeLocation(store), tokenDir));
  try {
    return await work(tokens);
  } finally {
    await tokens.close();
  }
}
