import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Timed } from '../../src/manifest/addressing.js';
import { averageBitsPerSecond, dashBitsPerSecond, peakBitsPerSecond } from '../../src/manifest/bandwidth.js';

/** Segments of [seconds, bytes], at 10 Hz. */
function track(...segments: readonly (readonly [seconds: number, sizeBytes: number])[]): Timed {
  return {
    timescaleHz: 10,
    segments: segments.map(([seconds, sizeBytes]) => ({
      startTicks: 0,
      durationTicks: Math.round(seconds * 10),
      sizeBytes,
    })),
  };
}

const anyTrack = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 100_000 })), {
    minLength: 1,
    maxLength: 25,
  })
  .map((segments) => track(...segments.map(([tenths, size]) => [tenths / 10, size] as const)));

/** All runs of whole segments, as [first, last], last inclusive. */
function runsOf({ segments }: Timed): [number, number][] {
  return segments.flatMap((_, first) =>
    segments.slice(first).map((_, length): [number, number] => [first, first + length]),
  );
}

function sums({ segments, timescaleHz }: Timed, first: number, last: number) {
  const run = segments.slice(first, last + 1);
  return {
    bits: run.reduce((sum, { sizeBytes }) => sum + 8 * sizeBytes, 0),
    seconds: run.reduce((sum, { durationTicks }) => sum + durationTicks, 0) / timescaleHz,
  };
}

describe('the peak of HLS', () => {
  it('is over runs of half a target duration to one and a half', () => {
    // target 4 s: runs of 2 to 6 s. The short segment alone (8000 bits / 1 s) does not count; with its neighbours
    // (8000 + 16000) / (1 + 2) = 8000 does; the longer ones alone have 16000 / 2 = 8000, too
    expect(peakBitsPerSecond(track([2, 2000], [1, 1000], [2, 2000]), 4)).toBe(8000);
    // the short one is large: (24000 + 16000) / 3 = 13333.3
    expect(peakBitsPerSecond(track([2, 2000], [1, 3000], [2, 2000]), 4)).toBe(13334);
    // target 2 s: runs of 1 to 3 s, in which it is alone: 24000 / 1
    expect(peakBitsPerSecond(track([2, 2000], [1, 3000], [2, 2000]), 2)).toBe(24000);
  });

  it('is the rate of all where all is shorter than half a target duration', () => {
    expect(peakBitsPerSecond(track([0.5, 100], [0.5, 300]), 6)).toBe(3200); // 3200 bits in 1 s
  });

  it('is what its definition says', () => {
    fc.assert(
      fc.property(anyTrack, fc.integer({ min: 1, max: 8 }), (one, target) => {
        const rates = runsOf(one)
          .map(([first, last]) => sums(one, first, last))
          .filter(({ seconds }) => seconds >= 0.5 * target && seconds <= 1.5 * target)
          .map(({ bits, seconds }) => bits / seconds);
        const expected = Math.max(0, ...rates) || averageBitsPerSecond(one);
        expect(Math.abs(peakBitsPerSecond(one, target) - expected)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the average', () => {
  it('is all bytes by all time', () => {
    expect(averageBitsPerSecond(track([2, 1000], [2, 3000], [1, 1000]))).toBe(8000); // 40000 bits / 5 s
    expect(averageBitsPerSecond({ timescaleHz: 1, segments: [] })).toBe(0);
  });
});

describe('the bandwidth of DASH', () => {
  it('is that of the largest segment where all last as long as the buffer', () => {
    expect(dashBitsPerSecond(track([2, 1000], [2, 3000], [2, 1000]), 2)).toBe(12000); // 24000 bits in 2 s
  });

  it('lets a run of large segments arrive in time', () => {
    // of two after each other, 48000 bits have to be there after the 2 s of the buffer and the 1 s of the first
    expect(dashBitsPerSecond(track([1, 3000], [1, 3000]), 2)).toBe(16000);
  });

  it('does not count a short last segment by its duration', () => {
    expect(dashBitsPerSecond(track([2, 1000], [0.1, 1000]), 2)).toBe(4000); // 8000 bits while the buffer plays
  });

  it('is the smallest rate that its definition allows', () => {
    fc.assert(
      fc.property(anyTrack, fc.integer({ min: 1, max: 60 }), (one, tenths) => {
        const bufferSeconds = tenths / 10;
        const needed = runsOf(one).map(([first, last]) => {
          const untilDue = bufferSeconds + sums(one, first, last - 1).seconds;
          return sums(one, first, last).bits / untilDue;
        });
        const expected = Math.max(1, ...needed);
        expect(Math.abs(dashBitsPerSecond(one, bufferSeconds) - expected)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
