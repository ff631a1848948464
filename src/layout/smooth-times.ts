import { makeColumn } from '../bytes/columns.js';
import type { Movie, Track } from '../isobmff/movie.js';
import type { FragmentCuts } from './fragment-cuts.js';
import { editStart } from './timing.js';

/** Ticks a second of Smooth Streaming: clients of all ages count in hundreds of nanoseconds (MS-SSTR 2.2.2.1). */
export const SMOOTH_TIMESCALE_HZ = 10_000_000;

/** A track that is cut into fragments, alone in its movie. */
export interface CutTrack {
  readonly movie: Movie;
  readonly track: Track;
  /** Of this track alone. */
  readonly cuts: FragmentCuts;
}

/** The times of a track in Smooth Streaming, in its ticks. */
export interface SmoothTimes {
  /** Decode time of the first sample of each fragment. */
  readonly starts: Float64Array;
  /** Where the last fragment ends. */
  readonly end: number;
  /** Of each sample. */
  readonly decodeTimes: Float64Array;
  /** Of each sample: until the next one, but for jumps between fragments. */
  readonly durations: Uint32Array;
  /** Of each sample: composition time minus decode time, never negative; absent when all are 0. */
  readonly compositionOffsets: Int32Array | undefined;
}

/**
 * The times of tracks that are presented together. Smooth Streaming has no edit lists, and its clients take the start time of a
 * fragment for the decode time of its first sample (MS-SSTR 2.2.4.4). So decode times are moved: what an edit list leaves out at the
 * beginning comes before the others, renditions of one stream wait equally long between decoding and presentation, and the earliest
 * sample of all is at 0. Presented together, tracks keep their distance to half a tick.
 * @param streams tracks by the stream that they are levels of; those of one stream have one timescale
 * @returns in the same order
 */
export function smoothTimes(streams: readonly (readonly CutTrack[])[]): SmoothTimes[][] {
  const raises = streams.map(raisesOf);
  const firstTicks = streams.flatMap((tracks, i) => tracks.map((one, j) => firstTime(one, raises[i][j])));
  const origin = firstTicks.reduce((least, ticks) => Math.min(least, ticks), Number.POSITIVE_INFINITY);
  return streams.map((tracks, i) => tracks.map((one, j) => timesOf(one, raises[i][j], origin)));
}

/** Ticks of each track by which its samples are decoded earlier, so that all wait equally long, and none a negative time. */
function raisesOf(tracks: readonly CutTrack[]): number[] {
  const least = tracks.map(({ track }) => Math.min(0, leastOf(track.samples.compositionOffsets)));
  const waits = tracks.map(({ track }, i) => (track.samples.compositionOffsets?.[0] ?? 0) - least[i]);
  const longest = Math.max(...waits);
  return tracks.map((_, i) => longest - waits[i] - least[i]);
}

function leastOf(column: Int32Array | undefined): number {
  return column?.reduce((least, value) => Math.min(least, value), 0) ?? 0;
}

/** In ticks of Smooth Streaming, below 0 where an edit list leaves out the beginning. */
function firstTime({ movie, track, cuts }: CutTrack, raise: number): number {
  return toSmoothTicks(cuts.decodeTime[0][0] - editStart(track, movie) - raise, track.mdhd.timescaleHz);
}

function timesOf({ movie, track, cuts }: CutTrack, raise: number, origin: number): SmoothTimes {
  const { count, compositionOffsets } = track.samples;
  const shift = -editStart(track, movie) - raise;
  const at = (ticks: number) => toSmoothTicks(ticks + shift, track.mdhd.timescaleHz) - origin;
  const starts = makeColumn('f64', cuts.count);
  const decodeTimes = makeColumn('f64', count);
  const durations = makeColumn('u32', count);
  const hasOffsets = compositionOffsets !== undefined || raise > 0;
  const offsets = hasOffsets ? makeColumn('i32', count) : undefined;
  let end = 0;
  for (let fragment = 0; fragment < cuts.count; fragment++) {
    let ticks = cuts.decodeTime[0][fragment];
    starts[fragment] = at(ticks);
    for (let i = cuts.firstSample[0][fragment]; i < cuts.firstSample[0][fragment + 1]; i++) {
      const time = at(ticks);
      decodeTimes[i] = time;
      if (offsets) offsets[i] = at(ticks + (compositionOffsets?.[i] ?? 0) + raise) - time;
      ticks += cuts.durations[0][i];
      durations[i] = at(ticks) - time;
    }
    end = at(ticks);
  }
  return { starts, end, decodeTimes, durations, compositionOffsets: offsets };
}

/** Rounded to the nearest; ticks of all movies are safe integers, their product with ten million is not. */
function toSmoothTicks(ticks: number, timescaleHz: number): number {
  const seconds = Math.floor(ticks / timescaleHz);
  const rest = ticks - seconds * timescaleHz;
  return seconds * SMOOTH_TIMESCALE_HZ + Math.round((rest * SMOOTH_TIMESCALE_HZ) / timescaleHz);
}
