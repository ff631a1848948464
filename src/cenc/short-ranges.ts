import type { CtrRun } from './aes.js';

/** So many bytes are carried out at once. */
const TOGETHER_BYTES = 65536;

/**
 * Short byte ranges that follow on one another in a key stream: they are gathered, and carried out in one call. A call for each would cost
 * more than its AES, and leave memory behind that is too small to be worth giving back.
 */
export class ShortRanges {
  #workspace: Uint8Array | undefined;
  #bytes!: Uint8Array;
  readonly #at: number[] = [];
  readonly #lengths: number[] = [];
  #count = 0;
  #lengthBytes = 0;

  /** @param length no more than {@link TOGETHER_BYTES} */
  add(bytes: Uint8Array, at: number, length: number, run: CtrRun): void {
    if (this.#lengthBytes + length > TOGETHER_BYTES) this.flush(run);
    this.#bytes = bytes;
    this.#at[this.#count] = at;
    this.#lengths[this.#count] = length;
    this.#count++;
    this.#lengthBytes += length;
  }

  /** Carries out what was collected. */
  flush(run: CtrRun): void {
    if (this.#count === 0) return;
    if (this.#count === 1) run(this.#bytes.subarray(this.#at[0], this.#at[0] + this.#lengthBytes));
    else this.#runTogether(run);
    this.#count = 0;
    this.#lengthBytes = 0;
  }

  #runTogether(run: CtrRun): void {
    this.#workspace ??= new Uint8Array(TOGETHER_BYTES);
    const bytes = this.#bytes;
    const together = this.#workspace.subarray(0, this.#lengthBytes);
    let next = 0;
    for (let i = 0; i < this.#count; i++) {
      const at = this.#at[i];
      together.set(bytes.subarray(at, at + this.#lengths[i]), next);
      next += this.#lengths[i];
    }
    run(together);
    next = 0;
    for (let i = 0; i < this.#count; i++) {
      bytes.set(together.subarray(next, next + this.#lengths[i]), this.#at[i]);
      next += this.#lengths[i];
    }
  }
}
