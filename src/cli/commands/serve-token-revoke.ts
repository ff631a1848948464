import type { Command } from 'commander';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addServerStoreOptions, type ServerStoreFlags, withTokens } from '../options/server-store.js';
import { addConfigOption } from '../options/settings.js';
import { formatJson } from '../output/json.js';
import { formatTokenTable } from '../output/serve-text.js';
import { writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';

interface RevokeFlags extends ServerStoreFlags, OutputFlags {}

/** `prpack serve token revoke <id...>` */
export function configureServeTokenRevoke(command: Command): void {
  command
    .description('Ends tokens, within a second also for key servers that run.')
    .argument('<id...>', 'ids of tokens, as `prpack serve token list` shows them');
  addServerStoreOptions(command);
  addJsonOption(command, 'a JSON array');
  addConfigOption(command);
  command.action(revokeAction);
}

async function revokeAction(ids: readonly string[], flags: RevokeFlags): Promise<void> {
  const revoked = await withTokens(flags, async (tokens) => {
    const records = [];
    for (const id of ids) records.push(await tokens.revoke(id));
    return records;
  });
  const text = flags.json
    ? formatJson(revoked.map(({ sha256: _, ...shown }) => shown))
    : formatTokenTable(revoked, styleOf(process.stdout));
  await writeResult(text);
}
