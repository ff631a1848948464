import { PrpackError } from '../../errors.js';
import { NON_SYNC } from '../../isobmff/sample-table.js';
import { type Fragmentation, fragmentationOf, fragmentationOfTrack } from '../../layout/fragmented-plan.js';
import type { PresentationTrack } from '../../layout/presentation.js';
import { earliestTime } from '../../layout/timing.js';
import type { PlacedCues } from './cue-cuts.js';
import type { TitleTrack } from './representations.js';

/** How the tracks of a title are cut. */
export interface TitleCuts {
  /** One a track. */
  readonly fragmentations: readonly Fragmentation[];
  /** For each track, and one more at the end: the fragments that its segments begin with. */
  readonly segmentStarts: readonly (readonly number[])[];
}

/** Presentation times that differ by less are equal: ticks of two timescales rarely meet. */
const SAME_SECONDS = 0.001;

/** Segments of audio begin with a whole frame next to the time: none lasts so long. */
const NEAR_SECONDS = 0.25;

/**
 * Cuts all tracks at the same times: sync samples of the first video, else of the first audio track; and at those of cues, always.
 * @throws PrpackError UNSUPPORTED_FEATURE where another rendition has no sync sample at such a time, or a track nothing at all
 */
export function cutTitle(
  tracks: readonly TitleTrack[],
  fragmentSeconds: number,
  segmentSeconds: number,
  cues?: PlacedCues,
): TitleCuts {
  const whole = fragmentationOf(presentationTracks(tracks), fragmentSeconds, cues?.samples);
  const fragmentations = tracks.map((_, place) => fragmentationOfTrack(whole, place));
  const starts = tracks.map((track, i) => fragmentTimes(track, fragmentations[i]));
  for (const [i, track] of tracks.entries()) {
    if (track.type !== 'video') continue;
    assertSameTimes(tracks[whole.reference], starts[whole.reference], track, starts[i]);
    assertSyncSamples(tracks[whole.reference], track, fragmentations[i], starts[i]);
  }
  const referenceStarts = segmentStartsOf(starts[whole.reference], segmentSeconds, cues?.seconds);
  const segmentStarts = starts.map((times) => [
    ...referenceStarts.filter((fragment) => fragment < times.length),
    times.length,
  ]);
  for (const [i, track] of tracks.entries()) {
    assertNear(tracks[whole.reference], starts[whole.reference], track, starts[i], segmentStarts[i]);
  }
  return { fragmentations, segmentStarts };
}

/** One track of each input. */
export function presentationTracks(tracks: readonly TitleTrack[]): PresentationTrack[] {
  return tracks.map(({ movie, source }) => ({ movie, source, track: movie.tracks[0] }));
}

/** Earliest presentation time of each fragment, in seconds. */
export function fragmentTimes({ movie }: TitleTrack, { cuts }: Fragmentation): number[] {
  const [track] = movie.tracks;
  return Array.from(
    { length: cuts.count },
    (_, fragment) => earliestTime(track, movie, cuts, fragment)! / track.mdhd.timescaleHz,
  );
}

/**
 * Fragments that a segment begins with, so that each lasts long enough; half a fragment's rounding counts as long enough.
 * @param cueSeconds times at which a segment begins, however short the one before is
 */
export function segmentStartsOf(
  times: readonly number[],
  segmentSeconds: number,
  cueSeconds: readonly number[] = [],
): number[] {
  const starts: number[] = [];
  for (const [fragment, seconds] of times.entries()) {
    const last = starts.at(-1);
    const isLong = last === undefined || seconds - times[last] >= segmentSeconds - 0.05;
    if (isLong || cueSeconds.some((cue) => Math.abs(cue - seconds) < SAME_SECONDS)) starts.push(fragment);
  }
  return starts;
}

/**
 * Asserts that a rendition begins its parts when another one does.
 * @param expected times in seconds
 * @throws PrpackError UNSUPPORTED_FEATURE
 */
export function assertSameTimes(
  reference: Pick<TitleTrack, 'input'>,
  expected: readonly number[],
  track: Pick<TitleTrack, 'input'>,
  times: readonly number[],
): void {
  const count = Math.max(expected.length, times.length);
  for (let i = 0; i < count; i++) {
    if (
      Math.abs((expected[i] ?? Number.POSITIVE_INFINITY) - (times[i] ?? Number.NEGATIVE_INFINITY)) <
      SAME_SECONDS
    )
      continue;
    throw notAligned(reference, track, Math.min(expected[i] ?? times[i], times[i] ?? expected[i]));
  }
}

/** A playlist has one time for all tracks: a segment that is missing would move all that follow. */
function assertNear(
  reference: TitleTrack,
  expected: readonly number[],
  track: TitleTrack,
  times: readonly number[],
  segmentStarts: readonly number[],
): void {
  for (const fragment of segmentStarts.slice(0, -1)) {
    const [wanted, seconds] = [expected[fragment], times[fragment]];
    if (Math.abs(seconds - wanted) < NEAR_SECONDS) continue;
    const [late, other] = seconds > wanted ? [track, reference] : [reference, track];
    throw nothingToPlay(late, other, Math.min(seconds, wanted));
  }
}

function nothingToPlay(late: TitleTrack, other: TitleTrack, seconds: number): PrpackError {
  const at = `${seconds.toFixed(3)} s`;
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${late.input} has nothing to play at ${at}, where ${other.input} has`,
    {
      path: late.input,
      expected: `samples at ${at}`,
      clause: 'draft-pantos-hls-rfc8216bis 6.2.4',
      remedy:
        'Fill gaps of audio with silence, for example with -af aresample=async=1:first_pts=0 of ffmpeg, and let video begin with the title.',
    },
  );
}

function assertSyncSamples(
  reference: TitleTrack,
  { movie, ...track }: TitleTrack,
  { cuts }: Fragmentation,
  times: readonly number[],
): void {
  const { flags } = movie.tracks[0].samples;
  if (!flags) return;
  for (let fragment = 0; fragment < cuts.count; fragment++) {
    if ((flags[cuts.firstSample[0][fragment]] & NON_SYNC) === 0) continue;
    throw notAligned(reference, track, times[fragment]);
  }
}

function notAligned(
  reference: Pick<TitleTrack, 'input'>,
  track: Pick<TitleTrack, 'input'>,
  seconds: number,
): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${track.input} has no sync sample where ${reference.input} has one, at ${seconds.toFixed(3)} s: players could not switch there`,
    {
      path: track.input,
      expected: `a sync sample at ${seconds.toFixed(3)} s, as in ${reference.input}`,
      clause: 'ISO/IEC 23000-19 7.3.4',
      remedy:
        'Encode all renditions with key frames at the same times, for example with -force_key_frames "expr:gte(t,n_forced*2)" of ffmpeg.',
    },
  );
}
