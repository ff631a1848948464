import { GrowingColumn, lastAtMost, makeColumn } from '../bytes/columns.js';
import { PrpackError } from '../errors.js';
import type { Track } from '../isobmff/movie.js';
import { NON_SYNC, type SampleTable } from '../isobmff/sample-table.js';
import { named } from '../settings/spelling.js';

/** Which samples of each track go into each fragment. Tracks are known by their place in the list that was cut. */
export interface FragmentCuts {
  readonly count: number;
  /** For each track: count + 1 sample indexes. */
  readonly firstSample: readonly Uint32Array[];
  /** For each track: decode time of the first sample of each fragment, in ticks of the track. */
  readonly decodeTime: readonly Float64Array[];
  /** For each track: durations in ticks, corrected so that decode times follow from them within a fragment. */
  readonly durations: readonly Uint32Array[];
}

/** Even without sync samples a fragment ends at some size: players hold a whole one in memory. */
const MAX_FRAGMENT_BYTES = 512 * 2 ** 20;

/**
 * Cuts tracks at sync samples of one of them, so that each fragment lasts `durationSeconds` at least, and
 * wherever a track changes its sample entry or its decode time jumps.
 * @param reference place of the track whose sync samples decide
 * @param delaysTicks one a track, in its ticks: by so much its decode times rise
 * @param wanted sync samples of the reference that begin a fragment, however short the one before is
 * @throws PrpackError UNSUPPORTED_FEATURE when decode times do not rise where a fragment must begin
 */
export function cutFragments(
  tracks: readonly Track[],
  reference: number,
  durationSeconds: number,
  delaysTicks: readonly number[] = tracks.map(() => 0),
  wanted: ReadonlySet<number> = new Set(),
): FragmentCuts {
  const timelines = tracks.map((track, i) => delayed(makeTimeline(track.samples), delaysTicks[i]));
  const times = new Set<number>();
  addSyncCuts(times, tracks[reference], timelines[reference], { durationSeconds, wanted });
  const forced = tracks.map((track, i) => forcedCuts(track, timelines[i]));
  for (const [i, track] of tracks.entries()) addForcedCuts(times, track, timelines[i], forced[i]);
  const cuts = [...times].sort((a, b) => a - b);
  const parts = tracks.map((track, i) => assign(track, timelines[i], cuts));
  for (const [i, track] of tracks.entries()) assertCutAt(track, parts[i], forced[i]);
  return {
    ...dropEmpty(parts, cuts.length + 1),
    durations: timelines.map((timeline) => timeline.durations),
  };
}

/** The cuts of one track alone: the fragments that it has samples in. */
export function cutsOfTrack(cuts: FragmentCuts, place: number): FragmentCuts {
  const { firstSample, decodeTime, durations } = cuts;
  const part = { firstSample: firstSample[place], decodeTime: decodeTime[place] };
  return { ...dropEmpty([part], cuts.count), durations: [durations[place]] };
}

/** Decode times as durations and the few places where they do not add up. */
interface Timeline {
  readonly durations: Uint32Array;
  /** Sample index to decode time. */
  readonly jumps: ReadonlyMap<number, number>;
}

/** Jumps of less than a sample come from rounding between fragments: the sample before is that much longer or shorter. */
function makeTimeline({ durations, timeJumps, count }: SampleTable): Timeline {
  if (timeJumps.length === 0) return { durations, jumps: new Map() };
  const corrected = makeColumn('u32', count);
  corrected.set(durations);
  const jumps = new Map<number, number>();
  let time = 0;
  let jump = 0;
  for (let sample = 0; sample < count; sample++) {
    if (timeJumps[jump]?.firstSample === sample) {
      const { decodeTime } = timeJumps[jump++];
      const gap = decodeTime - time;
      const isRounding = sample > 0 && Math.abs(gap) < durations[sample - 1];
      if (isRounding) corrected[sample - 1] += gap;
      else jumps.set(sample, decodeTime);
      time = decodeTime;
    }
    time += durations[sample];
  }
  return { durations: corrected, jumps };
}

function delayed({ durations, jumps }: Timeline, byTicks: number): Timeline {
  if (byTicks === 0) return { durations, jumps };
  const later = [...jumps].map(([sample, time]): [number, number] => [sample, time + byTicks]);
  return { durations, jumps: new Map([[0, byTicks], ...later]) };
}

/** Visits the samples in decode order with their decode times, in ticks. */
function forEachTime({ durations, jumps }: Timeline, visit: (sample: number, time: number) => void): void {
  let time = 0;
  for (let sample = 0; sample < durations.length; sample++) {
    time = (jumps.size > 0 ? jumps.get(sample) : undefined) ?? time;
    visit(sample, time);
    time += durations[sample];
  }
}

function addSyncCuts(
  times: Set<number>,
  track: Track,
  timeline: Timeline,
  { durationSeconds, wanted }: { readonly durationSeconds: number; readonly wanted: ReadonlySet<number> },
): void {
  const { flags, sizes } = track.samples;
  const timescaleHz = track.mdhd.timescaleHz;
  const shortestTicks = durationSeconds * timescaleHz;
  let start: number | undefined;
  let bytes = 0;
  forEachTime(timeline, (sample, time) => {
    start ??= time;
    const isSync = !flags || (flags[sample] & NON_SYNC) === 0;
    // Half a sample's tolerance: 48 frames of 1001/24000 s are meant to be two seconds.
    const isLong = time - start + timeline.durations[sample] / 2 >= shortestTicks;
    if (
      (isSync && (isLong || wanted.has(sample)) && sample > 0) ||
      bytes + sizes[sample] > MAX_FRAGMENT_BYTES
    ) {
      times.add(time / timescaleHz);
      start = time;
      bytes = 0;
    }
    bytes += sizes[sample];
  });
}

/** Samples that must begin a fragment: `tfdt` and `tfhd` are said once for all samples of a track in it. */
function forcedCuts({ samples }: Track, { jumps }: Timeline): ReadonlySet<number> {
  const forced = new Set([...jumps.keys(), ...samples.entryRuns.map((run) => run.firstSample)]);
  forced.delete(0);
  return forced;
}

function addForcedCuts(
  times: Set<number>,
  track: Track,
  timeline: Timeline,
  forced: ReadonlySet<number>,
): void {
  if (forced.size === 0) return;
  forEachTime(timeline, (sample, time) => {
    if (forced.has(sample)) times.add(time / track.mdhd.timescaleHz);
  });
}

/** Fragments are cut by time, which cannot part samples whose decode time goes back or stands still. */
function assertCutAt(track: Track, { firstSample }: TrackPart, forced: ReadonlySet<number>): void {
  for (const sample of forced) {
    if (firstSample[lastAtMost(firstSample, sample)] === sample) continue;
    throw new PrpackError(
      'UNSUPPORTED_FEATURE',
      `track ${track.id}: decode time does not rise at sample ${sample}, where a fragment must begin`,
      {
        boxPath: track.node.path,
        clause: 'ISO/IEC 14496-12 8.8.12',
        remedy: `Use ${named('layout', 'keep')}, or repair the times by remuxing the file.`,
      },
    );
  }
}

interface TrackPart {
  readonly firstSample: Uint32Array;
  readonly decodeTime: Float64Array;
}

/** A sample goes into the last fragment that starts no later than the sample. */
function assign(track: Track, timeline: Timeline, cuts: readonly number[]): TrackPart {
  const firstSample = makeColumn('u32', cuts.length + 2);
  const decodeTime = makeColumn('f64', cuts.length + 1);
  const timescaleHz = track.mdhd.timescaleHz;
  let fragment = 0;
  forEachTime(timeline, (sample, time) => {
    if (sample === 0) decodeTime[0] = time;
    while (fragment < cuts.length && time / timescaleHz >= cuts[fragment]) {
      fragment++;
      firstSample[fragment] = sample;
      decodeTime[fragment] = time;
    }
  });
  firstSample.fill(track.samples.count, fragment + 1);
  return { firstSample, decodeTime };
}

function dropEmpty(
  parts: readonly TrackPart[],
  count: number,
): Pick<FragmentCuts, 'count' | 'firstSample' | 'decodeTime'> {
  const kept = new GrowingColumn('u32');
  for (let fragment = 0; fragment < count; fragment++) {
    if (parts.some(({ firstSample }) => firstSample[fragment + 1] > firstSample[fragment]))
      kept.push(fragment);
  }
  const fragments = kept.finish();
  return {
    count: fragments.length,
    firstSample: parts.map(({ firstSample }) => {
      const column = makeColumn('u32', fragments.length + 1);
      for (let i = 0; i < fragments.length; i++) column[i] = firstSample[fragments[i]];
      column[fragments.length] = firstSample[count];
      return column;
    }),
    decodeTime: parts.map(({ decodeTime }) => {
      const column = makeColumn('f64', fragments.length);
      for (let i = 0; i < fragments.length; i++) column[i] = decodeTime[fragments[i]];
      return column;
    }),
  };
}
