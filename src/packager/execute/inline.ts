import { setImmediate } from 'node:timers/promises';
import type { ByteSource } from '../../bytes/source.js';
import type { OutputHandle } from '../../bytes/write.js';
import { expectNotAborted } from './abort.js';
import type { TrackTask } from './sample-processor.js';
import type { Stretch } from './stretch.js';
import { StretchWriter } from './writer.js';

/** An output to write, however many threads write it. */
export interface Work {
  /** Each is taken by whoever asks first. */
  readonly stretches: Iterator<Stretch>;
  readonly tasks: readonly TrackTask[];
  /** No stretch is longer. */
  readonly stretchBytes: number;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly source: ByteSource;
  readonly output: OutputHandle;
}

/**
 * Called for every stretch that is written, in any order.
 * @returns when the bytes may be reused
 */
export type OnWritten = (stretch: Stretch, bytes: Uint8Array) => Promise<void>;

/**
 * Writes stretches on this thread until there are no more. It takes a breath after each: for timers, signals, messages,
 * and the caller's other work.
 */
export async function writeInline(
  { stretches, tasks, stretchBytes, sizeBytes, signal, source, output }: Work,
  onWritten: OnWritten,
): Promise<void> {
  const writer = await StretchWriter.create(source, output, tasks);
  const memory = new ArrayBuffer(Math.min(stretchBytes, sizeBytes));
  for (;;) {
    expectNotAborted(signal);
    const { done, value: stretch } = stretches.next();
    if (done) return;
    await onWritten(stretch, writer.write(stretch, memory));
    await setImmediate();
  }
}
