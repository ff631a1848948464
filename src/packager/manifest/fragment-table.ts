import type { Movie } from '../../isobmff/movie.js';
import { DecodeTimes, NON_SYNC } from '../../isobmff/sample-table.js';
import { editStart } from '../../layout/timing.js';

/** The fragments of a file of one track, in columns. */
export interface FragmentTable {
  readonly count: number;
  /** Offset of each `moof`. */
  readonly moofBytes: Float64Array;
  /** Earliest presentation time of each, in ticks of the track, not below 0. */
  readonly startTicks: Float64Array;
  /** Sum of the durations of its samples. */
  readonly durationTicks: Float64Array;
  /** Offset behind its first sample. */
  readonly firstSampleEndBytes: Float64Array;
  /** Whether its first sample is a sync sample. */
  readonly startsWithSync: readonly boolean[];
}

/** @param movie with one track, whose samples are all in fragments */
export function fragmentTableOf(movie: Movie): FragmentTable {
  const { fragments, topLevel } = movie;
  const [track] = movie.tracks;
  const { durations, compositionOffsets, flags, offsets, sizes } = track.samples;
  const { count } = fragments;
  const column = () => new Float64Array(count);
  const table = {
    moofBytes: column(),
    startTicks: column(),
    durationTicks: column(),
    firstSampleEndBytes: column(),
  };
  const startsWithSync: boolean[] = [];
  const times = new DecodeTimes(track.samples);
  const start = editStart(track, movie);
  let sample = 0;
  for (let fragment = 0; fragment < count; fragment++) {
    const first = sample;
    let earliest = Number.POSITIVE_INFINITY;
    for (const end = first + samplesIn(fragments, fragment); sample < end; sample++) {
      earliest = Math.min(earliest, times.next() + (compositionOffsets?.[sample] ?? 0));
      table.durationTicks[fragment] += durations[sample];
    }
    table.moofBytes[fragment] = topLevel.startBytes[fragments.runs[fragment]];
    table.startTicks[fragment] = Math.max(0, earliest - start);
    table.firstSampleEndBytes[fragment] = sample > first ? offsets[first] + sizes[first] : 0;
    startsWithSync.push(sample > first && ((flags?.[first] ?? 0) & NON_SYNC) === 0);
  }
  return { count, ...table, startsWithSync };
}

function samplesIn({ firstTraf, trafSampleCount }: Movie['fragments'], fragment: number): number {
  let count = 0;
  for (let row = firstTraf[fragment]; row < firstTraf[fragment + 1]; row++) count += trafSampleCount[row];
  return count;
}
