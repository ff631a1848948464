import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type {
  EncryptOptions,
  EncryptResult,
  EncryptStreamOptions,
  KeyPer,
  KeyStore,
  Layout,
  ProtectionSystem,
  TrackSelector,
} from '../../index.js';
import { type JobContext, runJob } from '../job.js';
import { mediaInput, mediaOutput } from '../media-streams.js';
import { bytesOfValue } from '../options/files.js';
import { addKeyServerOptions, addTlsOptions } from '../options/key-server.js';
import { addKeyStoreOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import { addKeyOptions, type KeyFlags, selectKeys } from '../options/keys.js';
import { addJobOutputOptions, type OutputFlags } from '../options/output.js';
import {
  addPlayReadyOptions,
  givenPlayReadyFlags,
  type PlayReadyFlags,
  playReadyOptions,
} from '../options/playready.js';
import { addPolicyOption } from '../options/policy.js';
import { addConfigOption, isGiven } from '../options/settings.js';
import {
  invalidValue,
  listOf,
  nonEmpty,
  oneOf,
  type ParseValue,
  repeatable,
  seconds,
} from '../options/values.js';
import { formatEncryptResult } from '../output/text.js';

type Library = typeof import('../../index.js');

/** What commander makes of the options of `encrypt`. */
export interface EncryptFlags extends KeyFlags, KeyStoreFlags, PlayReadyFlags, OutputFlags {
  readonly track?: readonly TrackSelector[];
  readonly layout?: Layout;
  readonly fragmentDuration?: number;
  readonly systems?: readonly ProtectionSystem[];
  readonly pssh?: readonly string[];
  readonly ivSize?: 8 | 16;
  readonly contentId?: string;
  readonly keyPer?: KeyPer;
  readonly policy?: string;
  readonly register: boolean;
  readonly keysOut?: string;
  readonly dryRun?: true;
  readonly force?: true;
}

const MAX_FRAGMENT_SECONDS = 3600;

const EXAMPLES = `
Examples:
  prpack encrypt in.mp4 out.mp4 --playready-test
  prpack encrypt in.mp4 out.mp4 --content-id film-7 --la-url https://drm.example.com/rightsmanager.asmx
  prpack encrypt in.mp4 out.mp4 --key-file keys.json --track video --layout keep --json
  prpack encrypt in.mp4 out.mp4 --key-per resolution --policy rental
  prpack encrypt in.mp4 out.mp4 --key-seed-file seed.txt --systems playready,widevine
  prpack encrypt in.mp4 out.mp4 --no-register --keys-out keys.json
  prpack encrypt https://media.example.com/in.mp4 out.mp4
  ffmpeg -i … -movflags frag_keyframe+empty_moov+default_base_moof -f mp4 - | prpack encrypt - - --content-id live-7 > out.mp4`;

export const TEST_KEYS_WARNING =
  "The keys come from Microsoft's public test key seed, which everybody knows: this protects nothing and is for tests only.";

/** `prpack encrypt <input> <output>` */
export function configureEncrypt(command: Command): void {
  command
    .description('Encrypts the audio and video of an MP4 file (scheme cenc) and adds DRM headers.')
    .argument('<input>', 'MP4, M4A, M4V, CMAF or MOV file, its http(s) URL, or - for fragmented MP4 on stdin')
    .argument('<output>', 'file to make, which appears whole or not at all; or - for stdout');
  addMediaOptions(command);
  addKeyOptions(
    command,
    'KID of --key, to encrypt with under a key seed (default: random), or of a registered key',
    "keys and license URL of Microsoft's public test server; protects nothing",
  );
  addKeyServerOptions(command);
  addTlsOptions(command);
  addContentOptions(command);
  addSystemOptions(command);
  addPlayReadyOptions(command);
  addJobOutputOptions(command);
  command.option('--dry-run', 'plan and report, and write nothing');
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(encryptAction);
}

function addContentOptions(command: Command): void {
  command.optionsGroup('Registration (before the output appears, its keys are in a key store):');
  command.option(
    '--content-id <text>',
    'what the keys are registered and found again for (default: the name of the input)',
    nonEmpty('--content-id'),
  );
  command.option(
    '--key-per <group>',
    'none: one key for all tracks; type, track or resolution: a key for each (default: none)',
    oneOf('--key-per', ['none', 'type', 'track', 'resolution']),
  );
  addPolicyOption(command);
  addKeyStoreOptions(command);
  command.option('--no-register', 'register nothing, because somebody else does');
  command.option(
    '--keys-out <file>',
    'also write the keys to a new file that only you can read; random keys that are not registered need it',
  );
}

/** Adds the options that say what of a file is encrypted, and how. */
export function addMediaOptions(command: Command): void {
  command.optionsGroup('Media:');
  command.option(
    '--track <track>',
    'encrypt this track only: an id, audio or video; may be repeated (default: all audio and video)',
    repeatable(trackSelector),
  );
  command.option(
    '--layout <layout>',
    'fragmented, or keep the layout of the input (default: fragmented)',
    oneOf('--layout', ['fragmented', 'keep']),
  );
  command.option(
    '--fragment-duration <seconds>',
    'shortest fragment; it ends at the next sync sample (default: 2)',
    seconds('--fragment-duration', MAX_FRAGMENT_SECONDS),
  );
  command.option('--iv-size <bytes>', 'bytes of the IV of a sample: 8 or 16 (default: 8)', ivSize);
}

/** Adds the options that say which pssh boxes are written. */
export function addSystemOptions(command: Command): void {
  command.optionsGroup('Protection systems:');
  command.option(
    '--systems <list>',
    'pssh boxes to add: playready, common, widevine (default: playready,common)',
    listOf('--systems', ['playready', 'common', 'widevine']),
  );
  command.option(
    '--pssh <base64|@file>',
    'add a pssh box or PlayReady Object made elsewhere; may be repeated',
    repeatable(nonEmpty('--pssh')),
  );
}

/** track_ID is 32 bits and never zero (ISO/IEC 14496-12 8.3.2.3). */
const trackSelector: ParseValue<TrackSelector> = (text) => {
  if (text === 'audio' || text === 'video') return text;
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (id >= 1 && id <= 0xffffffff) return id;
  throw invalidValue('--track', text, 'a track id, audio or video');
};

const ivSize: ParseValue<8 | 16> = (text) => {
  return oneOf('--iv-size', ['8', '16'])(text) === '8' ? 8 : 16;
};

async function encryptAction(
  input: string,
  output: string,
  flags: EncryptFlags,
  command: Command,
): Promise<void> {
  const media = { output: mediaOutput(output), input: mediaInput(input) };
  refuseIdlePlayReadyFlags(flags, command);
  refuseIdlePolicy(flags, command);
  await runJob(
    flags,
    (context) => encryptJob(media, flags, context),
    (result, style) => formatEncryptResult(result, style, flags),
  );
}

/** An option without effect is a mistake that would otherwise be seen only when the content does not play. */
export function refuseIdlePlayReadyFlags(flags: EncryptFlags, command: Command): void {
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
export function refuseIdlePolicy({ register }: EncryptFlags, command: Command): void {
  if (register || !isGiven(command, 'policy')) return;
  throw new PrpackError('INVALID_ARGUMENT', '--policy has no effect with --no-register', {
    remedy: 'Leave one of them out: a policy is registered with the key.',
  });
}

async function encryptJob(
  media: Pick<EncryptStreamOptions, 'input' | 'output'>,
  flags: EncryptFlags,
  context: JobContext,
): Promise<EncryptResult> {
  const library = await import('../../index.js');
  return withKeyStore(flags, library, async (store) => {
    const named = await selectKeys(flags, process.env, library, store, context.signal);
    const keys = { ...(named && { keys: named.forContent ?? named.source }), ...registration(flags, store) };
    const result = await library.encryptStream({
      ...media,
      ...keys,
      ...(await encryptOptions(flags, library)),
      ...context,
    });
    const warnings = flags.playreadyTest ? [TEST_KEYS_WARNING] : (named?.warnings ?? []);
    return { ...result, warnings: [...warnings, ...result.warnings] };
  });
}

/** Keys are registered unless the user says that somebody else does it. */
function registration({ register }: EncryptFlags, keyStore: KeyStore): Partial<EncryptOptions> {
  return register ? { keyStore } : {};
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
    extraPssh: await Promise.all((flags.pssh ?? []).map((value) => psshOfValue(value, library))),
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

/** A box or object that does not read is refused as the option's value, before any media is. */
async function psshOfValue(value: string, library: Library): Promise<Uint8Array> {
  const bytes = await bytesOfValue('--pssh', value);
  try {
    await library.parsePssh(bytes);
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    throw new PrpackError('INVALID_ARGUMENT', `--pssh: ${error.message}`, error.details, error);
  }
  return bytes;
}
