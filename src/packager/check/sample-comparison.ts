import type { Movie, Track } from '../../isobmff/movie.js';
import { DecodeTimes } from '../../isobmff/sample-table.js';
import { assertEqual, failed } from './failure.js';

/** Compares the samples of an output, as it is read part by part, with those of the input. */
export class SampleComparison {
  readonly #input: Movie;
  readonly #times: DecodeTimes[] = [];
  /** How many samples of each track were found. */
  readonly #compared: number[] = [];
  readonly #delaysTicks: readonly number[] | undefined;

  constructor(input: Movie, delaysTicks?: readonly number[]) {
    this.#input = input;
    this.#delaysTicks = delaysTicks;
    for (const { samples } of input.tracks) {
      this.#times.push(new DecodeTimes(samples));
      this.#compared.push(0);
    }
  }

  add(part: Movie): void {
    assertEqual('the number of tracks', this.#input.tracks.length, part.tracks.length);
    for (const [i, found] of part.tracks.entries()) {
      assertEqual('a track id', this.#input.tracks[i].id, found.id);
      this.#compare(i, found);
    }
  }

  end(): void {
    for (const [i, { id, samples }] of this.#input.tracks.entries()) {
      assertEqual(`the samples of track ${id}`, samples.count, this.#compared[i]);
    }
  }

  #compare(index: number, found: Track): void {
    const { samples, id } = this.#input.tracks[index];
    const times = this.#times[index];
    const delay = this.#delaysTicks?.[index] ?? 0;
    const foundTimes = new DecodeTimes(found.samples);
    const first = this.#compared[index];
    this.#compared[index] += found.samples.count;
    if (this.#compared[index] > samples.count) throw failed(`track ${id} has too many samples`);
    for (let i = 0; i < found.samples.count; i++) {
      const sample = first + i;
      const isSame =
        samples.sizes[sample] === found.samples.sizes[i] &&
        times.next() + delay === foundTimes.next() &&
        (samples.compositionOffsets?.[sample] ?? 0) === (found.samples.compositionOffsets?.[i] ?? 0);
      if (!isSame) throw failed(`sample ${sample} of track ${id} has another size or time`);
    }
  }
}
