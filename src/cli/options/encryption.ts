import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { EncryptOptions, KeyPer } from '../../index.js';
import { addKeyServerOptions, addTlsOptions } from './key-server.js';
import type { KeyStoreFlags } from './key-store.js';
import { addKeyOptions, type KeyFlags, type SelectedKeys } from './keys.js';
import type { MediaFlags } from './media.js';
import type { OutputFlags } from './output.js';
import { givenPlayReadyFlags, type PlayReadyFlags, playReadyOptions } from './playready.js';
import { isGiven } from './settings.js';
import { givenPssh, type SystemFlags } from './systems.js';
import { oneOf } from './values.js';

type Library = typeof import('../../index.js');

/** What commander makes of the options of `encrypt`. */
export interface EncryptFlags
  extends MediaFlags,
    KeyFlags,
    KeyStoreFlags,
    SystemFlags,
    PlayReadyFlags,
    OutputFlags {
  readonly contentId?: string;
  readonly keyPer?: KeyPer;
  readonly policy?: string;
  readonly register: boolean;
  readonly keysOut?: string;
  readonly dryRun?: true;
  readonly force?: true;
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

/** Adds --key-per. `tracks` says in the help which tracks share a key with `none`. */
export function addKeyPerOption(command: Command, tracks: string): void {
  command.option(
    '--key-per <group>',
    `none: one key for ${tracks}; type, track or resolution: a key for each (default: none)`,
    oneOf('--key-per', ['none', 'type', 'track', 'resolution']),
  );
}

/**
 * Refuses options of the command line that nothing would come of.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function refuseIdleOptions(flags: EncryptFlags, command: Command): void {
  refuseIdlePlayReadyFlags(flags, command);
  refuseIdlePolicy(flags, command);
}

/** An option without effect is a mistake that would otherwise be seen only when the content does not play. */
function refuseIdlePlayReadyFlags(flags: EncryptFlags, command: Command): void {
  if (!flags.systems || flags.systems.includes('playready')) return;
  const [idle] = [...givenPlayReadyFlags(command), ...(flags.playreadyTest ? ['--playready-test'] : [])];
  if (idle === undefined) return;
  throw new PrpackError('INVALID_ARGUMENT', `${idle} has no effect without the system playready`, {
    expected: '--systems with playready among them',
    received: `--systems ${flags.systems.join(',')}`,
    remedy: `Add playready to --systems, or leave ${idle} out.`,
  });
}

/** A policy is for the record of the key, and nowhere else. */
function refuseIdlePolicy({ register }: EncryptFlags, command: Command): void {
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

/** The options that the flags give; what is not given is left to the library's defaults. */
export async function encryptOptions(
  flags: EncryptFlags,
  library: Library,
): Promise<Omit<EncryptOptions, 'input' | 'output' | 'keys' | 'keyStore'>> {
  const { track, layout, fragmentDuration, ivSize, systems, contentId, policy, keysOut } = flags;
  const keyPer = flags.spekeUrl === undefined ? flags.keyPer : undefined; // else the key provider is asked for it
  const playready = await playReadyOptions(flags);
  return {
    force: flags.force === true,
    dryRun: flags.dryRun === true,
    playready: flags.playreadyTest ? { laUrl: library.PLAYREADY_TEST_LA_URL, ...playready } : playready,
    extraPssh: await givenPssh(flags, library),
    ...(track && { tracks: track }),
    ...(layout && { layout }),
    ...(fragmentDuration !== undefined && { fragmentDurationSeconds: fragmentDuration }),
    ...(ivSize && { ivSize }),
    ...(systems && { systems }),
    ...(contentId !== undefined && { contentId }),
    ...(keyPer && { keyPer }),
    ...(policy !== undefined && { policy: await library.loadPolicy(policy) }),
    ...(keysOut !== undefined && { keysOut }),
  };
}
