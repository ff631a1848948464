import type { Timed } from '../addressing.js';
import type { Cue } from '../presentation.js';

/**
 * Tags of ad breaks for the segments of a track: EXT-X-CUE-OUT before the first segment of a break, with the SCTE 35 section that was given,
 * and EXT-X-CUE-IN before the first one behind it. They are no part of the standard, but what ad insertion reads in playlists without
 * dates.
 * @returns lines by the index of the segment that they stand before
 * @example
 * cueTags([{ seconds: 2, durationSeconds: 4 }], v360).get(1); // ['#EXT-X-CUE-OUT:4.000']
 */
export function cueTags(cues: readonly Cue[], { segments, timescaleHz }: Timed): Map<number, string[]> {
  const tags = new Map<number, string[]>();
  const add = (seconds: number, ...lines: readonly string[]) => {
    const index = nearest(
      segments.map(({ startTicks }) => startTicks / timescaleHz),
      seconds,
    );
    if (index !== undefined) tags.set(index, [...(tags.get(index) ?? []), ...lines]);
  };
  for (const { seconds, durationSeconds, scte35 } of cues) {
    const end = durationSeconds === undefined ? undefined : seconds + durationSeconds;
    const section = scte35 === undefined ? [] : [`#EXT-OATCLS-SCTE35:${scte35}`];
    const out =
      durationSeconds === undefined ? '#EXT-X-CUE-OUT' : `#EXT-X-CUE-OUT:${durationSeconds.toFixed(3)}`;
    // With nothing but its time, it is a place where ads go between two segments: without an end, they would replace all that follows.
    const isPlace = durationSeconds === undefined && scte35 === undefined;
    add(seconds, ...section, out, ...(isPlace ? ['#EXT-X-CUE-IN'] : []));
    if (end !== undefined) add(end, '#EXT-X-CUE-IN');
  }
  return tags;
}

/** Audio begins its segments with a whole frame next to the time. */
const NEAR_SECONDS = 0.25;

function nearest(starts: readonly number[], seconds: number): number | undefined {
  const index = starts.findIndex((start) => Math.abs(start - seconds) < NEAR_SECONDS);
  return index < 0 ? undefined : index;
}
