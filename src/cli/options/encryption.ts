import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { EncryptOptions, KeyPer, SignalledSystem } from '../../index.js';
import type { Option, Taker } from '../../settings/option.js';
import { attributeOf, type FlaggedName, flaggedOption, flagNameOf, OPTIONS } from '../../settings/options.js';
import { addOptions } from './add.js';
import { addKeyServerOptions, addTlsOptions, givesKeysByClass } from './key-server.js';
import type { KeyStoreFlags } from './key-store.js';
import { addKeyOptions, type KeyFlags, type SelectedKeys } from './keys.js';
import type { OutputFlags } from './output.js';
import { givenPlayReadyFlags, playReadyOptions } from './playready.js';
import { isGiven } from './settings.js';
import { givenPssh } from './systems.js';

type Library = typeof import('../../core.js');

/** What commander makes of those options of `encrypt` that the command line itself looks at. */
export interface EncryptFlags extends KeyFlags, KeyStoreFlags, OutputFlags {
  readonly systems?: readonly SignalledSystem[];
  readonly contentId?: string;
  readonly keyPer?: KeyPer;
  readonly register: boolean;
  readonly keysOut?: string;
  /** Where the keys of encrypted input are found. */
  readonly decryptKeys?: string;
}

/** Options of an entry point that have a flag of the same meaning. How many threads there are is a matter of the job. */
function flaggedOptionsOf(taker: Taker): Option[] {
  return OPTIONS.filter(
    ({ name, of, flag }) => flag !== undefined && of.includes(taker) && name !== 'threads',
  );
}

const TEST_KEYS_WARNING =
  "The keys come from Microsoft's public test key seed, which everybody knows: this protects nothing and is for tests only.";

/** Adds the options that say where keys to encrypt with come from. */
export function addEncryptionKeyOptions(command: Command): void {
  addKeyOptions(
    command,
    'KID of --key, to encrypt with under a key seed (default: random), or of a registered key',
    "keys and license URL of Microsoft's public test server; protects nothing",
  );
  addKeyServerOptions(command);
  addTlsOptions(command);
}

/** Adds --decrypt-keys. */
export function addDecryptKeysOption(command: Command): void {
  command.optionsGroup('Encrypted input:');
  addOptions(command, ['decryptKeys']);
}

/** Adds --key-per. `tracks` says in the help which tracks share a key with `none`. */
export function addKeyPerOption(command: Command, tracks: string, otherwise: KeyPer = 'none'): void {
  const help = `none: one key for ${tracks}; type, track or resolution: a key for each (default: ${otherwise})`;
  addOptions(command, ['keyPer'], { keyPer: help });
}

/**
 * Refuses options of the command line that nothing would come of.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertNoIdleOptions(flags: EncryptFlags, command: Command): void {
  assertNoIdlePlayReadyFlags(flags, command);
  assertNoIdleWidevineFlags(flags, command);
  assertNoIdlePolicy(flags, command);
}

/** An option without effect is a mistake that would otherwise be seen only when the content does not play. */
export function assertNoIdlePlayReadyFlags(flags: EncryptFlags, command: Command): void {
  if (!flags.systems || flags.systems.includes('playready')) return;
  const [idle] = [...givenPlayReadyFlags(command), ...(flags.playreadyTest ? ['--playready-test'] : [])];
  if (idle === undefined) return;
  throw new PrpackError('INVALID_ARGUMENT', `${idle} has no effect without the system playready`, {
    expected: '--systems with playready among them',
    received: `--systems ${flags.systems.join(',')}`,
    remedy: `Add playready to --systems, or leave ${idle} out.`,
  });
}

/** What stands in the Widevine header needs one; a policy is for the key server, too, which alone wants a signature. */
function assertNoIdleWidevineFlags(
  { systems = [], widevineKeyServer }: EncryptFlags,
  command: Command,
): void {
  const needsServer = ['widevineSigner', 'widevineSigningKeyFile', 'widevineAuth'] as const;
  const hasHeader = systems.includes('widevine');
  const hasServer = widevineKeyServer !== undefined;
  const idle = (names: readonly FlaggedName[], what: string, remedy: string) => {
    const name = names.find((one) => isGiven(command, one));
    if (name === undefined) return;
    const flag = flagNameOf(flaggedOption(name));
    throw new PrpackError('INVALID_ARGUMENT', `${flag} has no effect without ${what}`, {
      remedy: `${remedy}, or leave ${flag} out.`,
    });
  };
  if (!hasServer) idle(needsServer, '--widevine-key-server', 'Give --widevine-key-server');
  if (!hasHeader) idle(['widevineProvider'], 'the system widevine', 'Add widevine to --systems');
  if (!hasHeader && !hasServer) idle(['widevinePolicy'], 'the system widevine', 'Add widevine to --systems');
}

/** A policy is for the record of the key, and nowhere else. */
function assertNoIdlePolicy({ register }: EncryptFlags, command: Command): void {
  if (register || !isGiven(command, 'policy')) return;
  throw new PrpackError('INVALID_ARGUMENT', '--policy has no effect with --no-register', {
    remedy: 'Leave one of them out: a policy is registered with the key.',
  });
}

/** What the user must know of the keys that were selected. */
export function keyWarnings(
  { playreadyTest }: KeyFlags,
  selected: Pick<SelectedKeys, 'warnings'> | undefined,
): readonly string[] {
  return playreadyTest ? [TEST_KEYS_WARNING] : (selected?.warnings ?? []);
}

/** Flags that give an option of the library another value than their own. */
const LOADERS: Readonly<Record<string, (value: never) => Promise<unknown>>> = {
  policy: async (value: string) => (await import('../../index.js')).loadPolicy(value),
  extraPssh: givenPssh,
  describe: async (values: readonly string[]) => descriptionsOf(values),
};

/** Texts may hold commas and colons: a value ends where another key begins, and an input's name at the last colon before a key. */
const KEYS_OF_DESCRIPTION = '(?:lang|role|name)=';

/** What --describe says, by the input that it says it of. */
function descriptionsOf(values: readonly string[]): Record<string, Record<string, string>> {
  const described: Record<string, Record<string, string>> = {};
  for (const value of values) {
    const [, input, rest] = new RegExp(`^(.+?):(?=${KEYS_OF_DESCRIPTION})(.*)$`, 's').exec(value)!;
    const fields = rest.split(new RegExp(`,(?=${KEYS_OF_DESCRIPTION})`));
    const said = Object.fromEntries(fields.map((field) => field.split(/=(.*)/s).slice(0, 2)));
    described[input] = { ...described[input], ...said };
  }
  return described;
}

/** The options that the flags give; what is not given is left to the library's defaults. */
export async function encryptOptions(
  flags: EncryptFlags,
  library: Library,
): Promise<Omit<EncryptOptions, 'input' | 'output' | 'keys' | 'keyStore' | 'decryptKeys'>> {
  return optionsFor('encrypt', flags, library);
}

/** As {@link encryptOptions}, for any entry point that encrypts. */
export async function optionsFor(
  taker: Taker,
  flags: EncryptFlags,
  library: Library,
): Promise<Record<string, unknown>> {
  const playready = await playReadyOptions(flags);
  const options: Record<string, unknown> = {
    playready: flags.playreadyTest ? { laUrl: library.PLAYREADY_TEST_LA_URL, ...playready } : playready,
  };
  for (const option of flaggedOptionsOf(taker)) {
    const { name } = option;
    const value = (flags as unknown as Readonly<Record<string, unknown>>)[attributeOf(option)];
    if (value === undefined) continue;
    options[name] = Object.hasOwn(LOADERS, name) ? await LOADERS[name]!(value as never) : value;
  }
  if (givesKeysByClass(flags)) delete options.keyPer; // the key provider is asked for it
  return options;
}
