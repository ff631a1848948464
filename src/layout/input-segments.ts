import { GrowingColumn, lastAtMost } from '../bytes/columns.js';
import type { ByteSource } from '../bytes/source.js';
import { readSidx } from '../isobmff/boxes/sidx.js';
import { otherBoxesOf } from '../isobmff/event-messages.js';
import type { Movie } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { RunKind, readRun, type TopLevel } from '../isobmff/top-level.js';
import { walkBox } from '../isobmff/walk.js';
import type { FragmentCuts } from './fragment-cuts.js';
import { editStart } from './timing.js';

/**
 * The segments that players of the input load, and when each begins: times of version 0 of `emsg` count from there (ISO/IEC 23009-1
 * 5.10.3.3.4). A box belongs to the segment of the next sample.
 */
export class InputSegments {
  readonly #startBytes: Float64Array;
  readonly #lastSampleBytes: Float64Array;
  readonly #seconds: Float64Array;

  /** @param cuts of the movie's tracks, for their decode times */
  constructor(movie: Movie, source: ByteSource, cuts: FragmentCuts) {
    this.#startBytes = segmentStartsOf(movie.topLevel, source);
    const { length } = this.#startBytes;
    this.#lastSampleBytes = new Float64Array(length).fill(-1);
    this.#seconds = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    for (const track of movie.tracks) {
      const { offsets, compositionOffsets } = track.samples;
      const durations = cuts.durations[track.index];
      const firstSample = cuts.firstSample[track.index];
      const start = editStart(track, movie);
      for (let fragment = 0; fragment < cuts.count; fragment++) {
        let time = cuts.decodeTime[track.index][fragment];
        for (let i = firstSample[fragment]; i < firstSample[fragment + 1]; i++) {
          this.#add(offsets[i], (time + (compositionOffsets?.[i] ?? 0) - start) / track.mdhd.timescaleHz);
          time += durations[i];
        }
      }
    }
  }

  /** Earliest presentation time of the segment that a box belongs to, in seconds, not below 0. */
  startSecondsAt(boxBytes: number): number {
    let segment = this.#segmentAt(boxBytes);
    while (segment + 1 < this.#seconds.length && this.#lastSampleBytes[segment] < boxBytes) segment++;
    while (segment > 0 && this.#lastSampleBytes[segment] < 0) segment--; // behind all samples: the last with any
    const seconds = this.#seconds[segment];
    return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
  }

  #add(sampleBytes: number, seconds: number): void {
    const segment = this.#segmentAt(sampleBytes);
    this.#lastSampleBytes[segment] = Math.max(this.#lastSampleBytes[segment], sampleBytes);
    this.#seconds[segment] = Math.min(this.#seconds[segment], seconds);
  }

  #segmentAt(bytes: number): number {
    return Math.max(0, lastAtMost(this.#startBytes, bytes, this.#startBytes.length));
  }
}

/** Where segments begin: with `styp`; in one file, where its index says; without an index, at each fragment. At least one. */
function segmentStartsOf(topLevel: TopLevel, source: ByteSource): Float64Array {
  const found = [stypStarts, indexedStarts, moofStarts]
    .map((find) => find(topLevel, source))
    .find(({ length }) => length > 0);
  const starts = new GrowingColumn('f64');
  for (const at of [...(found ?? [0])].sort((a, b) => a - b)) starts.push(at);
  return starts.finish();
}

function stypStarts(topLevel: TopLevel, source: ByteSource): number[] {
  return [...otherBoxesOf(topLevel, source)]
    .filter(({ type }) => type === 'styp')
    .map(({ startBytes }) => startBytes);
}

function indexedStarts(topLevel: TopLevel, source: ByteSource): number[] {
  const starts: number[] = [];
  for (const run of runsOf(topLevel, RunKind.Sidx)) {
    const slice = readRun(source, topLevel, run);
    const { firstOffset, references } = readSidx(readerOf(walkBox(slice, 'sidx'), slice));
    let at = topLevel.startBytes[run + 1] + firstOffset;
    for (const { referenceType, referencedSize } of references) {
      if (referenceType === 0) starts.push(at);
      at += referencedSize;
    }
  }
  return starts;
}

function moofStarts(topLevel: TopLevel): number[] {
  return runsOf(topLevel, RunKind.Moof).map((run) => topLevel.startBytes[run]);
}

function runsOf({ kinds, count }: TopLevel, kind: RunKind): number[] {
  return Array.from({ length: count }, (_, run) => run).filter((run) => kinds[run] === kind);
}
