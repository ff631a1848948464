import { isWebAddress, type Kind } from './kinds.js';
import { looksLikeKey } from './secrets.js';

/** Where the keys of KIDs are found that a file names. */
export type LookupSource =
  /** The key store of the run, and the keys of the public test seed. */
  | { readonly kind: 'store' | 'playready-test' }
  /** A CPIX document (a path or a URL), the file of a key seed, or a key file. */
  | { readonly kind: 'cpix' | 'seed' | 'file'; readonly location: string };

/** The prefix of a location that is no key file. A drive of Windows is none. */
const PREFIX = /^([a-z][a-z0-9+.-]+):(.*)$/is;

/** What a text names, or undefined when it names nothing. */
export function parseLookupSource(text: string): LookupSource | undefined {
  if (text === 'store' || text === 'playready-test') return { kind: text };
  const [, kind, location = ''] = PREFIX.exec(text) ?? [];
  if (kind === undefined) return text === '' ? undefined : { kind: 'file', location: text };
  return (kind === 'cpix' || kind === 'seed') && location !== '' ? { kind, location } : undefined;
}

/** A text that names a {@link LookupSource}. A key in its place is refused, and not repeated. */
export const LOOKUP_SOURCE: Kind = {
  allowed: 'store, playready-test, the path of a key file, cpix:<file or URL>, or seed:<file>',
  schema: { type: 'string', minLength: 1 },
  fits: (value) =>
    typeof value === 'string' && !looksLikeKey(value) && parseLookupSource(value) !== undefined,
  read: (text) => text,
  isSecret: true,
  fileIn: (value) => {
    const source = parseLookupSource(value);
    if (!source || !('location' in source) || isWebAddress(source.location)) return undefined;
    return [source.kind === 'file' ? '' : `${source.kind}:`, source.location];
  },
};
