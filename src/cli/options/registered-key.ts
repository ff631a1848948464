import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { KeyRecord, KeyStore, OpenedKey } from '../../index.js';
import { naming } from './keys.js';
import { nonEmpty } from './values.js';

type Library = typeof import('../../index.js');

/** What commander makes of the option that opens keys of a seed. */
export interface KeySeedFlags {
  readonly keySeedFile?: string;
}

/** Adds --key-seed-file, which `openKeys` takes. `keys` says in the help which keys need it. */
export function addKeySeedOption(command: Command, keys: string): void {
  command.option('--key-seed-file <file>', `PlayReady key seed, for ${keys}`, nonEmpty('--key-seed-file'));
}

/**
 * The record of a KID that stands on the command line.
 * @throws PrpackError KEY_INVALID when it is no KID, KEY_REQUIRED when it is not registered
 */
export async function findRecord(store: KeyStore, text: string, library: Library): Promise<KeyRecord> {
  const kid = naming('<kid>', () => library.parseKeyId(text));
  const [record] = (await store.list({ kid })).items;
  if (record) return record;
  throw new PrpackError('KEY_REQUIRED', `KID ${kid} is not registered in the key store ${store.location}`, {
    remedy: 'List what is there with `prpack keys list`, or name the key store that holds the key.',
  });
}

/**
 * Keys with their records, for an owner who asked for them; the audit notes each. Keys of a seed are derived from the one in the file
 * or from the public test seed.
 * @throws PrpackError KEY_REQUIRED when a seed is missing, KEY_STORE_FAILED
 */
export async function openKeys(
  store: KeyStore,
  records: readonly KeyRecord[],
  { keySeedFile }: KeySeedFlags,
  library: Library,
): Promise<OpenedKey[]> {
  const seed = keySeedFile === undefined ? undefined : await library.readKeySeedFile(keySeedFile);
  const lookup = library.storedKeyLookup(store, seed);
  const opened: OpenedKey[] = [];
  for (const record of records) opened.push({ record, key: (await lookup.find(record.kid))! });
  return opened;
}
