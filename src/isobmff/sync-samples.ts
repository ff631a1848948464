import { makeColumn } from '../bytes/columns.js';
import type { Track } from './movie.js';
import { DecodeTimes, type EntryRun, entryRunAt, NON_SYNC, orderByOffset } from './sample-table.js';

/** Numbers of the sync samples of a track, from 0. */
export function syncSamplesOf({ samples: { flags, count } }: Track): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  return flags ? all.filter((i) => (flags[i] & NON_SYNC) === 0) : all;
}

/**
 * A track with some of its samples alone, at their times, each lasting until the next.
 * @param kept their numbers, ascending, at least one
 */
export function trackOfSamples(track: Track, kept: readonly number[]): Track {
  const { samples } = track;
  const count = kept.length;
  const decodeTimes = new DecodeTimes(samples);
  const times = Float64Array.from({ length: samples.count }, () => decodeTimes.next());
  const endTime = times[samples.count - 1] + samples.durations[samples.count - 1];
  const offsets = fill(makeColumn('f64', count), (i) => samples.offsets[kept[i]]);
  const [startTime] = kept.map((sample) => times[sample]);
  return {
    ...track,
    sampleNumbers: fill(makeColumn('u32', count), (i) => kept[i]),
    samples: {
      count,
      offsets,
      sizes: fill(makeColumn('u32', count), (i) => samples.sizes[kept[i]]),
      durations: fill(
        makeColumn('u32', count),
        (i) => (i + 1 < count ? times[kept[i + 1]] : endTime) - times[kept[i]],
      ),
      compositionOffsets:
        samples.compositionOffsets &&
        fill(makeColumn('i32', count), (i) => samples.compositionOffsets![kept[i]]),
      flags: samples.flags && fill(makeColumn('u16', count), (i) => samples.flags![kept[i]]),
      entryRuns: entryRunsOf(track, kept),
      timeJumps: startTime === 0 ? [] : [{ firstSample: 0, decodeTime: startTime }],
      byOffset: orderByOffset(offsets),
    },
  };
}

function fill<C extends { length: number; [i: number]: number }>(column: C, at: (i: number) => number): C {
  for (let i = 0; i < column.length; i++) column[i] = at(i);
  return column;
}

function entryRunsOf({ samples }: Track, kept: readonly number[]): EntryRun[] {
  const runs: EntryRun[] = [];
  for (const [firstSample, sample] of kept.entries()) {
    const { entryIndex } = samples.entryRuns[entryRunAt(samples, sample)];
    if (runs.at(-1)?.entryIndex !== entryIndex) runs.push({ firstSample, entryIndex });
  }
  return runs;
}
