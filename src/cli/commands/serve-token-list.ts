import type { Command } from 'commander';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addServerStoreOptions, type ServerStoreFlags, withTokens } from '../options/server-store.js';
import { addConfigOption } from '../options/settings.js';
import { formatJson } from '../output/json.js';
import { formatTokenTable } from '../output/serve-text.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';

interface ListFlags extends ServerStoreFlags, OutputFlags {}

/** `prpack serve token list` */
export function configureServeTokenList(command: Command): void {
  command.description('Lists tokens, oldest first, without the tokens themselves.');
  addServerStoreOptions(command);
  addJsonOption(command, 'a JSON array');
  addConfigOption(command);
  command.action(listAction);
}

async function listAction(flags: ListFlags): Promise<void> {
  await withTokens(flags, async (tokens) => {
    const records = await tokens.list();
    if (flags.json) return writeResult(formatJson(records.map(({ sha256: _, ...shown }) => shown)));
    if (records.length === 0) return writeMessage(`There are no tokens in ${tokens.location}.`);
    return writeResult(formatTokenTable(records, styleOf(process.stdout)));
  });
}
