import type { Command } from 'commander';
import type { KeyStore, KeyStorePage } from '../../index.js';
import { addGroup } from './add.js';
import { naming } from './keys.js';
import { addJsonOption } from './output.js';
import { addConfigOption } from './settings.js';

type Library = typeof import('../../core.js');

/** What commander makes of the options that say which key store is meant. */
export interface KeyStoreFlags {
  readonly keyStore?: string;
  readonly kekFile?: string;
  readonly kekCommand?: string;
}

/** The key store as the library opens it. */
export function storeLocation({ keyStore, kekFile, kekCommand }: KeyStoreFlags) {
  return {
    ...(keyStore !== undefined && { location: keyStore }),
    ...(kekFile !== undefined && { kekFile }),
    ...(kekCommand !== undefined && { kekCommand }),
  };
}

/** Adds the options that say which key store is meant, to the group of options before them. */
export function addKeyStoreOptions(command: Command): void {
  addGroup(command, 'keyStore');
}

/** Adds what all commands of `keys` take. `jsonShape` says what --json prints. */
export function addKeysOptions(command: Command, jsonShape?: string): void {
  command.optionsGroup('Key store:');
  addKeyStoreOptions(command);
  addJsonOption(command, jsonShape);
  addConfigOption(command);
}

/** Lets the work have the key store, which is opened when it is first used, and closed in any case. */
export async function withKeyStore<T>(
  flags: KeyStoreFlags,
  library: Library,
  work: (store: KeyStore) => Promise<T>,
): Promise<T> {
  const store = naming('--key-store', () => library.openKeyStore(storeLocation(flags)));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Items of one answer: large enough that stores of the usual size need one. */
const PAGE_ITEMS = 1000;

/** All pages of a list, one after another. There is at least one, which may be empty. */
export async function* pagesOf<T>(
  ask: (page: { readonly cursor?: string; readonly limit: number }) => Promise<KeyStorePage<T>>,
): AsyncGenerator<readonly T[]> {
  let cursor: string | undefined;
  do {
    const page = await ask({ limit: PAGE_ITEMS, ...(cursor !== undefined && { cursor }) });
    yield page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** All items of a list. */
export async function allOf<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const items: T[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}
