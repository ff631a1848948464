import type { Command } from 'commander';
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
    'where the tokens are (default: next to the file of the key store)',
    once('--token-dir', nonEmpty('--token-dir')),
  );
}

/** The directory of the tokens. */
export async function tokenDirectoryOf(flags: ServerStoreFlags): Promise<string> {
  if (flags.tokenDir !== undefined) return flags.tokenDir;
  const { tokenDirectory } = await import('../../server/access/token-directory.js');
  return naming('--key-store', () => tokenDirectory(storeLocation(flags)));
}
