import type { Command } from 'commander';
import type { AssignedKey, KeyAlgorithm, KeyRegistration, KeySource, KeyStore } from '../../index.js';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import { naming, type SelectedKeys, selectKeys } from '../options/keys.js';
import type { OutputFlags } from '../options/output.js';
import { addPolicyOption } from '../options/policy.js';
import { absoluteUrl, nonEmpty, once, oneOf, periodIndex } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { formatKeyTable } from '../output/keys-text.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines, warningLines } from '../output/text.js';

type Library = typeof import('../../index.js');

interface KeysAddFlags extends KeyStoreFlags, OutputFlags {
  readonly contentId: string;
  readonly label?: string;
  readonly algorithm: KeyAlgorithm;
  readonly period?: number;
  readonly laUrl?: string;
  readonly policy?: string;
  readonly kid?: string;
  readonly key?: string;
  readonly keySeedFile?: string;
}

const EXAMPLES = `
Examples:
  prpack keys add --content-id film-7                       # a new random key
  PRPACK_KID=… PRPACK_KEY=… prpack keys add --content-id film-7 --label video
  prpack keys add --content-id film-7 --key-seed-file seed.txt --kid 10000000-1000-1000-1000-100000000001`;

/** `prpack keys add` */
export function configureKeysAdd(command: Command): void {
  command.description('Registers a key: the one given, or a new random one.');
  command.optionsGroup('What the key is for:');
  command.requiredOption('--content-id <text>', 'content that the key protects', nonEmpty('--content-id'));
  command.option(
    '--label <text>',
    'tracks that it is for, such as video or HD (default: all)',
    nonEmpty('--label'),
  );
  command.option(
    '--algorithm <name>',
    'AESCTR (cenc, cens) or AESCBC (cbcs, cbc1); a key serves one of them',
    oneOf('--algorithm', ['AESCTR', 'AESCBC']),
    'AESCTR',
  );
  command.option(
    '--period <index>',
    'crypto period that it is for, where keys rotate: 0, 1, … (default: all of the content)',
    periodIndex('--period'),
  );
  command.option('--la-url <url>', 'license acquisition URL', absoluteUrl('--la-url'));
  addPolicyOption(command);
  command.optionsGroup('Key (when none is named, PRPACK_KID and PRPACK_KEY, else a random one):');
  command.option('--kid <uuid>', 'its KID (default: random)', once('--kid', nonEmpty('--kid')));
  command.option(
    '--key <hex>',
    'the key of --kid, 32 hex digits; other users of the machine can read it',
    once('--key', nonEmpty('--key')),
  );
  command.option(
    '--key-seed-file <file>',
    'derive the key from the PlayReady key seed in a file; only the id of the seed is stored',
    once('--key-seed-file', nonEmpty('--key-seed-file')),
  );
  addKeysOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysAddAction);
}

async function keysAddAction(flags: KeysAddFlags): Promise<void> {
  const library = await import('../../index.js');
  await withKeyStore(flags, library, async (store) => {
    const { source, warnings } = await keyToAdd(flags, library, store);
    const scheme = SCHEME_OF[flags.algorithm];
    const [assigned] = await source.assign([{ trackId: 1, type: 'video', scheme }]);
    const policy = flags.policy === undefined ? {} : { policy: await library.loadPolicy(flags.policy) };
    const [registered] = await store.register([{ ...registrationOf(assigned!, flags), ...policy }]);
    const { outcome, record } = registered!;
    if (flags.json) return writeResult(formatJson({ outcome, ...record, warnings }));
    const style = styleOf(process.stderr);
    const title =
      outcome === 'created'
        ? `Registered in ${store.location}:`
        : `Registered already in ${store.location}; nothing was changed:`;
    const lines = [title, ...formatKeyTable([record], style), ...warningLines(warnings, style)];
    return writeMessage(joinLines(lines));
  });
}

/** A scheme that encrypts with keys of the algorithm. */
const SCHEME_OF = { AESCTR: 'cenc', AESCBC: 'cbcs' } as const;

/** A KID without a key or seed gets a random key. */
async function keyToAdd(
  flags: KeysAddFlags,
  library: Library,
  store: KeyStore,
): Promise<SelectedKeys<KeySource>> {
  const { kid, key, keySeedFile } = flags;
  if (kid !== undefined && key === undefined && keySeedFile === undefined) {
    const keyId = naming('--kid', () => library.parseKeyId(kid));
    return { source: library.givenKeySource(keyId, library.ContentKey.random(), 'random'), warnings: [] };
  }
  const named = await selectKeys(flags, process.env, library, store, new library.HttpClient());
  return named ?? { source: library.randomKeySource(), warnings: [] };
}

function registrationOf(assigned: AssignedKey, flags: KeysAddFlags): KeyRegistration {
  const { kid, key, source, seedId } = assigned;
  const { contentId, label, algorithm, period, laUrl } = flags;
  return {
    kid,
    key,
    contentId,
    algorithm,
    source,
    ...(seedId !== undefined && { seedId }),
    ...(label !== undefined && { label }),
    ...(period !== undefined && { period }),
    ...(laUrl !== undefined && { laUrl }),
  };
}
