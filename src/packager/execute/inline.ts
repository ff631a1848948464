import { setImmediate } from 'node:timers/promises';
import type { ByteSource } from '../../bytes/source.js';
import type { OutputHandle } from '../../bytes/write.js';
import { assertNotAborted } from './abort.js';
import type { Chunk } from './chunk.js';
import type { TrackTask } from './sample-processor.js';
import { ChunkWriter } from './writer.js';

/** An output to write, however many threads write it. */
export interface Work {
  /** Each is taken by whoever asks first. */
  readonly chunks: Iterator<Chunk>;
  /** The tasks of each step that samples go through, in order. */
  readonly steps: readonly (readonly TrackTask[])[];
  /** No chunk is longer, unless it is one sample. */
  readonly chunkBytes: number;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly source: ByteSource;
  readonly output: OutputHandle;
}

/**
 * Called for every chunk that is written, in any order.
 * @returns when the bytes may be reused
 */
export type OnWritten = (chunk: Chunk, bytes: Uint8Array) => Promise<void>;

/**
 * Writes chunks on this thread until there are no more. It yields to the event loop after each: for timers, signals, messages,
 * and the caller's other work.
 */
export async function writeInline(
  { chunks, steps, chunkBytes, sizeBytes, signal, source, output }: Work,
  onWritten: OnWritten,
): Promise<void> {
  const writer = await ChunkWriter.create(source, output, steps);
  let memory = new ArrayBuffer(Math.min(chunkBytes, sizeBytes));
  for (;;) {
    assertNotAborted(signal);
    const { done, value: chunk } = chunks.next();
    if (done) return;
    if (memory.byteLength < chunk.lengthBytes) memory = new ArrayBuffer(chunk.lengthBytes);
    await onWritten(chunk, writer.write(chunk, memory));
    await setImmediate();
  }
}
