import { readElst } from '../../isobmff/boxes/elst.js';
import type { Movie, Track } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { findPath } from '../../isobmff/walk.js';
import type { FragmentCuts } from './fragment-cuts.js';

/** Media time at which the presentation of a track begins: of its first edit that is not empty, else 0, in ticks. */
function editStart(track: Track, movie: Movie): number {
  const node = findPath(track.node, 'edts/elst');
  if (!node) return 0;
  const { mediaTimes } = readElst(readerOf(node, movie.moov));
  return Number(mediaTimes.find((time) => time >= 0n) ?? 0n);
}

/** Earliest presentation time of the first fragment in ticks of the track, not below 0 (ISO/IEC 14496-12 8.16.3). */
export function earliestTime(
  track: Track,
  movie: Movie,
  decodeTimes: Float64Array,
  cuts: FragmentCuts,
): number {
  const { compositionOffsets } = track.samples;
  const durations = cuts.durations[track.index];
  const firstSample = cuts.firstSample[track.index];
  let earliest = Number.POSITIVE_INFINITY;
  let time = decodeTimes[0] ?? 0;
  for (let i = firstSample[0]; i < firstSample[1]; i++) {
    earliest = Math.min(earliest, time + (compositionOffsets?.[i] ?? 0));
    time += durations[i];
  }
  if (earliest === Number.POSITIVE_INFINITY) return 0;
  return Math.max(0, earliest - editStart(track, movie));
}

/** Seconds that the movie lasts: as `mvhd` says, else as the longest track's samples do. */
export function movieDurationSeconds(movie: Movie): number {
  const { durationTicks, timescaleHz } = movie.mvhd;
  if (durationTicks !== undefined && durationTicks > 0n) return Number(durationTicks) / timescaleHz;
  return Math.max(0, ...movie.tracks.map(trackDurationSeconds));
}

/** Seconds from the first sample's decode time to the end of the last sample. */
export function trackDurationSeconds({ samples, mdhd }: Track): number {
  const { durations, timeJumps, count } = samples;
  let time = 0;
  let start = 0;
  let jump = 0;
  for (let sample = 0; sample < count; sample++) {
    if (timeJumps[jump]?.firstSample === sample) {
      time = timeJumps[jump++].decodeTime;
      if (sample === 0) start = time;
    }
    time += durations[sample];
  }
  return (time - start) / mdhd.timescaleHz;
}
