import type { Command } from 'commander';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { addPolicyOption } from '../options/policy.js';
import { addKeySeedOption, findRecord, type KeySeedFlags, openKeys } from '../options/registered-key.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines, warningLines } from '../output/text.js';

interface KeysTestUrlFlags extends KeySeedFlags, KeyStoreFlags, OutputFlags {
  readonly policy?: string;
}

const EXAMPLES = `
Examples:
  prpack keys test-url 10000000-1000-1000-1000-100000000001
  prpack keys test-url 10000000-1000-1000-1000-100000000001 --policy rental`;

const SECRET_WARNING =
  'The key stands in the URL: anyone who sees it can decrypt the content. Try policies with content that needs no protection.';

/** `prpack keys test-url <kid>` */
export function configureKeysTestUrl(command: Command): void {
  command
    .description(
      "Prints the license acquisition URL for which Microsoft's public PlayReady test server issues exactly this key and policy. The key stands in it.",
    )
    .argument('<kid>', 'KID of a registered key');
  command.optionsGroup('License:');
  addPolicyOption(command, 'license policy to try instead of the registered one');
  addKeySeedOption(command, 'a key that is derived from one');
  addKeysOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysTestUrlAction);
}

async function keysTestUrlAction(text: string, flags: KeysTestUrlFlags): Promise<void> {
  const library = await import('../../index.js');
  await withKeyStore(flags, library, async (store) => {
    const record = await findRecord(store, text, library);
    const policy =
      flags.policy === undefined
        ? await library.checkPolicy(record.policy ?? {}, `the policy of KID ${record.kid}`)
        : await library.loadPolicy(flags.policy);
    const [opened] = await openKeys(store, [record], flags, library);
    const { url, leftOut } = library.testLaUrl(record.kid, opened!.key, policy, record.algorithm);
    const warnings = [SECRET_WARNING, ...leftOutWarning(leftOut)];
    if (flags.json) return writeResult(formatJson({ kid: record.kid, laUrl: url, warnings }));
    writeMessage(joinLines(warningLines(warnings, styleOf(process.stderr)).slice(1)));
    return writeResult(`${url}\n`);
  });
}

function leftOutWarning(leftOut: readonly string[]): string[] {
  if (leftOut.length === 0) return [];
  return [`These words of the policy cannot be given to the test server: ${leftOut.join(', ')}.`];
}
