import type { ByteSource } from '../bytes/source.js';
import { protectedBytesAt } from '../cenc/subsamples.js';
import { PrpackError } from '../errors.js';
import type { Movie, Track } from '../isobmff/movie.js';
import type { SampleEntry } from '../isobmff/sample-entry.js';
import type { ContentKey } from '../keys/content-key.js';
import { type AssignedKey, algorithmOf, type KeyLookup, type KeyScheme } from '../keys/key-source.js';
import { withFoldedEntries } from '../layout/earlier-encryption.js';
import { isProtected } from '../protection/protection-reader.js';
import type { TrackEncryption, TrackProtection } from '../protection/track-protection.js';
import { typeNameOf } from '../protection/tracks.js';
import { named } from '../settings/spelling.js';
import { DecryptedSource } from './decrypted-source.js';
import { type Decryption, prepareDecryption } from './decryption.js';
import type { EncryptOptions, Layout } from './types.js';

/** Protected input that is decrypted on the way to its new encryption. */
export interface Reencryption extends Pick<Decryption, 'protections' | 'keys' | 'step' | 'warnings'> {
  /** The movie as the file has it. */
  readonly input: Movie;
  /** The same behind its decryption: no track is protected. */
  readonly clear: Movie;
  /** The input with clear samples. */
  readonly clearSource: ByteSource;
}

/**
 * Sees to it that protected input can be encrypted under other keys or another scheme.
 * @throws PrpackError NOT_ENCRYPTED, and as `prepareDecryption`
 */
export async function prepareReencryption(
  input: Movie,
  source: ByteSource,
  lookup: KeyLookup,
  layout: Layout,
): Promise<Reencryption> {
  if (!input.tracks.some(isProtected)) throw notEncrypted(source.path);
  const decryption = await prepareDecryption(input, source, lookup, 'decryptKeys');
  const clearSource = await DecryptedSource.create(source, decryption.step);
  return { ...decryption, input, clear: asClear(input, layout), clearSource };
}

function asClear(input: Movie, layout: Layout): Movie {
  const tracks = input.tracks.map((track) => {
    if (!isProtected(track)) return track;
    const clear = withClearEntries(track);
    return layout === 'keep' ? clear : withFoldedEntries(clear, input.moov);
  });
  return { ...input, tracks };
}

function withClearEntries(track: Track): Track {
  const entries = track.entries.map(({ node, format }): SampleEntry => ({ fourcc: format, format, node }));
  return { ...track, entries };
}

/** What the user must know of an input that is encrypted again, as sentences. */
export function reencryptionWarnings(
  reencryption: Reencryption,
  encryptions: readonly TrackEncryption[],
  options: Pick<EncryptOptions, 'clearLeadSeconds' | 'layout'>,
): string[] {
  return [
    ...reencryption.warnings,
    ...clearedWarnings(reencryption, encryptions),
    ...clearPartWarnings(reencryption, encryptions, options),
  ];
}

/** What becomes clear although it was not: the tracks that nobody selected. */
function clearedWarnings({ input }: Reencryption, encrypted: readonly { track: Track }[]): string[] {
  const ids = new Set(encrypted.map(({ track }) => track.id));
  return input.tracks
    .filter((track) => isProtected(track) && !ids.has(track.id))
    .map(
      (track) =>
        `Track ${track.id} (${typeNameOf(track)}) is encrypted in the input and clear in the output.`,
    );
}

/** What becomes protected although it was not, where no clear lead was asked for: clear parts of the input are not kept. */
function clearPartWarnings(
  { protections }: Reencryption,
  encryptions: readonly TrackEncryption[],
  { clearLeadSeconds, layout }: Pick<EncryptOptions, 'clearLeadSeconds' | 'layout'>,
): string[] {
  if (clearLeadSeconds !== undefined) return [];
  const where = layout === 'keep' ? ` with ${named('layout', 'fragmented')}` : '';
  return encryptions.flatMap((encryption) => {
    const { track } = encryption;
    const former = protections.find((protection) => protection.track.id === track.id);
    const count = former ? clearedSampleCount(former, encryption) : 0;
    if (count === 0) return [];
    return [
      `${count} of ${track.samples.count} samples of track ${track.id} (${typeNameOf(track)}) are clear in the input and encrypted in the output. ` +
        `To leave the beginning clear, give ${named('clearLeadSeconds')}${where}.`,
    ];
  });
}

/** Samples that are clear by their key, or at the beginning by their subsamples, and then are not: small samples are clear anywhere. */
function clearedSampleCount(former: TrackProtection, next: TrackProtection): number {
  let count = 0;
  let isBeginning = true;
  for (let i = 0; i < former.track.samples.count; i++) {
    const hasNoKey = former.keyNumbers?.[i] === 0;
    isBeginning &&= hasNoKey || isClearSample(former, i);
    if ((hasNoKey || isBeginning) && !isClearSample(next, i)) count++;
  }
  return count;
}

function isClearSample({ keyNumbers, subsamples }: TrackProtection, sample: number): boolean {
  if (keyNumbers?.[sample] === 0) return true;
  const isDivided = subsamples && subsamples.starts[sample] < subsamples.starts[sample + 1];
  return isDivided === true && protectedBytesAt(subsamples, sample) === 0;
}

/**
 * A KID stands for one key and one cipher mode: licenses are issued for AES in counter mode or in CBC mode, never for both.
 * @param assigned the keys of the output
 * @throws PrpackError KEY_CONFLICT
 */
export function assertKeysFit(
  { protections, keys }: Reencryption,
  assigned: readonly AssignedKey[],
  scheme: KeyScheme = 'cenc',
): void {
  const wanted = algorithmOf({ scheme });
  for (const { scheme: former, kids } of protections) {
    const isOtherMode = algorithmOf({ scheme: former }) !== wanted;
    for (const kid of kids) {
      for (const one of assigned) {
        if (isOtherMode) assertOtherKey(kid, keys.get(kid)!, one, former, scheme);
        else if (one.kid === kid && !one.key.equals(keys.get(kid)!)) throw otherKeyOfKid(kid);
      }
    }
  }
}

function assertOtherKey(
  kid: string,
  key: ContentKey,
  assigned: AssignedKey,
  former: KeyScheme,
  scheme: KeyScheme,
): void {
  if (assigned.kid !== kid && !assigned.key.equals(key)) return;
  const [had, wanted] = [former, scheme].map((one) => `${algorithmOf({ scheme: one })} (${one})`);
  const what =
    assigned.kid === kid ? `KID ${kid}` : `the key of KID ${assigned.kid}, which is that of KID ${kid},`;
  throw new PrpackError(
    'KEY_CONFLICT',
    `${what} encrypts the input with ${had} and cannot encrypt the output with ${wanted}`,
    {
      expected: `a KID and key that the input does not use`,
      received: assigned.kid,
      remedy:
        'Give the output a new KID and key: a license is for AES in counter mode (cenc, cens) or in CBC mode (cbcs, cbc1), ' +
        'so one KID and key never serve both.',
    },
  );
}

function otherKeyOfKid(kid: string): PrpackError {
  return new PrpackError('KEY_CONFLICT', `KID ${kid} of the input is given another key for the output`, {
    received: kid,
    remedy: 'Give the new key a new KID: players and license servers know a key by its KID alone.',
  });
}

function notEncrypted(path: string): PrpackError {
  return new PrpackError('NOT_ENCRYPTED', `${path} has no encrypted track to decrypt`, {
    path,
    remedy: `Leave ${named('decryptKeys')} out: the file is clear.`,
  });
}
