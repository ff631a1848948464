import type { OutputChunk } from './chunk.js';

/**
 * The chunks of several outputs, for threads that take one after the other. Each thread has an output of its own as long as there are any
 * that no thread has begun, as the kernel lets one thread at a time write to a file; then threads share what is left.
 */
export class ChunkQueue {
  /** Outputs that have chunks left, in order. */
  readonly #outputs: Iterator<OutputChunk>[];
  readonly #ownOf = new Map<unknown, Iterator<OutputChunk>>();

  /** @param outputs the chunks of each, from its beginning to its end */
  constructor(outputs: readonly Iterator<OutputChunk>[]) {
    this.#outputs = [...outputs];
  }

  /**
   * @param thread what tells the thread that takes the chunk from others
   * @returns undefined when no chunk is left
   */
  next(thread: unknown): OutputChunk | undefined {
    for (;;) {
      const output = this.#ownOf.get(thread) ?? this.#begin(thread);
      if (!output) return undefined;
      const { done, value: chunk } = output.next();
      if (!done) return chunk;
      this.#ownOf.delete(thread);
      const index = this.#outputs.indexOf(output);
      if (index >= 0) this.#outputs.splice(index, 1); // a thread that shared it has found its end before
    }
  }

  #begin(thread: unknown): Iterator<OutputChunk> | undefined {
    const begun = new Set(this.#ownOf.values());
    const output = this.#outputs.find((one) => !begun.has(one)) ?? this.#outputs[0];
    if (output) this.#ownOf.set(thread, output);
    return output;
  }
}
