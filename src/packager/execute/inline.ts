import { setImmediate } from 'node:timers/promises';
import { assertNotAborted } from './abort.js';
import type { OutputChunk } from './chunk.js';
import type { ChunkQueue } from './chunk-queue.js';
import { ChunkWriter, type WriteTarget } from './writer.js';

/** Outputs to write, however many threads write them. */
export interface Work {
  readonly chunks: ChunkQueue;
  /** One an output. */
  readonly targets: readonly WriteTarget[];
  /** No chunk is longer, unless it is one sample. */
  readonly memoryBytes: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Called for every chunk that is written, in any order.
 * @returns when the bytes may be reused
 */
export type OnWritten = (chunk: OutputChunk, bytes: Uint8Array) => Promise<void>;

/** Written chunks whose bytes may still be in use while this thread goes on: others write those before them. */
const CHUNKS_IN_USE = 6;

/**
 * Writes chunks on this thread until there are no more. It yields to the event loop after each: for timers, signals, messages,
 * and the caller's other work.
 */
export async function writeInline(
  { chunks, targets, memoryBytes, signal }: Work,
  onWritten: OnWritten,
): Promise<void> {
  const writer = new ChunkWriter(targets);
  const memories = new ChunkMemories(memoryBytes);
  for (;;) {
    assertNotAborted(signal);
    const chunk = chunks.next(writer);
    if (!chunk) return memories.allFree();
    const memory = await memories.take(chunk.lengthBytes);
    memories.giveBack(memory, onWritten(chunk, await writer.write(chunk, memory)));
    await setImmediate();
  }
}

/** Memory for chunks, used again when it is free. */
class ChunkMemories {
  readonly #sizeBytes: number;
  readonly #free: ArrayBuffer[] = [];
  readonly #inUse = new Set<Promise<void>>();
  #failure: Error | undefined;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  /** @throws what the use of another one has ended with */
  async take(lengthBytes: number): Promise<ArrayBuffer> {
    while (this.#free.length === 0 && this.#inUse.size >= CHUNKS_IN_USE) await Promise.race(this.#inUse);
    if (this.#failure) throw this.#failure;
    const memory = this.#free.pop();
    if (memory && memory.byteLength >= lengthBytes) return memory;
    return new ArrayBuffer(Math.max(this.#sizeBytes, lengthBytes));
  }

  /** @param use ends when the memory is free */
  giveBack(memory: ArrayBuffer, use: Promise<void>): void {
    const end = use
      .then(() => void this.#free.push(memory))
      .catch((error) => {
        this.#failure ??= error;
      })
      .finally(() => this.#inUse.delete(end));
    this.#inUse.add(end);
  }

  /** @throws what the use of any has ended with */
  async allFree(): Promise<void> {
    await Promise.all(this.#inUse);
    if (this.#failure) throw this.#failure;
  }
}
