import { PrpackError } from '../../errors.js';
import type { HttpClient, KeyLookup, KeyStore } from '../../index.js';
import { isWebAddress } from '../../settings/kinds.js';
import { parseLookupSource } from '../../settings/lookup-source.js';
import type { EncryptFlags } from './encryption.js';
import { isUrl, withKeyServers } from './key-server.js';
import { keyFileWarnings } from './open-key-file.js';

type Library = typeof import('../../core.js');

/** What is known where keys of encrypted input are to be found. */
interface Surroundings {
  readonly flags: Pick<EncryptFlags, 'decryptKeys' | 'cpix' | 'cpixAuth' | 'cpixPrivateKey'> & TlsFlags;
  readonly library: Library;
  readonly store: KeyStore;
  readonly signal: AbortSignal;
}

type TlsFlags = Pick<EncryptFlags, 'tlsCa' | 'tlsCert' | 'tlsKey'>;

/** The keys of encrypted input. */
export interface DecryptKeys {
  /** Those that the flag names, which are opened when the first is looked for. */
  readonly lookup: KeyLookup | undefined;
  /** Opens those that a text names as the flag does. */
  readonly open: (source: string) => Promise<KeyLookup>;
  /** What the user must know of those that were opened. */
  readonly warnings: readonly string[];
}

/**
 * Lets the work find the keys of encrypted input. The server of a CPIX document that the flag names gets the header of --cpix-auth, and no
 * other: a manifest may name any.
 * @throws PrpackError INVALID_ARGUMENT when two servers would get one header
 */
export async function withDecryptKeys<T>(
  surroundings: Surroundings,
  work: (keys: DecryptKeys) => Promise<T>,
): Promise<T> {
  const { flags, library, signal } = surroundings;
  const { tlsCa, tlsCert, tlsKey, cpixAuth, decryptKeys } = flags;
  const url = decryptKeys === undefined ? undefined : documentUrl(decryptKeys);
  if (url !== undefined) assertOneServer(url, flags);
  const tls = given({ tlsCa, tlsCert, tlsKey });
  return withKeyServers(given({ ...tls, cpix: url, cpixAuth }), library, signal, (authorized) =>
    withKeyServers(tls, library, signal, (plain) => {
      const clientFor = (source: string) => (source === decryptKeys ? authorized : plain);
      return work(keysOf(surroundings, clientFor));
    }),
  );
}

function keysOf(
  { flags, library, store }: Surroundings,
  clientFor: (source: string) => HttpClient,
): DecryptKeys {
  const { decryptKeys, cpixPrivateKey } = flags;
  const warnings: string[] = [];
  const open = async (source: string) => {
    const parsed = parseLookupSource(source);
    const isDocument = parsed?.kind === 'cpix' && cpixPrivateKey !== undefined;
    const lookup = await library.openKeyLookup(source, {
      keyStore: store,
      client: clientFor(source),
      ...(isDocument && { privateKey: await readPrivateKey(cpixPrivateKey) }),
    });
    if (parsed?.kind === 'file') warnings.push(...(await keyFileWarnings(parsed.location)));
    return lookup;
  };
  return { lookup: decryptKeys === undefined ? undefined : opening(() => open(decryptKeys)), open, warnings };
}

/** A lookup that is opened when it is first used. */
function opening(open: () => Promise<KeyLookup>): KeyLookup {
  let opened: Promise<KeyLookup> | undefined;
  return {
    async find(kid) {
      opened ??= open();
      return (await opened).find(kid);
    },
  };
}

async function readPrivateKey(path: string) {
  const { readCpixPrivateKey } = await import('../../index.js');
  return readCpixPrivateKey(path);
}

function documentUrl(source: string): string | undefined {
  const parsed = parseLookupSource(source);
  return parsed?.kind === 'cpix' && isWebAddress(parsed.location) ? parsed.location : undefined;
}

/** A header lets prpack in at one server, and is nothing for another to see. */
function assertOneServer(url: string, { cpix, cpixAuth }: Surroundings['flags']): void {
  const hasHeader = cpixAuth !== undefined || process.env.PRPACK_CPIX_AUTH;
  if (!hasHeader || !isUrl(cpix) || originOf(cpix) === originOf(url)) return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    '--cpix and --decrypt-keys name two servers, and --cpix-auth is for one',
    {
      remedy: 'Get one of the documents beforehand, and name its file.',
    },
  );
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

/** What is not undefined. */
function given<T extends object>(values: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
