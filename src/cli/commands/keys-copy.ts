import type { Command } from 'commander';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { nonEmpty, once } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { joinLines } from '../output/text.js';
import { count, printable } from '../output/units.js';

interface KeysCopyFlags extends OutputFlags {
  readonly from: string;
  readonly to: string;
}

const EXAMPLES = `
Examples:
  prpack keys copy --from sqlite:keys.sqlite --to sqlite:/mnt/new/keys.sqlite
  prpack keys copy --from sqlite:keys.sqlite --to postgres://prpack@db.example.com/keys`;

/** `prpack keys copy` */
export function configureKeysCopy(command: Command): void {
  command.description(
    'Makes a key store like another, with keys in every state, all that is known of them, and the audit, and compares both afterwards. Keys stay wrapped: the same key-encryption key (KEK) opens both stores. May be stopped at any point and run again.',
  );
  command.requiredOption('--from <location>', 'key store that is copied', once('--from', nonEmpty('--from')));
  command.requiredOption(
    '--to <location>',
    'key store that becomes like it: a new one, or an earlier copy that nobody has used since',
    once('--to', nonEmpty('--to')),
  );
  addJsonOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysCopyAction);
}

async function keysCopyAction({ json, ...stores }: KeysCopyFlags): Promise<void> {
  const { copyKeyStore } = await import('../../index.js');
  const copy = await copyKeyStore({ from: stores.from, to: stores.to });
  if (json) return writeResult(formatJson(copy));
  const { from, to, keys, keysCopied, auditEntries, auditEntriesCopied, kekId } = copy;
  const kek = kekId === undefined ? '' : ` Both need the key-encryption key with the id ${kekId}.`;
  const lines = [
    `Copied ${count(keysCopied, 'key')} and ${count(auditEntriesCopied, 'line')} of the audit; ${keys - keysCopied} and ${auditEntries - auditEntriesCopied} were there already.`,
    `${printable(to)} holds all of it, as it is in ${printable(from)}.${kek}`,
  ];
  return writeMessage(joinLines(lines));
}
