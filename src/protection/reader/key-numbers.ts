import { GrowingColumn } from '../../bytes/columns.js';
import { PrpackError } from '../../errors.js';
import type { Track } from '../../isobmff/movie.js';
import type { TrackProtection } from '../track-protection.js';

/** Key numbers have 16 bits, and 0 is none. */
const MAX_KEYS = 0xffff;

/** Numbers the keys of a track in the order of their first samples, and lists which its samples are under. */
export class KeyNumbers {
  readonly #track: Track;
  readonly #kids: string[] = [];
  readonly #numberOf = new Map<string, number>();
  readonly #numbers: GrowingColumn<'u16'>;

  constructor(track: Track) {
    this.#track = track;
    this.#numbers = new GrowingColumn('u16', track.samples.count);
  }

  /**
   * Adds samples.
   * @param kid undefined when they are clear
   * @throws PrpackError UNSUPPORTED_FEATURE
   */
  add(kid: string | undefined, count: number): void {
    this.#numbers.fill(kid === undefined ? 0 : this.#numberFor(kid), count);
  }

  /** @param defaultKid names the key of a track none of whose samples is under any */
  finish(defaultKid: string): Pick<TrackProtection, 'kids' | 'keyNumbers'> {
    const isSingle = this.#kids.length === 1 && !this.#numbers.finish().includes(0);
    return {
      kids: this.#kids.length > 0 ? this.#kids : [defaultKid],
      keyNumbers: isSingle || this.#numbers.length === 0 ? undefined : this.#numbers.finish(),
    };
  }

  #numberFor(kid: string): number {
    const known = this.#numberOf.get(kid);
    if (known !== undefined) return known;
    this.#kids.push(kid);
    this.#numberOf.set(kid, this.#kids.length);
    if (this.#kids.length > MAX_KEYS) {
      throw new PrpackError(
        'UNSUPPORTED_FEATURE',
        `track ${this.#track.id} uses more than ${MAX_KEYS} keys`,
        {
          boxPath: this.#track.node.path,
          remedy: 'Split the file into shorter ones.',
        },
      );
    }
    return this.#kids.length;
  }
}
