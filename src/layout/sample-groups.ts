import { readSbgp, type Sbgp, writeSbgp } from '../isobmff/boxes/sbgp.js';
import type { Track } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import type { FileSlice } from '../isobmff/walk.js';

/** Which samples of a track belong to which group of one kind, as `stbl` says (ISO/IEC 14496-12 8.9.2). */
export type SampleGrouping = Sbgp;

/** Groups of samples under a key (ISO/IEC 23001-7 6): in a clear movie they are those of an earlier encryption. */
export const KEY_GROUP = 'seig';

/** The sample groupings of a clear track; their descriptions (`sgpd`) stay in `stbl`. */
export function groupRunsOf(track: Track, moov: FileSlice): SampleGrouping[] {
  return track.stbl.children
    .filter((node) => node.type === 'sbgp')
    .map((node) => readSbgp(readerOf(node, moov)))
    .filter(({ groupingType }) => groupingType !== KEY_GROUP)
    .map((grouping) => (track.sampleNumbers ? ofSamples(grouping, track.sampleNumbers) : grouping));
}

/** The grouping of some samples: a run for each of them. */
function ofSamples(grouping: SampleGrouping, numbers: Uint32Array): SampleGrouping {
  const { sampleCounts, groupDescriptionIndexes } = grouping;
  let run = 0;
  let endOfRun = sampleCounts[0] ?? 0;
  const indexes = numbers.map((sample) => {
    while (sample >= endOfRun && run < sampleCounts.length) endOfRun += sampleCounts[++run] ?? 0;
    return groupDescriptionIndexes[run] ?? 0; // samples behind the last run are in no group
  });
  return {
    ...grouping,
    sampleCounts: new Uint32Array(numbers.length).fill(1),
    groupDescriptionIndexes: indexes,
  };
}

/** `sbgp` boxes for the samples `first` to `first + count`; none where no sample is in a group. */
export function writeGroups(
  groupings: readonly SampleGrouping[],
  first: number,
  count: number,
): Uint8Array[] {
  return groupings.flatMap((grouping) => {
    const runs = cutRuns(grouping, first, count);
    const isUsed = runs.groupDescriptionIndexes.some((index) => index > 0);
    return isUsed ? [writeSbgp({ ...grouping, ...runs })] : [];
  });
}

function cutRuns(
  { sampleCounts, groupDescriptionIndexes }: SampleGrouping,
  first: number,
  count: number,
): Pick<Sbgp, 'sampleCounts' | 'groupDescriptionIndexes'> {
  const counts: number[] = [];
  const indexes: number[] = [];
  let start = 0;
  for (let run = 0; run < sampleCounts.length && start < first + count; run++) {
    const end = start + sampleCounts[run];
    const inside = Math.min(end, first + count) - Math.max(start, first);
    if (inside > 0) {
      counts.push(inside);
      indexes.push(groupDescriptionIndexes[run]);
    }
    start = end;
  }
  return { sampleCounts: Uint32Array.from(counts), groupDescriptionIndexes: Uint32Array.from(indexes) };
}
