import { PrpackError } from '../../errors.js';
import { FragmentReader, type Movie, type Track } from '../../isobmff/movie.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { assertDisjointSamples } from '../../layout/disjoint.js';
import { encryptEdits } from '../../layout/encrypt-edits.js';
import {
  addCoverage,
  assertSomeProtected,
  type Coverage,
  coverageOf,
  coverageWarning,
  NO_COVERAGE,
} from '../../protection/coverage.js';
import { protectTracks, type SourcedTrack, type SubsampleReaders } from '../../protection/protect-tracks.js';
import type { ProtectionSettings } from '../../protection/protection-settings.js';
import type { TrackEncryption } from '../../protection/track-protection.js';
import type { DescribedTrack } from '../../protection/tracks.js';
import { FragmentCheck } from '../check.js';
import { EventLoopYielder } from '../event-loop.js';
import { SampleProcessor } from '../execute/sample-processor.js';
import { FragmentBytes, type Held } from './fragment-bytes.js';
import { FragmentProtection } from './fragment-protection.js';
import type { StreamProtections } from './stream-protections.js';
import { TrackIvs } from './track-ivs.js';
import { writeFragment } from './write-fragment.js';

/** Of each track, the first and the last sample of a fragment are decrypted before it leaves. */
const SAMPLES_CHECKED = 2;

/**
 * A fragment may have nothing that can be protected, such as one picture in which nothing moves. A track that begins
 * with so many bytes of which nothing is protected is given up before they leave.
 */
const MAX_UNPROTECTED_BYTES = 64 * 1024;

/** A stream whose beginning was read, and written encrypted. */
export interface StreamWork {
  readonly movie: Movie;
  /** As the output says. */
  readonly encryptedMovie: Movie;
  /** The tracks to encrypt. */
  readonly tracks: readonly DescribedTrack[];
  /** As the sample entries say, one a track: the first ones where keys rotate. */
  readonly keys: readonly AssignedKey[];
  readonly isRotating: boolean;
  readonly hasClearLead: boolean;
  /** One a track. */
  readonly ivStarts: readonly Uint8Array[];
  readonly settings: ProtectionSettings;
  readonly signal: AbortSignal | undefined;
}

/** What was seen of a track so far. */
export interface TrackTally {
  samples: number;
  durationTicks: number;
  /** Only of tracks to encrypt. */
  coverage: Coverage;
}

/** Encrypts the fragments of a stream one after the other. Single use. */
export class FragmentEncryptor {
  /** One a track of the movie, in its order. */
  readonly tallies: readonly TrackTally[];
  fragments = 0;
  /** Types of the boxes of an earlier encryption that were taken out of fragments. */
  readonly earlierTypes = new Set<string>();
  readonly #work: StreamWork;
  readonly #reader: FragmentReader;
  readonly #check: FragmentCheck;
  readonly #yielder: EventLoopYielder;
  readonly #ivs: readonly TrackIvs[];
  readonly #readers: SubsampleReaders;

  /** @param readers of the tracks to encrypt */
  constructor(work: StreamWork, readers: SubsampleReaders) {
    this.#work = work;
    this.#reader = new FragmentReader(work.movie);
    this.#check = new FragmentCheck(work.encryptedMovie);
    this.#yielder = new EventLoopYielder(work.signal);
    this.#ivs = work.ivStarts.map((start) => new TrackIvs(start));
    this.#readers = readers;
    this.tallies = work.movie.tracks.map(() => ({ samples: 0, durationTicks: 0, coverage: NO_COVERAGE }));
  }

  /**
   * The fragment encrypted, checked and ready to leave.
   * @param outputBytes offset of the fragment in the output
   * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE, OUTPUT_CHECK_FAILED, ABORTED
   */
  async encrypt(
    boxes: readonly Held[],
    outputBytes: number,
    protections: StreamProtections,
  ): Promise<Uint8Array> {
    const input = new FragmentBytes(boxes);
    const movie = this.#reader.read(input, input.startBytes, input.moofs);
    const protection = await protections.of(movie);
    if (!protection) return this.#leaveClear(movie, input, outputBytes);
    const encryptions = await this.#protect(movie, input, protection);
    const bytes = await this.#write(movie, input, encryptions, protection, outputBytes);
    const output = new FragmentBytes([{ startBytes: outputBytes, bytes }]);
    const { sizeBytes } = output;
    const protectedBytes = await this.#check.check(output, outputBytes, {
      input,
      movie,
      sizeBytes,
      encryptions,
      keyOf: protection.keyOf,
      cipherOf: protection.decryption,
      samplesChecked: SAMPLES_CHECKED,
    });
    this.#count(movie, encryptions, protectedBytes);
    this.#assertProtected(MAX_UNPROTECTED_BYTES);
    return bytes;
  }

  /**
   * To be called at the end of the stream.
   * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE when nothing of a track was protected
   */
  finish(): void {
    this.#assertProtected(0);
  }

  /** Of tracks that are protected only in small part. */
  coverageWarnings(): string[] {
    return this.#work.tracks.flatMap(
      ({ track }) => coverageWarning(track, this.tallies[track.index].coverage) ?? [],
    );
  }

  #assertProtected(upToBytes: number): void {
    for (const { track } of this.#work.tracks) {
      const { coverage } = this.tallies[track.index];
      if (coverage.sampleBytes > upToBytes) assertSomeProtected(track, coverage);
    }
  }

  /** A fragment of the clear lead. Its samples are looked through all the same, for what later ones depend on. */
  async #leaveClear(movie: Movie, input: FragmentBytes, outputBytes: number): Promise<Uint8Array> {
    const protection = new FragmentProtection(this.#work.keys);
    const scanned = await this.#protect(movie, input, protection);
    const encryptions = scanned.map((encryption) => ({
      ...encryption,
      keyNumbers: new Uint16Array(encryption.track.samples.count),
    }));
    const bytes = await this.#write(movie, input, encryptions, protection, outputBytes);
    const output = new FragmentBytes([{ startBytes: outputBytes, bytes }]);
    const { sizeBytes } = output;
    const { keyOf } = protection;
    const expected = { input, movie, sizeBytes, encryptions, keyOf, samplesChecked: SAMPLES_CHECKED };
    await this.#check.check(output, outputBytes, expected);
    this.#countSamples(movie);
    return bytes;
  }

  /** Where the IVs go on that the fragments before used, what is protected of its samples. */
  async #protect(
    movie: Movie,
    input: FragmentBytes,
    { keys }: FragmentProtection,
  ): Promise<TrackEncryption[]> {
    const { settings, isRotating, hasClearLead } = this.#work;
    const tracks: SourcedTrack[] = [];
    const protectedTracks = new Set<Track>();
    for (const described of this.#work.tracks) {
      const track = movie.tracks[described.track.index];
      tracks.push({ ...described, track, source: input });
      protectedTracks.add(track);
    }
    assertDisjointSamples(movie, protectedTracks);
    const ivStarts: Uint8Array[] = [];
    for (const { next } of this.#ivs) ivStarts.push(next);
    const request = { tracks, keys, settings, ivStarts, readers: this.#readers };
    const encryptions = await protectTracks(request, this.#yielder.yieldIfDue);
    if (!isRotating && !hasClearLead) return encryptions;
    return encryptions.map((encryption, i) => ({
      ...encryption,
      isRotating,
      hasClearLead,
      tenc: { ...encryption.tenc, defaultKid: this.#work.keys[i].kid },
    }));
  }

  async #write(
    movie: Movie,
    input: FragmentBytes,
    encryptions: readonly TrackEncryption[],
    protection: FragmentProtection,
    outputBytes: number,
  ): Promise<Uint8Array> {
    const processor = await SampleProcessor.ofPart(encryptions, protection.encryption);
    try {
      const edits = encryptEdits(movie, encryptions, [], { psshOfMoof: protection.psshBoxes });
      return writeFragment(movie, input, edits, processor, outputBytes);
    } catch (error) {
      throw asStreamError(error);
    }
  }

  #countSamples(movie: Movie): void {
    this.fragments += movie.fragments.count;
    for (const type of movie.fragments.protectionTypes) this.earlierTypes.add(type);
    for (const { index, samples } of movie.tracks) {
      const tally = this.tallies[index];
      tally.samples += samples.count;
      for (let i = 0; i < samples.count; i++) tally.durationTicks += samples.durations[i];
    }
  }

  #count(movie: Movie, encryptions: readonly TrackEncryption[], protectedBytes: readonly number[]): void {
    this.#countSamples(movie);
    for (const [i, encryption] of encryptions.entries()) {
      const { track, ivPlan } = encryption;
      const tally = this.tallies[track.index];
      const coverage = { ...coverageOf(encryption), protectedBytes: protectedBytes[i] };
      tally.coverage = addCoverage(tally.coverage, coverage);
      this.#ivs[i].advance(ivPlan, track.samples.count);
    }
  }
}

/** What cannot be kept in a file cannot be kept in a stream, but the way out is another one. */
function asStreamError(error: unknown): unknown {
  if (!(error instanceof PrpackError) || error.code !== 'UNSUPPORTED_FEATURE') return error;
  const remedy =
    'Write the stream with default_base_moof among the -movflags of ffmpeg, or to a file first: files can be given new fragments.';
  return new PrpackError(error.code, error.message, { ...error.details, remedy }, error);
}
