import { type ByteSource, FileSource, readBytes } from '../bytes/source.js';
import { createIvSource } from '../cenc/iv.js';
import { createSampleCipher } from '../cenc/sample-cipher.js';
import { SCHEMES } from '../cenc/scheme.js';
import { describeProtectionData } from '../drm/describe.js';
import { PrpackError } from '../errors.js';
import { type Movie, readMovie, type Track } from '../isobmff/movie.js';
import { DecodeTimes } from '../isobmff/sample-table.js';
import type { ContentKey } from '../keys/content-key.js';
import type { TrackEncryption } from './plan/encrypt-edits.js';
import { protectedBytesOf, sencColumns, type TrackProtection } from './plan/track-protection.js';
import { isProtected, type ReadProtection, readProtections } from './protection-reader.js';
import { isPsshBox, readPsshBox } from './pssh.js';

const SAMPLES_CHECKED = 64;

/** What an output must turn out to be. */
export interface EncryptExpectations {
  readonly input: ByteSource;
  readonly movie: Movie;
  readonly sizeBytes: number;
  readonly encryptions: readonly TrackEncryption[];
  readonly keyOf: (kid: string) => ContentKey;
  /** How many samples of each track are decrypted, spread evenly over it. Default 64. */
  readonly samplesChecked?: number;
}

/**
 * Reads an encrypted output back, as if it came from elsewhere, and compares it with what was meant: structure, sample
 * sizes and times, IVs and subsamples, key ids in `tenc` and `pssh`; and decrypts samples of every encrypted track.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkEncrypted(path: string, expected: EncryptExpectations): Promise<void> {
  const output = new FileSource(path);
  try {
    await checkEncryptedSource(output, expected);
  } finally {
    output.close();
  }
}

/**
 * As `checkEncrypted`, for an output that is open already.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkEncryptedSource(output: ByteSource, expected: EncryptExpectations): Promise<void> {
  try {
    expectEqual('the size of the file', expected.sizeBytes, output.sizeBytes);
    const movie = readMovie(output);
    expectSameSamples(expected.movie, movie);
    const protections = readProtections(movie, output);
    expectEqual('the number of encrypted tracks', expected.encryptions.length, protections.length);
    for (const encryption of expected.encryptions) {
      const found = protections.find(({ track }) => track.id === encryption.track.id);
      if (!found) throw failed(`track ${encryption.track.id} is not encrypted`);
      expectSameDefaults(encryption, found);
      if (encryption.track.samples.count === 0) continue; // its KID is in no sample's protection
      expectSameProtection(encryption, found);
      await expectDecryptable(encryption, found, expected, output);
    }
    expectPsshNamesKeys(movie, protections);
  } catch (error) {
    if (error instanceof PrpackError && error.code === 'OUTPUT_CHECK_FAILED') throw error;
    throw failed('it cannot be read back', error);
  }
}

/**
 * Reads a decrypted output back: the same samples, and nothing of them encrypted.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export function checkDecrypted(path: string, movie: Movie, sizeBytes: number): void {
  const output = new FileSource(path);
  try {
    expectEqual('the size of the file', sizeBytes, output.sizeBytes);
    const found = readMovie(output);
    expectSameSamples(movie, found);
    if (found.tracks.some(isProtected)) throw failed('a track is still encrypted');
  } catch (error) {
    if (error instanceof PrpackError && error.code === 'OUTPUT_CHECK_FAILED') throw error;
    throw failed('it cannot be read back', error);
  } finally {
    output.close();
  }
}

/**
 * Reads an output back whose fragments were checked one by one: as many samples as went in, at its size.
 * @param tracks one a track of the movie, in its order
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export function expectSampleCounts(
  path: string,
  sizeBytes: number,
  tracks: readonly { readonly samples: number }[],
): void {
  const output = new FileSource(path);
  try {
    expectEqual('the size of the file', sizeBytes, output.sizeBytes);
    const found = readMovie(output);
    expectEqual('the number of tracks', tracks.length, found.tracks.length);
    for (const [i, { id, samples }] of found.tracks.entries()) {
      expectEqual(`the samples of track ${id}`, tracks[i].samples, samples.count);
    }
  } catch (error) {
    if (error instanceof PrpackError && error.code === 'OUTPUT_CHECK_FAILED') throw error;
    throw failed('it cannot be read back', error);
  } finally {
    output.close();
  }
}

function expectSameSamples(input: Movie, output: Movie): void {
  expectEqual('the number of tracks', input.tracks.length, output.tracks.length);
  for (const [i, track] of input.tracks.entries()) {
    const found = output.tracks[i];
    expectEqual('a track id', track.id, found.id);
    expectEqual(`the samples of track ${track.id}`, track.samples.count, found.samples.count);
    expectSameColumns(track, found);
  }
}

function expectSameColumns(track: Track, found: Track): void {
  const { sizes, compositionOffsets } = track.samples;
  const times = new DecodeTimes(track.samples);
  const foundTimes = new DecodeTimes(found.samples);
  for (let sample = 0; sample < track.samples.count; sample++) {
    const isSame =
      sizes[sample] === found.samples.sizes[sample] &&
      times.next() === foundTimes.next() &&
      (compositionOffsets?.[sample] ?? 0) === (found.samples.compositionOffsets?.[sample] ?? 0);
    if (!isSame) throw failed(`sample ${sample} of track ${track.id} has another size or time`);
  }
}

function expectSameDefaults({ track, tenc, scheme }: TrackEncryption, found: ReadProtection): void {
  expectEqual(`the scheme of track ${track.id}`, scheme, found.scheme);
  expectEqual(`the default KID of track ${track.id}`, tenc.defaultKid, found.tenc.defaultKid);
  expectEqual(
    `the IV size of track ${track.id}`,
    tenc.defaultPerSampleIvSize,
    found.tenc.defaultPerSampleIvSize,
  );
}

function expectSameProtection(encryption: TrackEncryption, found: ReadProtection): void {
  const { track, tenc, scheme } = encryption;
  expectEqual(`the KID of the samples of track ${track.id}`, tenc.defaultKid, found.kids.join());
  const isSame =
    isSameBytes(encryption.subsamples?.starts, found.subsamples?.starts) &&
    isSameBytes(encryption.subsamples?.clearBytes, found.subsamples?.clearBytes) &&
    isSameBytes(encryption.subsamples?.protectedBytes, found.subsamples?.protectedBytes) &&
    hasSameIvs(encryption, { ...found, scheme });
  if (!isSame) throw failed(`track ${track.id} has other IVs or subsamples than planned`);
}

/** Compared some thousand samples at a time, so that the IVs of all need not be in memory. */
function hasSameIvs(wanted: TrackEncryption, found: TrackProtection): boolean {
  const { count } = wanted.track.samples;
  for (let first = 0; first < count; first += 4096) {
    const length = Math.min(4096, count - first);
    if (!isSameBytes(sencColumns(wanted, first, length).ivs, sencColumns(found, first, length).ivs))
      return false;
  }
  return true;
}

function isSameBytes(
  a: Uint8Array | Uint16Array | Uint32Array | undefined,
  b: Uint8Array | Uint16Array | Uint32Array | undefined,
): boolean {
  if (!a || !b) return a === b;
  const asBytes = (view: Uint8Array | Uint16Array | Uint32Array) =>
    Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return asBytes(a).equals(asBytes(b));
}

/** Decrypts samples by what the output alone says of them; they must be the input's, and not have been before. */
async function expectDecryptable(
  encryption: TrackEncryption,
  found: ReadProtection,
  { input, keyOf, samplesChecked = SAMPLES_CHECKED }: EncryptExpectations,
  output: ByteSource,
): Promise<void> {
  const cipher = await createSampleCipher(SCHEMES[encryption.scheme], keyOf(found.kids[0]).revealBytes());
  const ivs = createIvSource(found.ivPlan);
  const iv = new Uint8Array(ivs.ivSizeBytes);
  for (const sample of spread(encryption.track.samples.count, samplesChecked)) {
    const size = encryption.track.samples.sizes[sample];
    const clear = readBytes(input, encryption.track.samples.offsets[sample], size);
    const bytes = readBytes(output, found.track.samples.offsets[sample], size);
    const wasEncrypted = !isSameBytes(clear, bytes);
    ivs.ivAt(sample, iv);
    cipher.process({ bytes, at: 0, fromByte: 0, toByte: size }, iv, found.subsamples, sample);
    cipher.flush();
    const where = `sample ${sample} of track ${found.track.id}`;
    if (!isSameBytes(clear, bytes)) throw failed(`${where} does not decrypt to the input's`);
    // A single block may encrypt to itself by chance in one of 2^128 cases, a byte in one of 256.
    if (!wasEncrypted && protectedBytesOf(encryption, sample) >= 16)
      throw failed(`${where} is not encrypted`);
  }
}

/** At most `wanted` of the numbers below `count`, the first and the last among them. */
function* spread(count: number, wanted: number): Generator<number> {
  const steps = Math.min(count, wanted);
  for (let step = 0; step < steps; step++) {
    yield steps === 1 ? 0 : Math.floor((step * (count - 1)) / (steps - 1));
  }
}

/** Every `pssh` of the file that lists KIDs lists those of all encrypted tracks. */
function expectPsshNamesKeys(movie: Movie, protections: readonly ReadProtection[]): void {
  for (const box of movie.moovNode.children.filter(isPsshBox)) {
    const { keyIds, systemId } = describeProtectionData(readPsshBox(box, movie.moov));
    if (keyIds.length === 0) continue;
    for (const kid of protections.flatMap(({ kids }) => kids)) {
      if (!keyIds.includes(kid)) throw failed(`the pssh of system ${systemId} does not name KID ${kid}`);
    }
  }
}

function expectEqual(what: string, expected: string | number, received: string | number): void {
  if (expected === received) return;
  throw failed(`${what} is ${received} instead of ${expected}`);
}

function failed(problem: string, cause?: unknown): PrpackError {
  return new PrpackError(
    'OUTPUT_CHECK_FAILED',
    `the output was not published, because its check failed: ${problem}`,
    {
      remedy:
        'Run it again; if it fails again, either the disk does not keep what is written or this is a defect of prpack: ' +
        'report it with the output of prpack inspect --boxes of the input.',
    },
    cause,
  );
}
