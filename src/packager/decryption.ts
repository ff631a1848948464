import type { ByteSource } from '../bytes/source.js';
import { isSchemeName, SCHEMES } from '../cenc/scheme.js';
import { describeProtectionData } from '../drm/describe.js';
import { PrpackError } from '../errors.js';
import type { Movie } from '../isobmff/movie.js';
import { isPsshBox } from '../isobmff/protection-boxes.js';
import { keyChecksum } from '../keys/checksum.js';
import type { ContentKey } from '../keys/content-key.js';
import { parseKeyId } from '../keys/key-id.js';
import type { KeyLookup } from '../keys/key-source.js';
import { type ReadProtection, readProtections } from '../protection/protection-reader.js';
import { readPsshBox } from '../protection/pssh.js';
import type { TrackProtection } from '../protection/track-protection.js';
import { named } from '../settings/spelling.js';
import type { ProcessingStep } from './execute/sample-processor.js';

/** How the protected tracks of a movie are decrypted. */
export interface Decryption {
  readonly protections: readonly TrackProtection[];
  /** By KID: one for each KID of the protections. */
  readonly keys: ReadonlyMap<string, ContentKey>;
  readonly step: ProcessingStep;
  readonly warnings: readonly string[];
}

/** The option that gives the keys, for messages. */
type KeyOption = 'keyFile' | 'decryptKeys';

/**
 * Reads how a movie is protected, and finds its keys.
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_SCHEME, UNSUPPORTED_FEATURE; KEY_REQUIRED when a key is missing; KEY_INVALID when
 *   one is not that of the movie, and what the lookup throws
 */
export async function prepareDecryption(
  movie: Movie,
  source: ByteSource,
  lookup: KeyLookup,
  keyOption: KeyOption,
): Promise<Decryption> {
  const protections = readProtections(movie, source).map(withKnownScheme);
  const keys = await findKeys(protections, lookup, keyOption);
  const warnings = verifyKeys(movie, keys);
  const step = { direction: 'decrypt' as const, protections, keyOf: (kid: string) => keys.get(kid) };
  return { protections, keys, step, warnings };
}

function withKnownScheme(protection: ReadProtection): TrackProtection {
  const { scheme, track } = protection;
  if (isSchemeName(scheme)) return { ...protection, scheme };
  throw new PrpackError('UNSUPPORTED_SCHEME', `track ${track.id} is encrypted by scheme '${scheme}'`, {
    expected: Object.keys(SCHEMES).join(', '),
    received: scheme,
    clause: 'ISO/IEC 23001-7 10',
    remedy: 'Only Common Encryption and PIFF can be decrypted.',
  });
}

/** @throws PrpackError KEY_REQUIRED, naming every KID whose key is missing */
async function findKeys(
  protections: readonly TrackProtection[],
  lookup: KeyLookup,
  keyOption: KeyOption,
): Promise<ReadonlyMap<string, ContentKey>> {
  const keys = new Map<string, ContentKey>();
  const missing: string[] = [];
  for (const kid of new Set(protections.flatMap(({ kids }) => kids))) {
    const key = await lookup.find(parseKeyId(kid));
    if (key) keys.set(kid, key);
    else missing.push(kid);
  }
  if (missing.length === 0) return keys;
  throw new PrpackError('KEY_REQUIRED', `no key is known for KID ${missing.join(', ')}`, {
    expected: missing.join(', '),
    remedy: `Give the keys of these KIDs, for example with ${named(keyOption)}.`,
  });
}

/**
 * Compares the keys with the checksums in the file's PlayReady headers: with a wrong key, decryption gives noise.
 * @returns a warning for the KIDs of which no header has a checksum
 * @throws PrpackError KEY_INVALID
 */
function verifyKeys(movie: Movie, keys: ReadonlyMap<string, ContentKey>): string[] {
  const checksums = new Map<string, string>();
  for (const box of movie.moovNode.children.filter(isPsshBox)) {
    const { playready } = describeProtectionData(readPsshBox(box, movie.moov));
    for (const { kid, checksum, algId } of playready?.keys ?? []) {
      if (checksum !== undefined && algId === 'AESCTR') checksums.set(kid, checksum);
    }
  }
  for (const [kid, key] of keys) {
    const checksum = checksums.get(kid);
    if (checksum === undefined || keyChecksum(parseKeyId(kid), key) === checksum) continue;
    throw new PrpackError(
      'KEY_INVALID',
      `the key given for KID ${kid} is not the one that the file was encrypted with`,
      {
        expected: `a key of checksum ${checksum}`,
        remedy:
          'Look for the key that was registered with this KID; the checksum is in the PlayReady header of the file.',
      },
    );
  }
  const unverified = [...keys.keys()].filter((kid) => !checksums.has(kid));
  if (unverified.length === 0) return [];
  return [
    `The file carries no checksum for the key of ${unverified.join(', ')}: play the output to see that it is right.`,
  ];
}
