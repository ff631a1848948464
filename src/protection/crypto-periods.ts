import { PrpackError } from '../errors.js';
import type { CryptoPeriod } from '../keys/key-source.js';
import { named } from '../settings/spelling.js';

/** Of a fragment that is under no key. */
export const CLEAR = -1;

/** Which key each fragment is under: all tracks change theirs together, where a fragment begins. */
export interface CryptoPeriods {
  /** One a fragment: a position in `indexes`, or CLEAR. */
  readonly ofFragment: Int32Array;
  /** The indexes of the crypto periods in use, in order: start time divided by the length of a period. */
  readonly indexes: readonly number[];
}

/** Keys of a track are told apart by numbers of 16 bits, of which 0 is none. */
const MAX_PERIODS = 0xffff;

/** When keys begin and change. */
export interface CryptoSchedule {
  readonly clearLeadSeconds?: number | undefined;
  readonly cryptoPeriodSeconds?: number | undefined;
}

/** A crypto period as key sources are asked for it. */
export function cryptoPeriod(index: number, durationSeconds: number): CryptoPeriod {
  return { index, startSeconds: index * durationSeconds, durationSeconds };
}

/**
 * The crypto periods of a fragmented output. A fragment belongs to the period that its earliest presentation time lies
 * in, and it is clear when that time lies in the clear lead: both are rounded to whole fragments.
 * @param startSeconds one a fragment: its earliest presentation time
 * @throws PrpackError INVALID_ARGUMENT when the clear lead leaves nothing to encrypt, or when there are too many periods
 */
export function cryptoPeriodsOf(startSeconds: Float64Array, schedule: CryptoSchedule): CryptoPeriods {
  const positions = new Map<number, number>();
  const ofFragment = new Int32Array(startSeconds.length);
  for (const [fragment, seconds] of startSeconds.entries()) {
    const index = periodAt(seconds, schedule);
    if (index !== CLEAR && !positions.has(index)) positions.set(index, positions.size);
    ofFragment[fragment] = positions.get(index) ?? CLEAR;
  }
  if (positions.size > MAX_PERIODS) throw tooManyPeriods(positions.size, schedule.cryptoPeriodSeconds!);
  if (positions.size === 0) throw allClear(schedule.clearLeadSeconds!);
  return { ofFragment, indexes: [...positions.keys()] };
}

/** The index of the crypto period at a time, 0 where keys do not change; CLEAR in the clear lead. */
export function periodAt(
  seconds: number,
  { clearLeadSeconds = 0, cryptoPeriodSeconds }: CryptoSchedule,
): number {
  const shownAt = Math.max(0, seconds); // players show nothing before 0
  if (shownAt < clearLeadSeconds) return CLEAR;
  return cryptoPeriodSeconds === undefined ? 0 : Math.floor(shownAt / cryptoPeriodSeconds);
}

/** Of a clear lead that is not over when the last fragment begins. */
export function allClear(clearLeadSeconds: number): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'the clear lead leaves nothing of the movie to encrypt', {
    received: clearLeadSeconds,
    remedy: `Give fewer seconds as ${named('clearLeadSeconds')}: it is rounded up to whole fragments.`,
  });
}

function tooManyPeriods(count: number, cryptoPeriodSeconds: number): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `the movie has ${count} crypto periods, too many for one file`, {
    expected: `at most ${MAX_PERIODS}`,
    received: cryptoPeriodSeconds,
    remedy: `Give more seconds as ${named('cryptoPeriodSeconds')}.`,
  });
}
