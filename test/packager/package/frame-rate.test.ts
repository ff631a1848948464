import { describe, expect, it } from 'vitest';
import type { Track } from '../../../src/isobmff/movie.js';
import { frameRateOf } from '../../../src/packager/package/frame-rate.js';

function rateOf(timescaleHz: number, durations: readonly number[]): [number, number] {
  const samples = { durations: Uint32Array.from(durations), count: durations.length };
  const { numerator, denominator } = frameRateOf({ samples, mdhd: { timescaleHz } } as Track);
  return [numerator, denominator];
}

describe('frameRateOf', () => {
  it('is exact where all samples have one duration, whatever the last one has', () => {
    expect(rateOf(24_000, [1001, 1001, 1001])).toEqual([24_000, 1001]);
    expect(rateOf(12_800, [512, 512, 100])).toEqual([12_800, 512]);
  });

  it('is the usual rate that is nearest to the mean of others', () => {
    // milliseconds of 29.97 frames a second: 33 + 33 + 34 = 100.1 / 3 rounded
    const durations = Array.from(
      { length: 300 },
      (_, i) => Math.round(((i + 1) * 1001) / 30) - Math.round((i * 1001) / 30),
    );
    expect(rateOf(1000, durations)).toEqual([30_000, 1001]);
    expect(rateOf(1000, [41, 42, 42, 41, 42, 42, 41, 42, 42])).toEqual([24, 1]);
  });

  it('is the mean to a thousandth where no usual rate is near', () => {
    // 4 samples in 0.3 s
    expect(rateOf(1000, [50, 100, 50, 100])).toEqual([13_333, 1000]);
  });
});
