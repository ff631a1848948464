import type { Command } from 'commander';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { findRecord } from '../options/registered-key.js';
import { integer, nonEmpty, once } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';

interface KeysSetPolicyFlags extends KeyStoreFlags, OutputFlags {
  readonly policy: string;
  readonly replaces?: number;
}

const EXAMPLES = `
Examples:
  prpack keys set-policy 10000000-1000-1000-1000-100000000001 --policy rental
  prpack keys set-policy 10000000-1000-1000-1000-100000000001 --policy policy.yaml --replaces 2`;

/** `prpack keys set-policy <kid>` */
export function configureKeysSetPolicy(command: Command): void {
  command
    .description(
      'Puts a license policy in the place of the one of a key, as a new version. Earlier versions are kept, and licenses that were issued keep theirs.',
    )
    .argument('<kid>', 'KID of a registered key');
  command.requiredOption(
    '--policy <file|name>',
    'the new license policy: a YAML or JSON file, or purchase, rental, subscription, live',
    once('--policy', nonEmpty('--policy')),
  );
  command.option(
    '--replaces <version>',
    'version of the policy that must be in force (default: any)',
    once('--replaces', integer('--replaces', 1, 1_000_000_000, 'a version')),
  );
  addKeysOptions(command, 'the record of the key');
  command.addHelpText('after', EXAMPLES);
  command.action(keysSetPolicyAction);
}

async function keysSetPolicyAction(kid: string, flags: KeysSetPolicyFlags): Promise<void> {
  const library = await import('../../index.js');
  const policy = await library.loadPolicy(flags.policy);
  await withKeyStore(flags, library, async (store) => {
    const { kid: registered } = await findRecord(store, kid, library);
    const record = await store.replacePolicy(registered, policy, flags.replaces);
    if (flags.json) return writeResult(formatJson(record));
    return writeMessage(
      `Version ${record.policyVersion ?? 1} of the policy of KID ${record.kid} is in force.`,
    );
  });
}
