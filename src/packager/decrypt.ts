import { assertMediaName } from '../bytes/media-name.js';
import { expectTwoFiles, OutputFile } from '../bytes/output-file.js';
import type { ByteSource } from '../bytes/source.js';
import { isSchemeName, SCHEMES } from '../cenc/scheme.js';
import { describeProtectionData } from '../drm/describe.js';
import { PrpackError } from '../errors.js';
import { type Movie, readMovie } from '../isobmff/movie.js';
import { isPsshBox } from '../isobmff/protection-boxes.js';
import { keyChecksum } from '../keys/checksum.js';
import type { ContentKey } from '../keys/content-key.js';
import { parseKeyId } from '../keys/key-id.js';
import type { KeyLookup } from '../keys/key-source.js';
import { checkOptions } from '../settings/check.js';
import { named } from '../settings/spelling.js';
import { checkDecrypted } from './check.js';
import type { WorkerPool } from './execute/worker-pool.js';
import { inputWarnings } from './input-warnings.js';
import { Clock, publishOutput, withInput, withWorkerPool } from './job.js';
import { decryptEdits } from './plan/decrypt-edits.js';
import { expectDisjointSamples } from './plan/disjoint.js';
import { KeepPlan } from './plan/keep-plan.js';
import { movieDurationSeconds } from './plan/timing.js';
import type { TrackProtection } from './plan/track-protection.js';
import { isProtected, type ReadProtection, readProtections } from './protection-reader.js';
import { readPsshBox } from './pssh.js';
import { describeTracks, typeNameOf } from './tracks.js';
import type { DecryptOptions, DecryptResult } from './types.js';

/**
 * Decrypts an MP4 file of any scheme of Common Encryption, or of PIFF, in its own layout: every byte that protection did not add or
 * change stays as it is. The output appears under its name whole and checked, or not at all.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   NOT_ENCRYPTED, UNSUPPORTED_SCHEME, UNSUPPORTED_FEATURE, KEY_REQUIRED, KEY_INVALID, OUTPUT_EXISTS, OUTPUT_FAILED,
 *   OUTPUT_CHECK_FAILED, ABORTED
 */
export async function decrypt(options: DecryptOptions): Promise<DecryptResult> {
  checkOptions('decrypt', options);
  const clock = new Clock();
  assertMediaName(options.output);
  expectTwoFiles(options.input, options.output);
  const { input, signal, threads } = options;
  return withInput(input, signal, (source) =>
    withWorkerPool(source, threads, (pool) => decryptFrom(source, pool, options, clock)),
  );
}

async function decryptFrom(
  source: ByteSource,
  pool: WorkerPool | undefined,
  options: DecryptOptions,
  clock: Clock,
): Promise<DecryptResult> {
  const movie = readMovie(source);
  const described = await describeTracks(movie);
  const encrypted = new Set(movie.tracks.filter(isProtected));
  if (encrypted.size === 0) throw notEncrypted(source.path);
  expectDisjointSamples(movie, encrypted);
  const protections = readProtections(movie, source).map(withKnownScheme);
  const keys = await findKeys(protections, options.keys);
  const warnings = [...inputWarnings(movie, 'keep'), ...verifyKeys(movie, keys)];
  const file = new OutputFile(options.output, options.force ?? false);
  try {
    const plan = new KeepPlan(movie, source, decryptEdits(movie, source, encrypted));
    clock.planned();
    const check = (path: string) => checkDecrypted(path, movie, plan.sizeBytes);
    const keyOf = (kid: string) => keys.get(kid);
    const steps = [{ direction: 'decrypt' as const, protections, keyOf }];
    await publishOutput(file, options, { plan, source, steps, pool, check }, clock);
    return {
      input: source.path,
      output: options.output,
      bytes: plan.sizeBytes,
      durationSeconds: movieDurationSeconds(movie),
      layout: 'keep',
      tracks: described.map(({ track, codecs }) => ({
        id: track.id,
        type: typeNameOf(track),
        codec: codecs[0].codec,
        encrypted: false,
        samples: track.samples.count,
      })),
      timings: clock.timings(),
      warnings,
    };
  } finally {
    file.discard();
  }
}

function notEncrypted(path: string): PrpackError {
  return new PrpackError('NOT_ENCRYPTED', `${path} has no encrypted track`, {
    path,
    remedy: 'The file can be used as it is.',
  });
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
    remedy: `Give the keys of these KIDs, for example with ${named('keyFile')}.`,
  });
}

/**
 * Compares the keys with the checksums in the file's PlayReady headers: with a wrong key, decryption gives noise.
 * @returns a warning for the KIDs that no header tells a checksum of
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
