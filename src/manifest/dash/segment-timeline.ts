import { PrpackError } from '../../errors.js';
import type { SegmentList } from '../addressing.js';
import { element, type XmlTree } from './xml.js';

/** `S` (ISO/IEC 23009-1 5.3.9.6): a run of segments of one duration. */
export interface TimelineRun {
  /** Start; absent where the run begins at the end of the run before. */
  readonly t?: number;
  readonly d: number;
  /** How many more segments follow the first. */
  readonly r: number;
}

/**
 * Segments as runs of equal durations: `t` on the first, and after a gap.
 * @throws PrpackError UNSUPPORTED_FEATURE for times that players cannot count
 * @example
 * timelineRuns(fourSegmentsOf25600Ticks); // [{ t: 0, d: 25600, r: 3 }]
 */
export function timelineRuns(segments: SegmentList['segments']): TimelineRun[] {
  const runs: TimelineRun[] = [];
  let endTicks: number | undefined;
  for (const { startTicks, durationTicks } of segments) {
    assertCountable(startTicks + durationTicks);
    const before = runs.at(-1);
    if (before?.d === durationTicks && startTicks === endTicks) {
      runs[runs.length - 1] = { ...before, r: before.r + 1 };
    } else {
      runs.push({ ...(startTicks !== endTicks && { t: startTicks }), d: durationTicks, r: 0 });
    }
    endTicks = startTicks + durationTicks;
  }
  return runs;
}

/**
 * SegmentTimeline of an MPD.
 * @throws PrpackError UNSUPPORTED_FEATURE for times that players cannot count
 * @example
 * segmentTimeline(addressing.segments); // <SegmentTimeline><S t="0" d="25600" r="3"/></SegmentTimeline>
 */
export function segmentTimeline(segments: SegmentList['segments']): XmlTree {
  const runs = timelineRuns(segments).map(({ t, d, r }) => element('S', { t, d, r: r || undefined }));
  return element('SegmentTimeline', {}, ...runs);
}

function assertCountable(ticks: number): void {
  if (Number.isSafeInteger(ticks)) return;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    `a segment ends at ${ticks} ticks, beyond what players count`,
    {
      expected: `at most ${Number.MAX_SAFE_INTEGER}`,
      received: ticks,
      clause: 'DASH-IF IOP restricted timing model, Large timescales',
      remedy: 'Use a smaller timescale, or start media times near 0.',
    },
  );
}
