import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timelineRuns } from '../../../src/manifest/dash/segment-timeline.js';

const segment = (startTicks: number, durationTicks: number) => ({ startTicks, durationTicks, sizeBytes: 1 });

describe('SegmentTimeline', () => {
  it('has runs of one duration, and a time at the start and after a gap', () => {
    expect(timelineRuns([segment(0, 96256), segment(96256, 96256), segment(192512, 95232)])).toEqual([
      { t: 0, d: 96256, r: 1 },
      { d: 95232, r: 0 },
    ]);
    expect(timelineRuns([segment(5, 10), segment(20, 10)])).toEqual([
      { t: 5, d: 10, r: 0 },
      { t: 20, d: 10, r: 0 },
    ]);
  });

  it('says what the segments are', () => {
    const gapsAndDurations = fc.array(fc.tuple(fc.constantFrom(0, 0, 0, 7), fc.integer({ min: 1, max: 3 })));
    fc.assert(
      fc.property(fc.nat(), gapsAndDurations, (startTicks, all) => {
        let ticks = startTicks;
        const segments = all.map(([gap, duration]) => {
          ticks += gap + duration;
          return segment(ticks - duration, duration);
        });
        let at = 0;
        const expanded = timelineRuns(segments).flatMap(({ t = at, d, r }) => {
          const run = Array.from({ length: r + 1 }, (_, index) => segment(t + d * index, d));
          at = t + d * (r + 1);
          return run;
        });
        expect(expanded).toEqual(segments);
      }),
    );
  });

  it('refuses times that double precision cannot count', () => {
    expect(() => timelineRuns([segment(2 ** 53 - 10, 10)])).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }),
    );
    expect(timelineRuns([segment(2 ** 53 - 11, 10)])).toHaveLength(1);
  });
});
