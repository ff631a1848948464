import type { Command } from 'commander';
import type { KeyRecord } from '../../index.js';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { findRecord } from '../options/registered-key.js';
import { formatJson } from '../output/json.js';
import { formatKeyTable } from '../output/keys-text.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines } from '../output/text.js';
import { count } from '../output/units.js';

interface KeysRevokeFlags extends KeyStoreFlags, OutputFlags {}

const EXAMPLES = `
Examples:
  prpack keys revoke 10000000-1000-1000-1000-100000000001
  prpack keys list --content-id film-7 --json | jq -r '.[].kid' | xargs prpack keys revoke`;

/** `prpack keys revoke <kid...>` */
export function configureKeysRevoke(command: Command): void {
  command
    .description(
      'Revokes keys: no license is to be issued for them, and nothing is encrypted with them any more. This cannot be undone. The keys stay in the store, so that their files can be decrypted.',
    )
    .argument('<kid...>', 'KIDs of registered keys');
  addKeysOptions(command, 'a JSON array of the revoked keys');
  command.addHelpText('after', EXAMPLES);
  command.action(keysRevokeAction);
}

async function keysRevokeAction(kids: readonly string[], flags: KeysRevokeFlags): Promise<void> {
  const library = await import('../../index.js');
  await withKeyStore(flags, library, async (store) => {
    const find = () => eachInTurn(kids, (kid) => findRecord(store, kid, library));
    const present = await find(); // before anything is changed
    await store.revoke(present.map(({ kid }) => kid));
    const records = await find();
    if (flags.json) return writeResult(formatJson(records));
    const style = styleOf(process.stderr);
    return writeMessage(
      joinLines([`Revoked ${count(records.length, 'key')}:`, ...formatKeyTable(records, style)]),
    );
  });
}

async function eachInTurn(
  kids: readonly string[],
  find: (kid: string) => Promise<KeyRecord>,
): Promise<KeyRecord[]> {
  const records: KeyRecord[] = [];
  for (const kid of kids) records.push(await find(kid));
  return records;
}
