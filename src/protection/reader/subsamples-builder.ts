import { GrowingColumn, isShared } from '../../bytes/columns.js';
import type { SubsampleColumns } from '../../isobmff/boxes/senc.js';

/** The subsamples of a track, run after run. Nothing is kept as long as all samples are protected as a whole. */
export class SubsamplesBuilder {
  readonly #starts = new GrowingColumn('u32');
  readonly #clearBytes = new GrowingColumn('u16');
  readonly #protectedBytes = new GrowingColumn('u32');
  /** Sizes of the samples before the first that has subsamples. */
  readonly #wholeSamples: Uint32Array[] = [];
  #hasSubsamples = false;
  /** Those of a first run of many samples, until there are others: mostly they are all. */
  #only: SubsampleColumns | undefined;

  constructor() {
    this.#starts.push(0);
  }

  /** @param subsamples kept: nobody else changes them; absent when the samples are protected as a whole, or clear */
  add(subsamples: SubsampleColumns | undefined, sizes: Uint32Array): void {
    if (!subsamples && !this.#hasSubsamples) {
      this.#wholeSamples.push(sizes);
      return;
    }
    if (!this.#hasSubsamples) {
      this.#hasSubsamples = true;
      const isFirst = this.#wholeSamples.length === 0;
      if (isFirst && subsamples && isShared(subsamples.starts) && haveRows(subsamples.starts, sizes.length)) {
        this.#only = subsamples;
        return;
      }
      for (const before of this.#wholeSamples) for (const size of before) this.#addWhole(size);
    }
    if (this.#only) this.#addAll(this.#only, this.#only.starts.length - 1);
    this.#only = undefined;
    if (subsamples && haveRows(subsamples.starts, sizes.length)) {
      this.#addAll(subsamples, sizes.length);
      return;
    }
    for (let i = 0; i < sizes.length; i++) {
      const start = subsamples?.starts[i] ?? 0;
      const end = subsamples?.starts[i + 1] ?? 0;
      // An entry without subsamples in a box that has them: the whole sample is protected, if there is any of it.
      if (start === end) this.#addWhole(sizes[i]);
      else this.#addRows(subsamples!, start, end);
    }
  }

  finish(): SubsampleColumns | undefined {
    if (!this.#hasSubsamples) return undefined;
    if (this.#only) return this.#only;
    return {
      starts: this.#starts.finish(),
      clearBytes: this.#clearBytes.finish(),
      protectedBytes: this.#protectedBytes.finish(),
    };
  }

  #addWhole(size: number): void {
    if (size > 0) {
      this.#clearBytes.push(0);
      this.#protectedBytes.push(size);
    }
    this.#starts.push(this.#clearBytes.length);
  }

  /** Nearly all boxes have subsamples for each of their samples. */
  #addAll({ starts, clearBytes, protectedBytes }: SubsampleColumns, count: number): void {
    const before = this.#clearBytes.length - starts[0];
    this.#clearBytes.append(clearBytes.subarray(starts[0], starts[count]));
    this.#protectedBytes.append(protectedBytes.subarray(starts[0], starts[count]));
    for (let i = 1; i <= count; i++) this.#starts.push(before + starts[i]);
  }

  #addRows({ clearBytes, protectedBytes }: SubsampleColumns, start: number, end: number): void {
    for (let row = start; row < end; row++) {
      this.#clearBytes.push(clearBytes[row]);
      this.#protectedBytes.push(protectedBytes[row]);
    }
    this.#starts.push(this.#clearBytes.length);
  }
}

/** Whether every sample has subsamples of its own. */
function haveRows(starts: SubsampleColumns['starts'], count: number): boolean {
  for (let i = 0; i < count; i++) if (starts[i] === starts[i + 1]) return false;
  return true;
}
