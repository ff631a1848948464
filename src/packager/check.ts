import type { ByteSource } from '../bytes/source.js';
import { FragmentReader, type Movie, readMovie } from '../isobmff/movie.js';
import { isProtected, type ReadProtection, readProtections } from '../protection/protection-reader.js';
import { EncryptionCheck } from './check/encryption-check.js';
import type { EncryptExpectations } from './check/expectations.js';
import { assertEqual, checking, failed } from './check/failure.js';
import { assertPsshNamesKeys, FragmentPssh } from './check/pssh-check.js';
import { readBack } from './check/read-back.js';
import { SampleComparison } from './check/sample-comparison.js';
import { SegmentCheck } from './check/segment-check.js';

export type { EncryptExpectations } from './check/expectations.js';

/**
 * Reads an encrypted output back, as if it came from elsewhere, and compares it with what was meant: structure, sample
 * sizes and times, IVs and subsamples, key ids in `tenc` and `pssh`; and decrypts samples of every encrypted track. Of
 * a track with samples something must be protected.
 * @param pause called now and then, for the caller's other work and to let the caller stop
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkEncrypted(
  output: ByteSource,
  expected: EncryptExpectations,
  pause?: () => Promise<void>,
): Promise<void> {
  await checking(async () => {
    assertEqual('the size of the file', expected.sizeBytes, output.sizeBytes);
    const samples = new SampleComparison(expected.movie, expected.delaysTicks);
    const segments = expected.segments && new SegmentCheck(expected.segments, output);
    const checks = checksOf(expected, output);
    const kids = new Set<string>();
    const isRotating = expected.encryptions.some((encryption) => encryption.isRotating);
    const psshOfFragments = new FragmentPssh();
    let movie: Movie | undefined;
    for (const part of readBack(output)) {
      samples.add(part);
      segments?.add(part);
      const protections = await checkProtections(part, checks, output);
      for (const protection of protections) for (const kid of protection.kids) kids.add(kid);
      if (isRotating) psshOfFragments.add(part, output);
      movie = part;
      await pause?.();
    }
    samples.end();
    segments?.end();
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
      new FragmentPssh(),
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
        const pssh = new FragmentPssh();
        pssh.add(part, output);
        assertPsshNamesKeys(this.#init, pssh, kids);
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
    for (const part of readBack(output)) {
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
    for (const part of readBack(output)) {
      assertEqual('the number of tracks', tracks.length, part.tracks.length);
      for (const [i, { samples }] of part.tracks.entries()) counts[i] += samples.count;
    }
    for (const [i, { samples }] of tracks.entries()) {
      assertEqual(`the samples of track number ${i + 1}`, samples, counts[i]);
    }
  });
}
