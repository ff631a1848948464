import type { Command } from 'commander';
import { addKeysOptions, type KeyStoreFlags, pagesOf, withKeyStore } from '../options/key-store.js';
import { naming } from '../options/keys.js';
import type { OutputFlags } from '../options/output.js';
import { nonEmpty } from '../options/values.js';
import { formatAuditTable } from '../output/keys-text.js';
import { writeList } from '../output/list.js';

interface KeysAuditFlags extends KeyStoreFlags, OutputFlags {
  readonly kid?: string;
  readonly contentId?: string;
}

const EXAMPLES = `
Examples:
  prpack keys audit --content-id film-7
  prpack keys audit --json | jq '.[] | select(.operation == "open")'`;

/** `prpack keys audit` */
export function configureKeysAudit(command: Command): void {
  command.description(
    'Lists who did what with which key, oldest first. An "open" is a key leaving the store.',
  );
  command.optionsGroup('Which entries (all that are given must hold):');
  command.option('--kid <uuid>', 'of this key', nonEmpty('--kid'));
  command.option('--content-id <text>', 'of this content', nonEmpty('--content-id'));
  addKeysOptions(command, 'a JSON array');
  command.addHelpText('after', EXAMPLES);
  command.action(keysAuditAction);
}

async function keysAuditAction(flags: KeysAuditFlags): Promise<void> {
  const library = await import('../../index.js');
  const { kid, contentId } = flags;
  const filter = {
    ...(kid !== undefined && { kid: naming('--kid', () => library.parseKeyId(kid)) }),
    ...(contentId !== undefined && { contentId }),
  };
  await withKeyStore(flags, library, async (store) => {
    const pages = pagesOf((page) => store.audit(filter, page));
    await writeList(pages, flags, formatAuditTable, `No such entry in ${store.location}.`);
  });
}
