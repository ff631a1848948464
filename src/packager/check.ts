import { isDeepStrictEqual } from 'node:util';
import { type ByteSource, readBytes } from '../bytes/source.js';
import { createIvSource } from '../cenc/iv.js';
import { createSampleCipher, type SampleCipher } from '../cenc/sample-cipher.js';
import { isSamePattern, SCHEMES } from '../cenc/scheme.js';
import type { SubsampleTable } from '../cenc/subsamples.js';
import { describeProtectionData, type ProtectionDescription } from '../drm/describe.js';
import { PrpackError } from '../errors.js';
import { moofAt } from '../isobmff/fragments.js';
import { FragmentReader, type Movie, readMovie, readMovieInParts, type Track } from '../isobmff/movie.js';
import { isPsshBox } from '../isobmff/protection-boxes.js';
import { DecodeTimes } from '../isobmff/sample-table.js';
import type { BoxNode, FileSlice } from '../isobmff/walk.js';
import type { ContentKey } from '../keys/content-key.js';
import { sampleBytesOf } from '../protection/coverage.js';
import { isProtected, type ReadProtection, readProtections } from '../protection/protection-reader.js';
import { readPsshBox } from '../protection/pssh.js';
import {
  ivsOf,
  largestRangeOf,
  type TrackEncryption,
  totalProtectedBytes,
} from '../protection/track-protection.js';
import { named } from '../settings/spelling.js';
import type { CipherOf } from './execute/sample-processor.js';

const SAMPLES_CHECKED = 64;
/** The output is read back so many fragments at a time, so that memory does not hold all its samples beside the input's. */
const FRAGMENTS_A_PART = 64;

/** What an output must turn out to be. */
export interface EncryptExpectations {
  readonly input: ByteSource;
  readonly movie: Movie;
  readonly sizeBytes: number;
  readonly encryptions: readonly TrackEncryption[];
  readonly keyOf: (kid: string) => ContentKey;
  /** One a track of the movie: ticks by which its decode times are later than in the input. Default: none are. */
  readonly delaysTicks?: readonly number[];
  /** How many samples of each track are decrypted, spread evenly over it. Default 64. */
  readonly samplesChecked?: number;
  /** Ciphers that decrypt under a KID, where they are kept; made of `keyOf` when absent. */
  readonly cipherOf?: CipherOf;
}

/**
 * Reads an encrypted output back, as if it came from elsewhere, and compares it with what was meant: structure, sample
 * sizes and times, IVs and subsamples, key ids in `tenc` and `pssh`; and decrypts samples of every encrypted track. Of a
 * track with samples something must be protected.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkEncrypted(output: ByteSource, expected: EncryptExpectations): Promise<void> {
  await checking(async () => {
    assertEqual('the size of the file', expected.sizeBytes, output.sizeBytes);
    const samples = new SampleComparison(expected.movie, expected.delaysTicks);
    const checks = checksOf(expected, output);
    const kids = new Set<string>();
    const isRotating = expected.encryptions.some((encryption) => encryption.isRotating);
    const psshOfFragments: ProtectionDescription[] = [];
    let movie: Movie | undefined;
    for (const part of readMovieInParts(output, FRAGMENTS_A_PART)) {
      samples.add(part);
      const protections = await checkProtections(part, checks, output);
      for (const kid of protections.flatMap((protection) => protection.kids)) kids.add(kid);
      if (isRotating) psshOfFragments.push(...psshOfMoofs(part, output));
      movie = part;
    }
    samples.end();
    assertPsshNamesKeys(movie!, psshOfFragments, kids);
    for (const check of checks) check.assertSomeProtected();
  });
}

/**
 * Reads back what an encrypted stream begins with, before any sample: what its sample entries and `pssh` boxes say.
 * @returns the movie, which {@link FragmentCheck} goes on from
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkEncryptedInit(output: ByteSource, expected: EncryptExpectations): Promise<Movie> {
  return checking(async () => {
    assertEqual('the size of what the stream begins with', expected.sizeBytes, output.sizeBytes);
    const movie = readMovie(output);
    const samples = new SampleComparison(expected.movie);
    samples.add(movie);
    samples.end();
    await checkProtections(movie, checksOf(expected, output), output);
    assertPsshNamesKeys(
      movie,
      [],
      expected.encryptions.flatMap(({ kids }) => kids),
    );
    return movie;
  });
}

/** Reads the encrypted fragments of a stream back one by one, as {@link checkEncrypted} does a file. */
export class FragmentCheck {
  readonly #init: Movie;
  readonly #reader: FragmentReader;

  /** @param init the movie that the output began with, as it was read back */
  constructor(init: Movie) {
    this.#init = init;
    this.#reader = new FragmentReader(init);
  }

  /**
   * Checks a fragment. A track may have too little in it to protect: the whole stream counts.
   * @param output holds the fragment, from `startBytes` to its end
   * @returns protected bytes of each of the expected encryptions, as the output has them
   * @throws PrpackError OUTPUT_CHECK_FAILED
   */
  async check(output: ByteSource, startBytes: number, expected: EncryptExpectations): Promise<number[]> {
    return checking(async () => {
      assertEqual('the end of the fragment', expected.sizeBytes, output.sizeBytes);
      const part = this.#reader.read(output, startBytes);
      const samples = new SampleComparison(expected.movie);
      samples.add(part);
      samples.end();
      const checks = checksOf(expected, output);
      const protections = await checkProtections(part, checks, output);
      if (expected.encryptions.some(({ isRotating, keyNumbers }) => isRotating && !keyNumbers)) {
        const kids = protections.flatMap((protection) => protection.kids);
        assertPsshNamesKeys(this.#init, psshOfMoofs(part, output), kids);
      }
      const protectedBytes: number[] = [];
      for (const check of checks) protectedBytes.push(check.protectedBytes);
      return protectedBytes;
    });
  }
}

function checksOf(expected: EncryptExpectations, output: ByteSource): EncryptionCheck[] {
  const checks: EncryptionCheck[] = [];
  for (const encryption of expected.encryptions)
    checks.push(new EncryptionCheck(encryption, expected, output));
  return checks;
}

async function checkProtections(
  part: Movie,
  checks: readonly EncryptionCheck[],
  output: ByteSource,
): Promise<ReadProtection[]> {
  const protections = readProtections(part, output);
  assertEqual('the number of encrypted tracks', checks.length, protections.length);
  for (const check of checks) await check.add(protections);
  return protections;
}

/**
 * Reads a decrypted output back: the same samples, and nothing of them encrypted.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkDecrypted(output: ByteSource, movie: Movie, sizeBytes: number): Promise<void> {
  await checking(async () => {
    assertEqual('the size of the file', sizeBytes, output.sizeBytes);
    const samples = new SampleComparison(movie);
    for (const part of readMovieInParts(output, FRAGMENTS_A_PART)) {
      samples.add(part);
      if (part.tracks.some(isProtected)) throw failed('a track is still encrypted');
    }
    samples.end();
  });
}

/**
 * Reads an output back whose fragments were checked one by one: as many samples as went in, at its size.
 * @param tracks one a track of the movie, in its order
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function assertSampleCounts(
  output: ByteSource,
  sizeBytes: number,
  tracks: readonly { readonly samples: number }[],
): Promise<void> {
  await checking(async () => {
    assertEqual('the size of the file', sizeBytes, output.sizeBytes);
    const counts = tracks.map(() => 0);
    for (const part of readMovieInParts(output, FRAGMENTS_A_PART)) {
      assertEqual('the number of tracks', tracks.length, part.tracks.length);
      for (const [i, { samples }] of part.tracks.entries()) counts[i] += samples.count;
    }
    for (const [i, { samples }] of tracks.entries()) {
      assertEqual(`the samples of track number ${i + 1}`, samples, counts[i]);
    }
  });
}

/** Makes every other failure one of the check. */
async function checking<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof PrpackError && error.code === 'OUTPUT_CHECK_FAILED') throw error;
    throw failed('it cannot be read back', error);
  }
}

/** Compares the samples of an output, as it is read part by part, with those of the input. */
class SampleComparison {
  readonly #input: Movie;
  readonly #times: DecodeTimes[] = [];
  /** How many samples of each track were found. */
  readonly #compared: number[] = [];
  readonly #delaysTicks: readonly number[] | undefined;

  constructor(input: Movie, delaysTicks?: readonly number[]) {
    this.#input = input;
    this.#delaysTicks = delaysTicks;
    for (const { samples } of input.tracks) {
      this.#times.push(new DecodeTimes(samples));
      this.#compared.push(0);
    }
  }

  add(part: Movie): void {
    assertEqual('the number of tracks', this.#input.tracks.length, part.tracks.length);
    for (const [i, found] of part.tracks.entries()) {
      assertEqual('a track id', this.#input.tracks[i].id, found.id);
      this.#compare(i, found);
    }
  }

  end(): void {
    for (const [i, { id, samples }] of this.#input.tracks.entries()) {
      assertEqual(`the samples of track ${id}`, samples.count, this.#compared[i]);
    }
  }

  #compare(index: number, found: Track): void {
    const { samples, id } = this.#input.tracks[index];
    const times = this.#times[index];
    const delay = this.#delaysTicks?.[index] ?? 0;
    const foundTimes = new DecodeTimes(found.samples);
    const first = this.#compared[index];
    this.#compared[index] += found.samples.count;
    if (this.#compared[index] > samples.count) throw failed(`track ${id} has too many samples`);
    for (let i = 0; i < found.samples.count; i++) {
      const sample = first + i;
      const isSame =
        samples.sizes[sample] === found.samples.sizes[i] &&
        times.next() + delay === foundTimes.next() &&
        (samples.compositionOffsets?.[sample] ?? 0) === (found.samples.compositionOffsets?.[i] ?? 0);
      if (!isSame) throw failed(`sample ${sample} of track ${id} has another size or time`);
    }
  }
}

/** Compares the protection of one track, as it is read part by part, with the planned one, and tries the key. */
class EncryptionCheck {
  readonly #encryption: TrackEncryption;
  readonly #expected: EncryptExpectations;
  readonly #output: ByteSource;
  readonly #chosen: readonly number[];
  readonly #ciphers = new Map<string, SampleCipher>();
  #first = 0;
  /** Of the samples so far, by what the output says. */
  protectedBytes = 0;

  constructor(encryption: TrackEncryption, expected: EncryptExpectations, output: ByteSource) {
    this.#encryption = encryption;
    this.#expected = expected;
    this.#output = output;
    const { count } = encryption.track.samples;
    this.#chosen = spread(count, expected.samplesChecked ?? SAMPLES_CHECKED);
  }

  async add(protections: readonly ReadProtection[]): Promise<void> {
    const { track } = this.#encryption;
    const found = protections.find((protection) => protection.track.id === track.id);
    if (!found) throw failed(`track ${track.id} is not encrypted`);
    assertSameDefaults(this.#encryption, found);
    const { count } = found.track.samples;
    if (count === 0) return; // its KID is in no sample's protection
    assertSameProtection(this.#encryption, this.#first, found);
    this.protectedBytes += totalProtectedBytes(found);
    const end = this.#first + count;
    for (const sample of this.#chosen) {
      if (sample >= this.#first && sample < end) await this.#decrypt(sample, found);
    }
    this.#first = end;
  }

  async #cipherOf(kid: string): Promise<SampleCipher> {
    const { keyOf, cipherOf } = this.#expected;
    const { scheme, pattern } = this.#encryption;
    const cipher =
      this.#ciphers.get(kid) ??
      (await (cipherOf?.(this.#encryption, kid) ??
        createSampleCipher(SCHEMES[scheme], pattern, keyOf(kid).revealBytes(), 'decrypt')));
    this.#ciphers.set(kid, cipher);
    return cipher;
  }

  assertSomeProtected(): void {
    const { track } = this.#encryption;
    if (this.protectedBytes > 0 || sampleBytesOf(track) === 0) return;
    throw failed(`nothing of track ${track.id} is protected`);
  }

  /** By what the output alone says of the sample; it must be the input's, and not have been before. */
  async #decrypt(sample: number, found: ReadProtection): Promise<void> {
    const { input } = this.#expected;
    const { track } = this.#encryption;
    const local = sample - this.#first;
    const size = track.samples.sizes[sample];
    const offset = track.samples.offsets[sample];
    const clear = input.view?.(offset, size) ?? readBytes(input, offset, size);
    const bytes = readBytes(this.#output, found.track.samples.offsets[local], size);
    const wasEncrypted = Buffer.compare(clear, bytes) !== 0;
    const kid = kidOf(found, local);
    if (kid !== undefined) {
      const cipher = await this.#cipherOf(kid);
      const ivs = createIvSource(found.ivPlan);
      const iv = new Uint8Array(ivs.ivSizeBytes);
      ivs.ivAt(local, iv);
      cipher.process(
        { bytes, at: 0, fromByte: 0, toByte: size, sizeBytes: size },
        iv,
        found.subsamples,
        local,
      );
      cipher.flush();
    }
    const where = `sample ${sample} of track ${track.id}`;
    if (Buffer.compare(clear, bytes) !== 0) throw failed(`${where} does not decrypt to the input's`);
    // A single block may encrypt to itself by chance in one of 2^128 cases, a byte in one of 256.
    const isLong = largestRangeOf(this.#encryption, sample) >= 16;
    if (!wasEncrypted && isLong) throw failed(`${where} is not encrypted`);
  }
}

/** The KID that a sample is under; undefined when it is clear. */
function kidOf(
  { kids, keyNumbers }: Pick<ReadProtection, 'kids' | 'keyNumbers'>,
  sample: number,
): string | undefined {
  return kids[(keyNumbers ? keyNumbers[sample] : 1) - 1];
}

function assertSameDefaults({ track, tenc, scheme }: TrackEncryption, found: ReadProtection): void {
  assertEqual(`the scheme of track ${track.id}`, scheme, found.scheme);
  assertEqual(`the default KID of track ${track.id}`, tenc.defaultKid, found.tenc.defaultKid);
  assertEqual(
    `the IV size of track ${track.id}`,
    tenc.defaultPerSampleIvSize,
    found.tenc.defaultPerSampleIvSize,
  );
}

/** @param first number of the planned sample that the found ones begin with */
function assertSameProtection(encryption: TrackEncryption, first: number, found: ReadProtection): void {
  const { track, pattern } = encryption;
  const { count } = found.track.samples;
  for (let i = 0; i < count; i++) {
    const [wanted, read] = [kidOf(encryption, first + i), kidOf(found, i)];
    if (wanted !== read)
      assertEqual(`the KID of sample ${first + i} of track ${track.id}`, wanted ?? 'none', read ?? 'none');
  }
  const isClear = encryption.keyNumbers?.subarray(first, first + count).every((number) => number === 0);
  if (isClear) return; // no IVs, no subsamples
  const isSame =
    isSamePattern(pattern, found.pattern) &&
    hasSameSubsamples(encryption, first, found) &&
    hasSameIvs(encryption, first, found);
  if (!isSame) throw failed(`track ${track.id} has other IVs or subsamples than planned`);
}

function hasSameSubsamples(
  { subsamples: wanted, keyNumbers }: TrackEncryption,
  first: number,
  { subsamples: found, track }: ReadProtection,
): boolean {
  const { count } = track.samples;
  if (!wanted || !found) return wanted === found;
  if (keyNumbers?.subarray(first, first + count).includes(0)) {
    return hasSameProtectedSubsamples(wanted, first, found, keyNumbers.subarray(first, first + count));
  }
  const [from, to] = [wanted.starts[first], wanted.starts[first + count]];
  for (let i = 0; i <= count; i++) if (wanted.starts[first + i] - from !== found.starts[i]) return false;
  return (
    isSameColumn(wanted.clearBytes.subarray(from, to), found.clearBytes) &&
    isSameColumn(wanted.protectedBytes.subarray(from, to), found.protectedBytes)
  );
}

/** Where clear samples are among the others: those have no subsamples in the output. */
function hasSameProtectedSubsamples(
  wanted: SubsampleTable,
  first: number,
  found: SubsampleTable,
  keyNumbers: Uint16Array,
): boolean {
  return keyNumbers.every((number, i) => {
    if (number === 0) return true;
    const rows = (table: SubsampleTable, sample: number) =>
      [table.clearBytes, table.protectedBytes].map((column) =>
        column.subarray(table.starts[sample], table.starts[sample + 1]),
      );
    const [wantedRows, foundRows] = [rows(wanted, first + i), rows(found, i)];
    return wantedRows.every((column, side) => isSameColumn(column, foundRows[side]));
  });
}

/** Compared some thousand samples at a time, so that the IVs of all need not be in memory. */
function hasSameIvs(wanted: TrackEncryption, first: number, found: ReadProtection): boolean {
  const { count } = found.track.samples;
  if (wanted.ivPlan.kind === 'constant') return isDeepStrictEqual(wanted.ivPlan, found.ivPlan);
  for (let at = 0; at < count; at += 4096) {
    const length = Math.min(4096, count - at);
    const clear = clearSamplesIn(wanted, first + at, length);
    if (clear === length) continue;
    const [from, protectedCount] = [at + clear, length - clear];
    if (!isSameColumn(ivsOf(wanted, first + from, protectedCount), ivsOf(found, from, protectedCount)))
      return false;
  }
  return true;
}

/** How many samples of a run are in the clear lead, which comes first. */
function clearSamplesIn({ keyNumbers }: TrackEncryption, first: number, count: number): number {
  const clear = keyNumbers?.subarray(first, first + count).findIndex((number) => number > 0) ?? 0;
  return clear < 0 ? count : clear;
}

type Column = Uint8Array | Uint16Array | Uint32Array;

function isSameColumn(a: Column, b: Column): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** At most `wanted` of the numbers below `count`, the first and the last among them. */
function spread(count: number, wanted: number): number[] {
  const chosen: number[] = [];
  const steps = Math.min(count, wanted);
  for (let step = 0; step < steps; step++) {
    chosen.push(steps === 1 ? 0 : Math.floor((step * (count - 1)) / (steps - 1)));
  }
  return chosen;
}

function psshOfMoofs(movie: Movie, output: ByteSource): ProtectionDescription[] {
  return Array.from({ length: movie.fragments.count }, (_, index) => {
    const { node, slice } = moofAt(movie, output, index);
    return describePsshIn(node, slice);
  }).flat();
}

function describePsshIn(parent: BoxNode, slice: FileSlice): ProtectionDescription[] {
  return parent.children.filter(isPsshBox).map((box) => describeProtectionData(readPsshBox(box, slice)));
}

/**
 * The boxes of a system together list the KIDs of all encrypted tracks, unless one of `moov` lists none: it is for any, and
 * what is in fragments must do.
 */
function assertPsshNamesKeys(
  { moov, moovNode }: Movie,
  ofFragments: readonly ProtectionDescription[],
  kids: Iterable<string>,
): void {
  const ofMoov = describePsshIn(moovNode, moov);
  for (const systemId of new Set(ofMoov.map((box) => box.systemId))) {
    const listsOf = (boxes: readonly ProtectionDescription[]) =>
      boxes.filter((box) => box.systemId === systemId).map(({ keyIds }) => keyIds);
    const isForAny = listsOf(ofMoov).some((list) => list.length === 0);
    const inFragments = listsOf(ofFragments);
    if (isForAny && inFragments.length === 0) continue;
    const listed = new Set([...listsOf(ofMoov), ...inFragments].flat());
    for (const kid of kids) {
      if (!listed.has(kid)) throw failed(`no pssh of system ${systemId} names KID ${kid}`);
    }
  }
}

function assertEqual(what: string, expected: string | number, received: string | number): void {
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
        `report it with what inspect says of the input with ${named('boxes', true)}.`,
    },
    cause,
  );
}
