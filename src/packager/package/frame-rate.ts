import type { Track } from '../../isobmff/movie.js';
import type { Fraction } from '../../manifest/presentation.js';

/** Rates that cameras and encoders have, for tracks whose samples are not all of one duration. */
const USUAL: readonly Fraction[] = [
  ...[24, 30, 48, 60, 120].map((rate) => ({ numerator: rate * 1000, denominator: 1001 })),
  ...[24, 25, 30, 48, 50, 60, 100, 120].map((rate) => ({ numerator: rate, denominator: 1 })),
];

/** A rate that is off by less is meant. */
const TOLERANCE = 0.002;

/** Frames per second: exactly, where all samples have one duration, else the usual rate that is nearest to their mean. */
export function frameRateOf({ samples, mdhd }: Track): Fraction {
  const { durations, count } = samples;
  let ticks = 0;
  let isConstant = true;
  for (let i = 0; i < count; i++) {
    ticks += durations[i];
    if (i < count - 1 && durations[i] !== durations[0]) isConstant = false; // the last one is often cut off
  }
  if (isConstant && durations[0] > 0) return { numerator: mdhd.timescaleHz, denominator: durations[0] };
  const mean = (count * mdhd.timescaleHz) / ticks;
  const offBy = ({ numerator, denominator }: Fraction) => Math.abs(numerator / denominator / mean - 1);
  const [nearest] = [...USUAL].sort((a, b) => offBy(a) - offBy(b));
  return offBy(nearest) < TOLERANCE ? nearest : { numerator: Math.round(mean * 1000), denominator: 1000 };
}
