import type { Fraction } from './presentation.js';

/**
 * The fraction in lowest terms.
 * @example
 * reduced({ numerator: 12800, denominator: 512 }); // { numerator: 25, denominator: 1 }
 */
export function reduced({ numerator, denominator }: Fraction): Fraction {
  const divisor = commonDivisor(numerator, denominator) || 1;
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/**
 * The largest of some fractions.
 * @example
 * largest([{ numerator: 30000, denominator: 1001 }, { numerator: 25, denominator: 1 }]); // 30000/1001
 */
export function largest(fractions: readonly Fraction[]): Fraction {
  return fractions.reduce((a, b) => (toNumber(b) > toNumber(a) ? b : a));
}

/**
 * The fraction as a number.
 * @example
 * toNumber({ numerator: 30000, denominator: 1001 }); // 29.97002997002997
 */
export function toNumber({ numerator, denominator }: Fraction): number {
  return numerator / denominator;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
