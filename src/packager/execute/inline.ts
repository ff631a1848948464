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

/**
 * Writes chunks on this thread until there are no more. It yields to the event loop after each: for timers, signals, messages,
 * and the caller's other work.
 */
export async function writeInline(
  { chunks, targets, memoryBytes, signal }: Work,
  onWritten: OnWritten,
): Promise<void> {
  const writer = new ChunkWriter(targets);
  let memory = new ArrayBuffer(memoryBytes);
  for (;;) {
    assertNotAborted(signal);
    const chunk = chunks.next(writer);
    if (!chunk) return;
    if (memory.byteLength < chunk.lengthBytes) memory = new ArrayBuffer(chunk.lengthBytes);
    await onWritten(chunk, await writer.write(chunk, memory));
    await setImmediate();
  }
}
