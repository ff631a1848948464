import { CONTENT_KEY_SIZE_BYTES } from '../../keys/content-key.js';

/** So many keys share memory: shared memory of their own would take ten times as much, for thousands of crypto periods. */
const KEYS_TOGETHER = 256;

/**
 * Keys in use by a job, in shared memory: worker threads get no copies of their own, so that one wipe reaches all of them.
 */
export class HeldKeys {
  readonly #memories: Uint8Array[] = [];
  #usedBytes = 0;

  /** Takes the bytes of a content key over; they are wiped where they were. */
  readonly hold = (bytes: Uint8Array): Uint8Array => {
    const memory = this.#memoryFor(bytes.length);
    const held = memory.subarray(this.#usedBytes, this.#usedBytes + bytes.length);
    this.#usedBytes += bytes.length;
    held.set(bytes);
    bytes.fill(0);
    return held;
  };

  wipe(): void {
    for (const memory of this.#memories) memory.fill(0);
  }

  #memoryFor(sizeBytes: number): Uint8Array {
    const last = this.#memories.at(-1);
    if (last && this.#usedBytes + sizeBytes <= last.length) return last;
    const memory = new Uint8Array(new SharedArrayBuffer(KEYS_TOGETHER * CONTENT_KEY_SIZE_BYTES));
    this.#memories.push(memory);
    this.#usedBytes = 0;
    return memory;
  }
}
