import type { Command } from 'commander';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { addKeySeedOption, findRecord, type KeySeedFlags, openKeys } from '../options/registered-key.js';
import { formatJson } from '../output/json.js';
import { formatKeyRecord } from '../output/keys-text.js';
import { writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';

interface KeysShowFlags extends KeySeedFlags, KeyStoreFlags, OutputFlags {
  readonly reveal?: true;
}

const EXAMPLES = `
Examples:
  prpack keys show 10000000-1000-1000-1000-100000000001
  prpack keys show 10000000-1000-1000-1000-100000000001 --reveal --json | jq -r .key`;

/** `prpack keys show <kid>` */
export function configureKeysShow(command: Command): void {
  command.description('Shows what is known of a key.').argument('<kid>', 'KID of a registered key');
  command.optionsGroup('Key:');
  command.option('--reveal', 'show the key, too; the audit notes it');
  addKeySeedOption(command, 'a key that is derived from one');
  addKeysOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysShowAction);
}

async function keysShowAction(kid: string, flags: KeysShowFlags): Promise<void> {
  const library = await import('../../index.js');
  await withKeyStore(flags, library, async (store) => {
    const record = await findRecord(store, kid, library);
    if (!flags.reveal) return write(record, '[redacted]; --reveal shows it', record, flags);
    const [opened] = await openKeys(store, [record], flags, library);
    const revealed = library.revealKey(opened!);
    return write(record, revealed.key, revealed, flags);
  });
}

async function write(
  record: Parameters<typeof formatKeyRecord>[0],
  key: string,
  json: object,
  flags: OutputFlags,
): Promise<void> {
  await writeResult(flags.json ? formatJson(json) : formatKeyRecord(record, key, styleOf(process.stdout)));
}
