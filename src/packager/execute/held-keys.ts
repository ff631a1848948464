/**
 * Keys in use by a job, in shared memory: worker threads get no copies of their own, so that one wipe reaches all of them.
 */
export class HeldKeys {
  readonly #keys: Uint8Array[] = [];

  /** Takes the bytes over; they are wiped where they were. */
  readonly hold = (bytes: Uint8Array): Uint8Array => {
    const held = new Uint8Array(new SharedArrayBuffer(bytes.length));
    held.set(bytes);
    bytes.fill(0);
    this.#keys.push(held);
    return held;
  };

  wipe(): void {
    for (const key of this.#keys) key.fill(0);
  }
}
