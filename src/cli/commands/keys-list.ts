import type { Command } from 'commander';
import { addKeyFilterOptions, type KeyFilterFlags, keyFilter } from '../options/key-filter.js';
import { addKeysOptions, type KeyStoreFlags, pagesOf, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { formatKeyTable } from '../output/keys-text.js';
import { writeList } from '../output/list.js';

interface KeysListFlags extends KeyFilterFlags, KeyStoreFlags, OutputFlags {}

const EXAMPLES = `
Examples:
  prpack keys list
  prpack keys list --content-id film-7 --json | jq -r '.[].kid'
  prpack keys list --state pending                # registered, but no file was published with them`;

/** `prpack keys list` */
export function configureKeysList(command: Command): void {
  command.description('Lists registered keys, oldest first, without the keys themselves.');
  addKeyFilterOptions(command);
  addKeysOptions(command, 'a JSON array');
  command.addHelpText('after', EXAMPLES);
  command.action(keysListAction);
}

async function keysListAction(flags: KeysListFlags): Promise<void> {
  const library = await import('../../index.js');
  await withKeyStore(flags, library, async (store) => {
    const pages = pagesOf((page) => store.list(keyFilter(flags), page));
    await writeList(pages, flags, formatKeyTable, `No such key in ${store.location}.`);
  });
}
