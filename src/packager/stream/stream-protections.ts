import type { Movie } from '../../isobmff/movie.js';
import { partStartSeconds } from '../../layout/timing.js';
import { CLEAR, type CryptoSchedule, periodAt } from '../../protection/crypto-periods.js';
import type { FragmentProtection } from './fragment-protection.js';

/** What the fragments of a stream are under, one after the other, by when keys begin and change. */
export class StreamProtections {
  readonly #schedule: CryptoSchedule;
  readonly #startSeconds: number;
  readonly #open: (period: number) => Promise<FragmentProtection>;
  #period: number;
  #current: FragmentProtection;

  /**
   * @param startSeconds when the first fragment is presented: the clear lead begins there
   * @param first of the first crypto period
   * @param open called for every other crypto period, when its first fragment has come
   */
  constructor(
    schedule: CryptoSchedule,
    startSeconds: number,
    first: FragmentProtection,
    open: (period: number) => Promise<FragmentProtection>,
  ) {
    this.#schedule = schedule;
    this.#startSeconds = startSeconds;
    this.#open = open;
    this.#current = first;
    this.#period = firstPeriodOf(schedule, startSeconds);
  }

  /** For the samples of a fragment; undefined while they are to stay clear. */
  async of(fragment: Movie): Promise<FragmentProtection | undefined> {
    const { clearLeadSeconds = 0, cryptoPeriodSeconds } = this.#schedule;
    if (clearLeadSeconds === 0 && cryptoPeriodSeconds === undefined) return this.#current;
    const seconds = partStartSeconds(fragment) ?? this.#startSeconds;
    const clearUntil = clearLeadSeconds > 0 ? this.#startSeconds + clearLeadSeconds : 0;
    const period = periodAt(seconds, { clearLeadSeconds: clearUntil, cryptoPeriodSeconds });
    if (period === CLEAR) return undefined;
    if (period !== this.#period) {
      this.#current = await this.#open(period);
      this.#period = period;
    }
    return this.#current;
  }
}

/** The crypto period in which protection begins: its KID is the one that sample entries state. */
export function firstPeriodOf(
  { clearLeadSeconds = 0, cryptoPeriodSeconds }: CryptoSchedule,
  startSeconds: number,
): number {
  return periodAt(startSeconds + clearLeadSeconds, { cryptoPeriodSeconds });
}
