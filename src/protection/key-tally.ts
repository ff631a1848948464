import type { SubsampleColumns } from '../isobmff/boxes/senc.js';

/** The use of one key by a track. */
export interface KeyUse {
  /** UUID text. */
  readonly kid: string;
  /** Samples with at least one protected byte, as far as that is known. */
  readonly samples: number;
  /** Number of the first of them in the track, from 0. */
  readonly firstSample: number;
}

/** Counts the samples of a track by key. */
export class KeyTally {
  readonly #uses = new Map<string, { samples: number; firstSample: number }>();
  /** Samples under no key, or of which all subsamples are clear. */
  clearSamples = 0;

  /** In the order of their first samples. */
  get uses(): KeyUse[] {
    return [...this.#uses].map(([kid, use]) => ({ kid, ...use }));
  }

  /**
   * Counts `count` samples from `firstSample` on.
   * @param kid undefined: they are clear
   * @param subsamples of a run of samples, where they are known
   * @param row of the first sample among those of the run
   */
  add(
    kid: string | undefined,
    firstSample: number,
    count: number,
    subsamples: SubsampleColumns | undefined,
    row: number,
  ): void {
    if (kid === undefined) this.clearSamples += count;
    else if (!subsamples) this.#count(kid, firstSample, count);
    else this.#addEach(kid, firstSample, count, subsamples, row);
  }

  #addEach(kid: string, firstSample: number, count: number, subsamples: SubsampleColumns, row: number): void {
    for (let i = 0; i < count; i++) {
      if (isClear(subsamples, row + i)) this.clearSamples++;
      else this.#count(kid, firstSample + i, 1);
    }
  }

  #count(kid: string, firstSample: number, count: number): void {
    const use = this.#uses.get(kid);
    if (use) use.samples += count;
    else if (count > 0) this.#uses.set(kid, { samples: count, firstSample });
  }
}

/** Without subsamples of its own a sample is protected as a whole. */
function isClear({ starts, protectedBytes }: SubsampleColumns, sample: number): boolean {
  if (starts[sample] === starts[sample + 1]) return false;
  for (let row = starts[sample]; row < starts[sample + 1]; row++) if (protectedBytes[row] > 0) return false;
  return true;
}
