import type { Command } from 'commander';
import { addKeyStoreOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { findRecord, openKeys } from '../options/registered-key.js';
import { addConfigOption } from '../options/settings.js';
import { nonEmpty } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { formatKeyRecord } from '../output/keys-text.js';
import { writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';

interface KeysShowFlags extends KeyStoreFlags, OutputFlags {
  readonly reveal?: true;
  readonly keySeedFile?: string;
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
  command.option(
    '--key-seed-file <file>',
    'PlayReady key seed, for a key that is derived from one',
    nonEmpty('--key-seed-file'),
  );
  command.optionsGroup('Key store:');
  addKeyStoreOptions(command);
  addJsonOption(command);
  addConfigOption(command);
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
