import { describe, expect, it } from 'vitest';
import { CLEAR, cryptoPeriodsOf, periodAt } from '../../src/protection/crypto-periods.js';

describe('periodAt', () => {
  it.each([
    [0, {}, 0],
    [99, {}, 0],
    [0, { clearLeadSeconds: 3 }, CLEAR],
    [2.999, { clearLeadSeconds: 3 }, CLEAR],
    [3, { clearLeadSeconds: 3 }, 0],
    [3.9, { cryptoPeriodSeconds: 2 }, 1],
    [4, { cryptoPeriodSeconds: 2 }, 2],
    [4, { clearLeadSeconds: 3, cryptoPeriodSeconds: 2 }, 2],
    [-1, { cryptoPeriodSeconds: 2 }, 0],
  ])('at %d s of %j is %d', (seconds, schedule, expected) => {
    expect(periodAt(seconds, schedule)).toBe(expected);
  });
});

describe('cryptoPeriodsOf', () => {
  /** Fragments of about one second, in seconds. */
  const starts = Float64Array.from({ length: 10 }, (_, fragment) => fragment * 1.0027);

  it('numbers the periods that fragments begin in', () => {
    const { ofFragment, indexes } = cryptoPeriodsOf(starts, { cryptoPeriodSeconds: 3 });
    expect(ofFragment.length).toBe(starts.length);
    expect(ofFragment[0]).toBe(0);
    expect([...ofFragment]).toEqual([...ofFragment].sort((a, b) => a - b));
    expect(indexes).toEqual([...new Set(indexes)]);
    expect(Math.max(...ofFragment)).toBe(indexes.length - 1);
  });

  it('leaves out periods that no fragment begins in', () => {
    const { indexes } = cryptoPeriodsOf(starts, { cryptoPeriodSeconds: 0.25 });
    expect(indexes.length).toBe(starts.length);
    expect(indexes[1]).toBeGreaterThan(1);
  });

  it('rounds the clear lead up to whole fragments, and begins with the period of the first protected one', () => {
    const schedule = { clearLeadSeconds: 1.5, cryptoPeriodSeconds: 1 };
    const { ofFragment, indexes } = cryptoPeriodsOf(starts, schedule);
    const clear = [...ofFragment].filter((period) => period === CLEAR).length;
    expect([...ofFragment].slice(0, clear).every((period) => period === CLEAR)).toBe(true);
    expect(clear).toBe(2);
    expect(ofFragment[clear]).toBe(0);
    expect(indexes[0]).toBe(2);
  });

  it('refuses a clear lead that leaves nothing to encrypt', () => {
    expect(() => cryptoPeriodsOf(starts, { clearLeadSeconds: 3600 })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('clear lead') }),
    );
  });
});
