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
 * Writes stretches on this thread until there are no more. It takes a breath after each: for timers, signals, messages,
 * and the caller's other work.
 * @param onWritten the bytes are valid during the call
 */
export async function writeInline(
  { stretches, tasks, stretchBytes, sizeBytes, signal, source, output }: Work,
  onWritten: (stretch: Stretch, bytes: Uint8Array) => void,
): Promise<void> {
  const writer = await StretchWriter.create(source, output, tasks, Math.min(stretchBytes, sizeBytes));
  for (;;) {
    expectNotAborted(signal);
    const { done, value: stretch } = stretches.next();
    if (done) return;
    onWritten(stretch, writer.write(stretch));
    await setImmediate();
  }
}
