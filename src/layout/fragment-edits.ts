import { type Elst, readElst, writeOneEdit } from '../isobmff/boxes/elst.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { DecodeTimes } from '../isobmff/sample-table.js';
import { type BoxNode, findPath } from '../isobmff/walk.js';
import { named } from '../settings/spelling.js';

/**
 * What becomes of the edit list of a track whose samples go into fragments (ISO/IEC 14496-12 8.6.6). Readers of fragments
 * agree on one form only, which CMAF (ISO/IEC 23000-19) asks for as well: one edit of segment_duration 0, "to the
 * end". Chromium takes the media time of the first edit, and nothing else; ffmpeg also adds up an empty edit before it;
 * ExoPlayer passes over a list of several edits, and over one edit whose duration ends before that of the movie.
 */
export interface FragmentEdits {
  /** Ticks of the track by which decode times rise: what empty edits at the beginning ask for. */
  readonly delayTicks: number;
  /** The `elst` box, and the whole box in its place; absent when there is nothing to change. */
  readonly replacement?: { readonly node: BoxNode; readonly elst: Uint8Array };
  /** What readers of fragments will not do. */
  readonly warnings: readonly string[];
}

const UNCHANGED: FragmentEdits = { delayTicks: 0, warnings: [] };

/** @throws PrpackError MALFORMED_INPUT */
export function fragmentEditsOf(track: Track, movie: Movie): FragmentEdits {
  const node = findPath(track.node, 'edts/elst');
  if (!node) return UNCHANGED;
  const list = readElst(readerOf(node, movie.moov));
  const first = list.mediaTimes.findIndex((mediaTime) => mediaTime >= 0n);
  if (first < 0) return UNCHANGED;
  const toTicks = (duration: bigint) =>
    Math.round((Number(duration) * track.mdhd.timescaleHz) / movie.mvhd.timescaleHz);
  const delay = list.segmentDurations.subarray(0, first).reduce((sum, duration) => sum + duration, 0n);
  const elst = writeOneEdit(0n, list.mediaTimes[first]);
  return {
    delayTicks: toTicks(delay),
    replacement: { node, elst },
    warnings: hasCuts(list, first) ? [cutsWarning(track)] : trimWarnings(list, first, track, toTicks),
  };
}

/** Whether the list asks for more than to play on from its first media time. */
function hasCuts({ mediaTimes, mediaRateIntegers, mediaRateFractions }: Elst, first: number): boolean {
  return mediaTimes.length > first + 1 || mediaRateIntegers[first] !== 1 || mediaRateFractions[first] !== 0;
}

function cutsWarning({ id }: Track): string {
  return (
    `The edit list of track ${id} cuts, repeats or slows down its samples; players of fragments play them all from the ` +
    `first edit on. Encode the track as it is to be seen, or use ${named('layout', 'keep')}.`
  );
}

/** An end that the edit cuts off is worth a word from one whole sample on. */
function trimWarnings(
  { segmentDurations, mediaTimes }: Elst,
  first: number,
  track: Track,
  toTicks: (duration: bigint) => number,
): string[] {
  if (segmentDurations[first] === 0n) return [];
  // Durations are rounded to ticks of the movie.
  const end = Number(mediaTimes[first]) + toTicks(segmentDurations[first] + 1n);
  const { samples, mdhd } = track;
  const times = new DecodeTimes(samples);
  let cutOff = 0;
  for (let sample = 0; sample < samples.count; sample++) {
    if (times.next() + (samples.compositionOffsets?.[sample] ?? 0) >= end)
      cutOff += samples.durations[sample];
  }
  if (cutOff === 0) return [];
  const seconds = (cutOff / mdhd.timescaleHz).toFixed(2);
  return [
    `The edit list of track ${track.id} leaves out its last ${seconds} s; players of fragments play them. Cut the samples ` +
      `off, or use ${named('layout', 'keep')}.`,
  ];
}
