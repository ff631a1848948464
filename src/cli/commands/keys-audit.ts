import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import { addKeysOptions, type KeyStoreFlags, pagesOf, withKeyStore } from '../options/key-store.js';
import { naming } from '../options/keys.js';
import type { OutputFlags } from '../options/output.js';
import { integer, nonEmpty } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { formatAuditTable } from '../output/keys-text.js';
import { writeList } from '../output/list.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { joinLines } from '../output/text.js';
import { count, printable } from '../output/units.js';

interface KeysAuditFlags extends KeyStoreFlags, OutputFlags {
  readonly kid?: string;
  readonly contentId?: string;
  readonly prune?: number;
  readonly archive?: string;
}

type Library = typeof import('../../index.js');

const DAY_MS = 24 * 60 * 60 * 1000;
const MOST_DAYS = 36_500;

const EXAMPLES = `
Examples:
  prpack keys audit --content-id film-7
  prpack keys audit --json | jq '.[] | select(.operation == "open")'
  prpack keys audit --prune 90 --archive audit-2026-07.jsonl`;

/** `prpack keys audit` */
export function configureKeysAudit(command: Command): void {
  command.description(
    'Lists who did what with which key, oldest first. An "open" is a key leaving the store.',
  );
  command.optionsGroup('Which entries (all that are given must hold):');
  command.option('--kid <uuid>', 'of this key', nonEmpty('--kid'));
  command.option('--content-id <text>', 'of this content', nonEmpty('--content-id'));
  command.optionsGroup('Instead of a list:');
  command.option(
    '--prune <days>',
    'remove entries that are older, and note that in the audit',
    integer('--prune', 1, MOST_DAYS, 'days'),
  );
  command.option(
    '--archive <file>',
    'new file for what --prune removes: a line of JSON an entry',
    nonEmpty('--archive'),
  );
  addKeysOptions(command, 'a JSON array; with --prune, an object');
  command.addHelpText('after', EXAMPLES);
  command.action(keysAuditAction);
}

async function keysAuditAction(flags: KeysAuditFlags): Promise<void> {
  assertNoOtherUses(flags);
  const library = await import('../../index.js');
  if (flags.prune !== undefined) return prune(flags, flags.prune, library);
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

/** The audit of some keys cannot be pruned alone: its entries leave in the order of their age. */
function assertNoOtherUses({ prune, archive, kid, contentId }: KeysAuditFlags): void {
  const isPruning = prune !== undefined;
  const problems = [
    [!isPruning && archive !== undefined, '--archive has no effect without --prune'],
    [isPruning && kid !== undefined, '--prune cannot be used with --kid'],
    [isPruning && contentId !== undefined, '--prune cannot be used with --content-id'],
  ] as const;
  for (const [isThere, problem] of problems) {
    if (!isThere) continue;
    throw new PrpackError('INVALID_ARGUMENT', problem, {
      remedy: 'Leave one out, or see `prpack keys audit --help`.',
    });
  }
}

async function prune({ archive, ...flags }: KeysAuditFlags, days: number, library: Library): Promise<void> {
  const before = new Date(Date.now() - days * DAY_MS).toISOString();
  await withKeyStore(flags, library, async (store) => {
    const removed = await library.pruneAudit(store, before, archive);
    const archived = removed > 0 ? archive : undefined; // none is made for nothing
    if (flags.json)
      return writeResult(formatJson({ removed, before, ...(archived && { archive: archived }) }));
    const to = archived === undefined ? '' : ` They are in ${printable(archived)}.`;
    return writeMessage(
      joinLines([`Removed ${count(removed, 'line')} of the audit from before ${before}.${to}`]),
    );
  });
}
