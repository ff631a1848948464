import { PrpackError } from '../../errors.js';
import type { Addressing } from '../../manifest/addressing.js';
import { assertSameTimes } from '../package/boundaries.js';
import type { PackedTrack } from './packed-track.js';

/** The time that all tracks have in common. */
export interface Timeline {
  /** Media time at which the presentation begins. */
  readonly offsetSeconds: number;
  /** Until the end of the longest track. */
  readonly durationSeconds: number;
  /** Where segments are, with the media time at which the presentation begins. */
  placed(addressing: Addressing): Addressing;
}

/** Tracks that begin within so many seconds of each other begin together. */
const NEAR_SECONDS = 0.25;

/**
 * Asserts that tracks play together: all begin when the first does, and renditions of video have their segments at the same times.
 * @throws PrpackError UNSUPPORTED_FEATURE
 */
export function timelineOf(tracks: readonly PackedTrack[]): Timeline {
  const starts = tracks.map(({ addressing }) => startsOf(addressing));
  const earliest = tracks.reduce((best, _, i) => (starts[i][0] < starts[best][0] ? i : best), 0);
  const offsetSeconds = starts[earliest][0];
  for (const [i, track] of tracks.entries()) {
    if (starts[i][0] - offsetSeconds >= NEAR_SECONDS)
      throw beginsLate(track, starts[i][0], tracks[earliest], offsetSeconds);
  }
  const [first, ...others] = [...tracks.keys()].filter((i) => tracks[i].kind === 'video');
  for (const i of others) assertSameTimes(tracks[first].media, starts[first], tracks[i].media, starts[i]);
  const ends = tracks.map(({ addressing }) => endOf(addressing));
  return {
    offsetSeconds,
    durationSeconds: Math.max(...ends) - offsetSeconds,
    placed: (addressing) => {
      const presentationTimeOffsetTicks = Math.round(offsetSeconds * addressing.timescaleHz);
      return presentationTimeOffsetTicks > 0 ? { ...addressing, presentationTimeOffsetTicks } : addressing;
    },
  };
}

function startsOf({ segments, timescaleHz }: Addressing): number[] {
  return segments.map(({ startTicks }) => startTicks / timescaleHz);
}

function endOf({ segments, timescaleHz }: Addressing): number {
  const { startTicks, durationTicks } = segments[segments.length - 1];
  return (startTicks + durationTicks) / timescaleHz;
}

function beginsLate(
  { media: { input } }: PackedTrack,
  seconds: number,
  other: PackedTrack,
  otherSeconds: number,
): PrpackError {
  const at = `${otherSeconds.toFixed(3)} s`;
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${input} begins at ${seconds.toFixed(3)} s, and ${other.media.input} at ${at}: they are not of one period`,
    {
      path: input,
      expected: `a track that begins at ${at}`,
      received: `${seconds.toFixed(3)} s`,
      clause: 'draft-pantos-hls-rfc8216bis 6.2.4',
      remedy:
        'Give whole tracks. Parts of one track with a header each, as some packagers make them where keys change, need the manifests of their packager.',
    },
  );
}
