import { PrpackError } from '../../errors.js';
import { fragmentationOf, fragmentationOfTrack } from '../../layout/fragmented-plan.js';
import type { Cue } from '../../manifest/presentation.js';
import { fragmentTimes, presentationTracks } from './boundaries.js';
import type { TitleTrack } from './representations.js';

/** Where ads may go, by the sync samples that are there. */
export interface PlacedCues {
  /** At the times of sync samples. */
  readonly cues: readonly Cue[];
  /** When breaks begin and end, in seconds: segments begin there. */
  readonly seconds: readonly number[];
  /** Samples of the reference that begin then. */
  readonly samples: ReadonlySet<number>;
}

/** A frame of 25 a second, and some: cues are often rounded to frames. */
const TOLERANCE_SECONDS = 0.05;

/**
 * Finds the sync sample of the reference at the start and at the end of each break. A break that ends with the title, or later, has none
 * at its end.
 * @throws PrpackError UNSUPPORTED_FEATURE where there is none
 */
export function placeCues(tracks: readonly TitleTrack[], cues: readonly Cue[]): PlacedCues {
  const all = fragmentationOf(presentationTracks(tracks), 0); // a fragment for each sync sample
  const reference = tracks[all.reference];
  const own = fragmentationOfTrack(all, all.reference);
  const times = fragmentTimes(reference, own);
  const { mdhd, samples: table } = reference.movie.tracks[0];
  const endSeconds = times[0] + table.durations.reduce((sum, ticks) => sum + ticks, 0) / mdhd.timescaleHz;
  const seconds: number[] = [];
  const samples = new Set<number>();
  const place = (wanted: number): number => {
    const fragment = nearestOf(times, wanted);
    if (Math.abs(times[fragment] - wanted) > TOLERANCE_SECONDS)
      throw noSyncSample(reference.input, wanted, times[fragment]);
    seconds.push(times[fragment]);
    samples.add(own.cuts.firstSample[0][fragment]);
    return times[fragment];
  };
  const placed = cues.map((cue): Cue => {
    const start = place(cue.seconds);
    if (cue.durationSeconds === undefined) return { ...cue, seconds: start };
    const end = cue.seconds + cue.durationSeconds;
    if (end >= endSeconds - TOLERANCE_SECONDS) return { ...cue, seconds: start };
    return { ...cue, seconds: start, durationSeconds: place(end) - start };
  });
  return { cues: placed, seconds, samples };
}

function nearestOf(times: readonly number[], wanted: number): number {
  let nearest = 0;
  for (const [i, seconds] of times.entries()) {
    if (Math.abs(seconds - wanted) < Math.abs(times[nearest] - wanted)) nearest = i;
  }
  return nearest;
}

function noSyncSample(input: string, wanted: number, nearest: number): PrpackError {
  const at = (seconds: number) => `${seconds.toFixed(3)} s`;
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${input} has no sync sample at the cue of ${at(wanted)}: ads could not begin or end there`,
    {
      path: input,
      expected: `a sync sample at ${at(wanted)}`,
      received: `the nearest one at ${at(nearest)}`,
      remedy: `Move the cue to ${at(nearest)}, or encode all renditions with a key frame at ${at(wanted)}, for example with -force_key_frames of ffmpeg.`,
    },
  );
}
