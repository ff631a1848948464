import { describe, expect, it } from 'vitest';
import { largest, reduced, toNumber } from '../../src/manifest/fraction.js';

const NTSC = { numerator: 30000, denominator: 1001 };

describe('fractions', () => {
  it('are reduced to lowest terms', () => {
    expect(reduced({ numerator: 12800, denominator: 512 })).toEqual({ numerator: 25, denominator: 1 });
    expect(reduced({ numerator: 60000, denominator: 2002 })).toEqual(NTSC);
  });

  it('are compared by value', () => {
    expect(largest([{ numerator: 25, denominator: 1 }, NTSC, { numerator: 24, denominator: 1 }])).toBe(NTSC);
    expect(toNumber(NTSC)).toBeCloseTo(29.97, 2);
  });
});
