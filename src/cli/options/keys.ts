import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type {
  HttpClient,
  KeyId,
  KeyLookup,
  KeyPer,
  KeySeed,
  KeySource,
  KeyStore,
  SignalledSystem,
} from '../../index.js';
import { type FlaggedName, flaggedOption, flagNameOf } from '../../settings/options.js';
import { addGroup } from './add.js';
import { isUrl, type KeyServerFlags } from './key-server.js';
import { keyFileWarnings } from './open-key-file.js';

type Library = typeof import('../../core.js');
type Environment = Readonly<Record<string, string | undefined>>;

/** What commander makes of the key options. */
export interface KeyFlags extends KeyServerFlags {
  readonly keyFile?: string;
  readonly keySeedFile?: string;
  readonly kid?: string;
  readonly key?: string;
  readonly playreadyTest?: true;
}

/** What else is sent to a server that gives keys for new content. */
export interface ContentFlags {
  readonly contentId?: string;
  readonly keyPer?: KeyPer;
  readonly systems?: readonly SignalledSystem[];
  readonly widevinePolicy?: string;
}

/** Keys from the source that was named, and what the user must know of it. */
export interface SelectedKeys<Keys = KeySource & KeyLookup> {
  readonly source: Keys;
  readonly warnings: readonly string[];
}

/** As `SelectedKeys`, for encryption. */
export interface EncryptionKeys extends SelectedKeys<KeySource> {
  /** In place of `source`, where keys that a content is registered with already come first. */
  readonly forContent?: (contentId: string) => Promise<KeySource>;
}

export const KEY_ON_COMMAND_LINE_WARNING =
  'The key was given on the command line: other users of this machine can read it in the process list, and the shell may keep it in its history. Use --key-file, or PRPACK_KID and PRPACK_KEY.';

/** Adds the options that name a key source. `kidHelp` says what --kid is for in this command. */
export function addKeyOptions(command: Command, kidHelp: string, testHelp: string): void {
  command.optionsGroup(
    'Keys (one source; when none is named, PRPACK_KID and PRPACK_KEY, else the key store):',
  );
  addGroup(command, 'keys', { kid: kidHelp, playreadyTest: testHelp });
}

/** How a source is opened, by the option that names it. */
interface SourceEntry {
  readonly name: Extract<FlaggedName, keyof KeyFlags>;
  readonly open: (
    flags: KeyFlags & ContentFlags,
    library: Library,
    client: HttpClient,
  ) => Promise<KeySource & KeyLookup>;
  /** What the user must know of a source that was opened. */
  readonly warnings?: (flags: KeyFlags) => Promise<readonly string[]>;
  /** What all keys of the source follow from. */
  readonly seed?: (flags: KeyFlags, library: Library) => Promise<KeySeed>;
}

const SOURCES: readonly SourceEntry[] = [
  {
    name: 'keyFile',
    open: ({ keyFile }, library) => library.readKeyFile(keyFile!),
    warnings: ({ keyFile }) => keyFileWarnings(keyFile!),
  },
  {
    name: 'keySeedFile',
    open: async ({ keySeedFile, kid }, library) =>
      library.keySeedSource(await library.readKeySeedFile(keySeedFile!), kidOf(kid, library)),
    seed: ({ keySeedFile }, library) => library.readKeySeedFile(keySeedFile!),
  },
  {
    name: 'key',
    open: async ({ kid, key }, library) => {
      const keyId = kidOf(kid, library)!;
      return naming('--key', () => library.givenKeyTexts(keyId, key!));
    },
    warnings: async () => [KEY_ON_COMMAND_LINE_WARNING],
  },
  {
    name: 'playreadyTest',
    open: async ({ kid }, library) => library.keySeedSource(testSeed(library), kidOf(kid, library)),
    seed: async (_, library) => testSeed(library),
  },
  {
    name: 'cpix',
    open: openCpix,
  },
  {
    name: 'spekeUrl',
    open: openSpeke,
  },
  {
    name: 'packagingDataUrl',
    open: async ({ packagingDataUrl, contentId }, _, client) => {
      const programIdentifier = contentIdFor('--packaging-data-url', contentId);
      const { PackagingDataKeySource } = await import('../../index.js');
      return new PackagingDataKeySource({ url: packagingDataUrl!, client, programIdentifier });
    },
  },
  {
    name: 'widevineKeyServer',
    open: openWidevine,
  },
];

async function openCpix(
  { cpix, cpixPrivateKey }: KeyFlags,
  _: Library,
  client: HttpClient,
): Promise<KeySource & KeyLookup> {
  const library = await import('../../index.js');
  const location = cpix!;
  const options =
    cpixPrivateKey === undefined ? {} : { privateKey: await library.readCpixPrivateKey(cpixPrivateKey) };
  const document = await (isUrl(location)
    ? library.fetchCpix(location, client, options)
    : library.readCpixFile(location, options));
  const name = isUrl(location) ? library.describeUrl(location) : location;
  return library.cpixKeySource(document, { name });
}

/** Key providers have no keys of single tracks. */
function classesFor(flag: string, keyPer: KeyPer | undefined): Exclude<KeyPer, 'track'> | undefined {
  if (keyPer !== 'track') return keyPer;
  throw contradiction(
    `--key-per track and ${flag} are given together`,
    'Give --key-per none, type or resolution: key providers know classes of tracks.',
  );
}

async function openWidevine(
  flags: KeyFlags & ContentFlags,
  _: Library,
  client: HttpClient,
): Promise<KeySource & KeyLookup> {
  const library = await import('../../index.js');
  const keyPer = classesFor('--widevine-key-server', flags.keyPer);
  const { widevineKeyServer: url, widevineSigner: signer, widevinePolicy: policy } = flags;
  const signingKey = await signingKeyOf(flags);
  return new library.WidevineKeySource({
    url: url!,
    client,
    contentId: contentIdFor('--widevine-key-server', flags.contentId),
    ...(signer !== undefined && { signer }),
    ...(signingKey && { signingKey }),
    ...(policy !== undefined && { policy }),
    ...(keyPer && { keyPer }),
  });
}

async function signingKeyOf({ widevineSigningKeyFile: file }: KeyFlags) {
  const library = await import('../../index.js');
  if (file !== undefined) return library.readWidevineSigningKey(file);
  const { secretVariable } = flaggedOption('widevineSigningKeyFile');
  return library.environmentWidevineSigningKey(secretVariable!, process.env);
}

async function openSpeke(
  { spekeUrl, spekeVersion, cpixPrivateKey, contentId, ...flags }: KeyFlags & ContentFlags,
  _: Library,
  client: HttpClient,
): Promise<KeySource & KeyLookup> {
  const library = await import('../../index.js');
  const keyPer = classesFor('--speke-url', flags.keyPer);
  return new library.SpekeKeySource({
    url: spekeUrl!,
    client,
    contentId: contentIdFor('--speke-url', contentId),
    systems: [],
    ...(spekeVersion && { version: spekeVersion }),
    ...(keyPer && { keyPer }),
    ...(cpixPrivateKey !== undefined && { privateKey: await library.readCpixPrivateKey(cpixPrivateKey) }),
  });
}

/** Another one than the server knows would get another key, or none. */
function contentIdFor(flag: string, contentId: string | undefined): string {
  if (contentId !== undefined) return contentId;
  throw contradiction(`${flag} is given without --content-id`, 'Give the content id that the server knows.');
}

/**
 * Opens the key source for encryption that the flags name, or else the environment; undefined when neither names one. A KID alone is
 * one that is registered in the store. The client asks servers of keys.
 * @throws PrpackError INVALID_ARGUMENT for flags that contradict each other, and the errors of the source
 */
export async function selectKeys(
  flags: KeyFlags & ContentFlags,
  environment: Environment,
  library: Library,
  store: KeyStore,
  client: HttpClient,
): Promise<EncryptionKeys | undefined> {
  const entry = namedSource(flags);
  if (entry) {
    const opened = await openSource(entry, flags, library, client);
    if (!entry.seed || flags.kid !== undefined) return opened;
    return {
      ...opened,
      forContent: seedKeysOf(await entry.seed(flags, library), opened.source, store, library),
    };
  }
  const kid = kidOf(flags.kid, library);
  if (kid !== undefined) return { source: library.storedKeySource(store, kid), warnings: [] };
  return environmentSource(environment, library);
}

/**
 * As `selectKeys`, to find keys of KIDs that a file names: a KID is given for `--key` alone.
 * @throws PrpackError as `selectKeys`
 */
export async function selectLookup(
  flags: KeyFlags,
  environment: Environment,
  library: Library,
  client: HttpClient,
): Promise<SelectedKeys | undefined> {
  const entry = namedSource(flags);
  if (flags.kid !== undefined && entry?.name !== 'key') {
    throw contradiction(
      entry ? `--kid and ${flagOf(entry)} are given together` : '--kid is given without a key',
      'Leave --kid out: the file names its KIDs.',
    );
  }
  return entry ? openSource(entry, flags, library, client) : environmentSource(environment, library);
}

/** Keys of a seed: those that the content has already, so that a rerun finds them, else new ones. */
function seedKeysOf(
  seed: KeySeed,
  otherwise: KeySource,
  store: KeyStore,
  library: Library,
): (contentId: string) => Promise<KeySource> {
  return async (contentId) =>
    library.storedContentSource(store, { contentId, seed, seedOnly: true, otherwise });
}

async function openSource(
  entry: SourceEntry,
  flags: KeyFlags,
  library: Library,
  client: HttpClient,
): Promise<SelectedKeys> {
  const source = await entry.open(flags, library, client);
  return { source, warnings: (await entry.warnings?.(flags)) ?? [] };
}

function environmentSource(environment: Environment, library: Library): SelectedKeys | undefined {
  const source = library.environmentKeySource(environment);
  return source && { source, warnings: [] };
}

function testSeed(library: Library) {
  return library.KeySeed.parse(library.PLAYREADY_TEST_KEY_SEED_BASE64);
}

const flagOf = ({ name }: SourceEntry): string => flagNameOf(flaggedOption(name));

/** Whether it is no matter of --kid which KID it encrypts with. */
const excludesKid = ({ name }: SourceEntry): boolean =>
  flaggedOption(name).excludes?.includes('kid') ?? false;

/** The one source named. */
function namedSource(flags: KeyFlags): SourceEntry | undefined {
  const named = SOURCES.filter(({ name }) => flags[name] !== undefined);
  if (named.length > 1) {
    throw contradiction(`${named.map(flagOf).join(' and ')} are given together`, 'Name one key source.');
  }
  const [entry] = named;
  if (flags.kid !== undefined && entry && excludesKid(entry)) {
    const others = SOURCES.filter((source) => !excludesKid(source)).map(flagOf);
    throw contradiction(
      `--kid and ${flagOf(entry)} are given together`,
      `Give --kid with ${others.slice(0, -1).join(', ')} or ${others.at(-1)}.`,
    );
  }
  if (entry?.name === 'key' && flags.kid === undefined) {
    throw contradiction('--key is given without --kid', 'Give the KID of the key with --kid.');
  }
  return entry;
}

function kidOf(kid: string | undefined, library: Library): KeyId | undefined {
  return kid === undefined ? undefined : naming('--kid', () => library.parseKeyId(kid));
}

/** Says in an error which option the value came from. */
export function naming<T>(flag: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    throw new PrpackError(error.code, `${flag}: ${error.message}`, error.details);
  }
}

function contradiction(message: string, remedy: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', message, { remedy });
}
