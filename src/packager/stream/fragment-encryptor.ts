import { PrpackError } from '../../errors.js';
import { patchTfhd } from '../../isobmff/boxes/tfhd.js';
import { trafsOf } from '../../isobmff/fragments.js';
import { type Movie, readMovie } from '../../isobmff/movie.js';
import { bytesOf, findChild, walkBox } from '../../isobmff/walk.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { checkEncryptedSource } from '../check.js';
import {
  addCoverage,
  type Coverage,
  coverageOf,
  coverageWarning,
  expectSomeProtected,
  NO_COVERAGE,
} from '../coverage.js';
import { ChunkRenderer } from '../execute/renderer.js';
import { breathe } from '../job.js';
import { expectDisjointSamples } from '../plan/disjoint.js';
import { encryptEdits, type TrackEncryption } from '../plan/encrypt-edits.js';
import { KeepPlan } from '../plan/keep-plan.js';
import { protectTracks, subsampleReadersOfTracks } from '../protect-tracks.js';
import type { ProtectionSettings } from '../protection-settings.js';
import type { DescribedTrack } from '../tracks.js';
import { TrackIvs } from './track-ivs.js';
import { type Held, StreamWindow } from './window.js';

/** Of each track, the first and the last sample of a fragment are decrypted before it leaves. */
const SAMPLES_CHECKED = 2;

/**
 * A fragment may have nothing that can be protected, such as one picture in which nothing moves. A track that begins
 * with so many bytes of which nothing is protected is given up before they leave.
 */
const MAX_UNPROTECTED_BYTES = 64 * 1024;

/** A stream whose beginning was read, and written encrypted. */
export interface StreamWork {
  readonly init: Uint8Array;
  readonly encryptedInit: Uint8Array;
  readonly movie: Movie;
  /** The tracks to encrypt. */
  readonly tracks: readonly DescribedTrack[];
  /** One a track, as `ivStarts`. */
  readonly keys: readonly AssignedKey[];
  readonly ivStarts: readonly Uint8Array[];
  readonly settings: ProtectionSettings;
  readonly psshBoxes: readonly Uint8Array[];
  readonly signal: AbortSignal | undefined;
}

/** What was seen of a track so far. */
export interface TrackTally {
  samples: number;
  durationTicks: number;
  /** Only of tracks to encrypt. */
  coverage: Coverage;
}

/** Encrypts the fragments of a stream one after the other: each as if it were the only one of a file. Single use. */
export class FragmentEncryptor {
  /** One a track of the movie, in its order. */
  readonly tallies: readonly TrackTally[];
  fragments = 0;
  /** Types of the boxes of an earlier encryption that were taken out of fragments. */
  readonly earlierTypes = new Set<string>();
  readonly #work: StreamWork;
  readonly #ivs: readonly TrackIvs[];
  readonly #readers: ReturnType<typeof subsampleReadersOfTracks>;

  constructor(work: StreamWork) {
    this.#work = work;
    this.#ivs = work.ivStarts.map((start) => new TrackIvs(start));
    this.#readers = subsampleReadersOfTracks(work.tracks);
    this.tallies = work.movie.tracks.map(() => ({ samples: 0, durationTicks: 0, coverage: NO_COVERAGE }));
  }

  /**
   * The fragment encrypted, checked and ready to leave.
   * @param outputBytes offset of the fragment in the output
   * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE, OUTPUT_CHECK_FAILED, ABORTED
   */
  async encrypt(boxes: readonly Held[], outputBytes: number): Promise<Uint8Array> {
    const { init, keys, settings, signal } = this.#work;
    const source = new StreamWindow(init, boxes);
    const movie = readMovie(source);
    const tracks = this.#work.tracks.map((described) => ({
      ...described,
      track: movie.tracks[described.track.index],
    }));
    expectDisjointSamples(movie, new Set(tracks.map(({ track }) => track)));
    const ivStarts = this.#ivs.map(({ next }) => next);
    const request = { tracks, keys, settings, ivStarts, readers: this.#readers };
    const encryptions = await protectTracks(source, request, () => breathe(signal));
    const bytes = await this.#render(source, movie, encryptions, outputBytes).catch((error) => {
      throw asStreamError(error);
    });
    const protectedBytes = await this.#check(bytes, outputBytes, source, movie, encryptions);
    this.#count(movie, encryptions, protectedBytes);
    this.#expectProtected(MAX_UNPROTECTED_BYTES);
    return bytes;
  }

  /**
   * To be called at the end of the stream.
   * @returns what to report of tracks that are protected only in small part
   * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE when nothing of a track was protected
   */
  finish(): string[] {
    this.#expectProtected(0);
    return this.#work.tracks.flatMap(
      ({ track }) => coverageWarning(track, this.tallies[track.index].coverage) ?? [],
    );
  }

  #expectProtected(upToBytes: number): void {
    for (const { track } of this.#work.tracks) {
      const { coverage } = this.tallies[track.index];
      if (coverage.sampleBytes > upToBytes) expectSomeProtected(track, coverage);
    }
  }

  /** All that the plan has behind what the stream began with, moved to where it stands in the output. */
  async #render(
    source: StreamWindow,
    movie: Movie,
    encryptions: readonly TrackEncryption[],
    outputBytes: number,
  ): Promise<Uint8Array> {
    const plan = new KeepPlan(movie, source, encryptEdits(movie, encryptions, this.#work.psshBoxes));
    const step = { direction: 'encrypt' as const, protections: encryptions, keyOf: this.#keyOf };
    const renderer = await ChunkRenderer.create(plan, source, [step]);
    const firstRun = movie.fragments.runs[0];
    const startBytes = plan.segmentStartBytes[firstRun];
    const bytes = new Uint8Array(plan.sizeBytes - startBytes);
    renderer.render(bytes, startBytes);
    for (const run of movie.fragments.runs) {
      const from = plan.segmentStartBytes[run] - startBytes;
      const to = plan.segmentStartBytes[run + 1] - startBytes;
      moveMoof(bytes.subarray(from, to), outputBytes - startBytes);
    }
    return bytes;
  }

  async #check(
    bytes: Uint8Array,
    outputBytes: number,
    input: StreamWindow,
    movie: Movie,
    encryptions: readonly TrackEncryption[],
  ): Promise<readonly number[]> {
    const output = new StreamWindow(this.#work.encryptedInit, [{ startBytes: outputBytes, bytes }]);
    const { sizeBytes } = output;
    const keyOf = this.#keyOf;
    return checkEncryptedSource(output, {
      input,
      movie,
      sizeBytes,
      encryptions,
      keyOf,
      samplesChecked: SAMPLES_CHECKED,
      isPart: true,
    });
  }

  #count(movie: Movie, encryptions: readonly TrackEncryption[], protectedBytes: readonly number[]): void {
    this.fragments += movie.fragments.count;
    for (const type of movie.fragments.protectionTypes) this.earlierTypes.add(type);
    for (const { index, samples } of movie.tracks) {
      const tally = this.tallies[index];
      tally.samples += samples.count;
      for (let i = 0; i < samples.count; i++) tally.durationTicks += samples.durations[i];
    }
    for (const [i, encryption] of encryptions.entries()) {
      const { track, ivPlan } = encryption;
      const tally = this.tallies[track.index];
      const coverage = { ...coverageOf(encryption), protectedBytes: protectedBytes[i] };
      tally.coverage = addCoverage(tally.coverage, coverage);
      this.#ivs[i].advance(ivPlan, track.samples.count);
    }
  }

  #keyOf = (kid: string) => this.#work.keys.find((key) => key.kid === kid)!.key;
}

/** What cannot be kept in a file cannot be kept in a stream, but the way out is another one. */
function asStreamError(error: unknown): unknown {
  if (!(error instanceof PrpackError) || error.code !== 'UNSUPPORTED_FEATURE') return error;
  const remedy =
    'Write the stream with default_base_moof among the -movflags of ffmpeg, or to a file first: files can be given new fragments.';
  return new PrpackError(error.code, error.message, { ...error.details, remedy }, error);
}

/** Base data offsets are absolute, and so must be moved with the whole (ISO/IEC 14496-12 8.8.7). */
function moveMoof(moof: Uint8Array, byBytes: number): void {
  if (byBytes === 0) return;
  const slice = { bytes: moof, startBytes: 0 };
  for (const traf of trafsOf(walkBox(slice, 'moof'))) {
    const tfhd = bytesOf(findChild(traf, 'tfhd')!, slice);
    tfhd.set(patchTfhd(tfhd, (offsetBytes) => offsetBytes + byBytes));
  }
}
