import { readElst } from '../isobmff/boxes/elst.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { DecodeTimes } from '../isobmff/sample-table.js';
import { type BoxNode, findPath } from '../isobmff/walk.js';
import type { FragmentCuts } from './fragment-cuts.js';

/** By the `trak` that they are of: each fragment asks for them. */
const editStarts = new WeakMap<BoxNode, number>();

/** Media time at which the presentation of a track begins: of its first edit that is not empty, else 0, in ticks. */
export function editStart({ node }: Track, movie: Movie): number {
  const start = editStarts.get(node) ?? readEditStart(node, movie);
  editStarts.set(node, start);
  return start;
}

function readEditStart(trak: BoxNode, movie: Movie): number {
  const node = findPath(trak, 'edts/elst');
  if (!node) return 0;
  const { mediaTimes } = readElst(readerOf(node, movie.moov));
  return Number(mediaTimes.find((time) => time >= 0n) ?? 0n);
}

/**
 * Earliest presentation time of a track in a fragment, in its ticks, not below 0 (ISO/IEC 14496-12 8.16.3); undefined
 * where it has no samples there.
 */
export function earliestTime(
  track: Track,
  movie: Movie,
  cuts: FragmentCuts,
  fragment: number,
): number | undefined {
  const { compositionOffsets } = track.samples;
  const durations = cuts.durations[track.index];
  const firstSample = cuts.firstSample[track.index];
  let earliest = Number.POSITIVE_INFINITY;
  let time = cuts.decodeTime[track.index][fragment];
  for (let i = firstSample[fragment]; i < firstSample[fragment + 1]; i++) {
    earliest = Math.min(earliest, time + (compositionOffsets?.[i] ?? 0));
    time += durations[i];
  }
  if (earliest === Number.POSITIVE_INFINITY) return undefined;
  return Math.max(0, earliest - editStart(track, movie));
}

/** Of each fragment the earliest presentation time of all tracks, in seconds. */
export function fragmentStartSeconds(movie: Movie, cuts: FragmentCuts): Float64Array {
  return Float64Array.from({ length: cuts.count }, (_, fragment) => {
    const starts = movie.tracks.map((track) => {
      const ticks = earliestTime(track, movie, cuts, fragment) ?? Number.POSITIVE_INFINITY;
      return ticks / track.mdhd.timescaleHz;
    });
    return Math.min(...starts);
  });
}

/** When the first sample of a part of a movie is presented, in seconds, not below 0; undefined where it has none. */
export function partStartSeconds(movie: Movie): number | undefined {
  let earliest = Number.POSITIVE_INFINITY;
  for (const track of movie.tracks) {
    const { count, compositionOffsets } = track.samples;
    const times = new DecodeTimes(track.samples);
    const start = editStart(track, movie);
    for (let i = 0; i < count; i++) {
      const ticks = times.next() + (compositionOffsets?.[i] ?? 0) - start;
      earliest = Math.min(earliest, ticks / track.mdhd.timescaleHz);
    }
  }
  return earliest === Number.POSITIVE_INFINITY ? undefined : Math.max(0, earliest);
}

/** Seconds that the movie lasts: as `mvhd` says, else as the longest track's samples do. */
export function movieDurationSeconds(movie: Movie): number {
  const { durationTicks, timescaleHz } = movie.mvhd;
  if (durationTicks !== undefined && durationTicks > 0n) return Number(durationTicks) / timescaleHz;
  return Math.max(0, ...movie.tracks.map(trackDurationSeconds));
}

/** Seconds from the first sample's decode time to the end of the last sample. */
export function trackDurationSeconds({ samples, mdhd }: Track): number {
  const { durations, count } = samples;
  if (count === 0) return 0;
  const times = new DecodeTimes(samples);
  const first = times.next();
  let last = first;
  for (let sample = 1; sample < count; sample++) last = times.next();
  return (last + durations[count - 1] - first) / mdhd.timescaleHz;
}
