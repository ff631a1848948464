import type { PrivateKey } from '../bytes/platform.js';
import { PrpackError } from '../errors.js';
import type { HttpClient } from '../keys/http/client.js';
import { readKeyFile } from '../keys/key-file.js';
import { keySeedSource, publicTestSeed, readKeySeedFile } from '../keys/key-seed.js';
import type { KeyLookup } from '../keys/key-source.js';
import type { KeyStore } from '../keystore/key-store.js';
import { storedKeyLookup } from '../keystore/stored-keys.js';
import { invalidValue } from '../settings/check.js';
import { LOOKUP_SOURCE, type LookupSource, parseLookupSource } from '../settings/lookup-source.js';
import { named } from '../settings/spelling.js';

/** What `openKeyLookup` asks for keys. */
export interface KeyLookupTools {
  /** For `store`. */
  readonly keyStore?: Pick<KeyStore, 'get'>;
  /** For a CPIX document at a URL. */
  readonly client?: HttpClient;
  /** Opens an encrypted CPIX document: the RSA private key of one of its recipients. */
  readonly privateKey?: PrivateKey;
}

type Opener<Kind extends LookupSource['kind']> = (
  source: Extract<LookupSource, { readonly kind: Kind }>,
  tools: KeyLookupTools,
) => Promise<KeyLookup>;

/** How a source is opened, by its kind. */
const OPENERS: { readonly [Kind in LookupSource['kind']]: Opener<Kind> } = {
  store: async (_, { keyStore }) => {
    if (keyStore) return storedKeyLookup(keyStore);
    throw missing('the keys are to be found in the key store, and there is none', named('keyStore'));
  },
  'playready-test': async () => keySeedSource(publicTestSeed()),
  seed: async ({ location }) => keySeedSource(await readKeySeedFile(location)),
  file: ({ location }) => readKeyFile(location),
  cpix: async ({ location }, tools) => {
    const { openCpix } = await import('../keys/cpix/open.js'); // much code, which other sources do not need
    const { privateKey } = tools;
    return openCpix(location, () => clientOf(tools), privateKey ? { privateKey } : {});
  },
};

/**
 * Opens what finds keys by their KIDs, named as in `--decrypt-keys`: `store` (registered keys), `playready-test` (keys of Microsoft's
 * public test seed), `cpix:` and the path or URL of a CPIX document, `seed:` and the file of a PlayReady key seed, or the path of a key
 * file. A key file with such a name is named as `./store`.
 * @example
 * const keyStore = openKeyStore();
 * const decryptKeys = await openKeyLookup('store', { keyStore });
 * await encrypt({ input: 'film.cenc.mp4', output: 'film.cbcs.mp4', scheme: 'cbcs', decryptKeys, keyStore });
 * @throws PrpackError INVALID_ARGUMENT when the text names nothing, or when what its kind needs is not given; KEY_SOURCE_FAILED, KEY_INVALID
 *   and KEY_CONFLICT as the reader of the source
 */
export async function openKeyLookup(source: string, tools: KeyLookupTools = {}): Promise<KeyLookup> {
  const parsed = LOOKUP_SOURCE.fits(source) ? parseLookupSource(source) : undefined;
  if (!parsed) throw invalidValue(named('decryptKeys'), source, LOOKUP_SOURCE);
  return OPENERS[parsed.kind](parsed as never, tools);
}

function clientOf({ client }: KeyLookupTools): HttpClient {
  if (client) return client;
  throw missing('the keys are in a CPIX document at a URL, and there is no HttpClient to get it', 'client');
}

function missing(message: string, option: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', message, { remedy: `Give ${option}, or name another source.` });
}
