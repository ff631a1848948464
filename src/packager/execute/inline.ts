import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { ByteSource } from '../../bytes/source.js';
import { type OutputHandle, writeFully } from '../../bytes/write.js';
import { expectNotAborted } from './abort.js';
import { SampleProcessor, type TrackTask } from './sample-processor.js';
import { renderStretch, type Stretch } from './stretch.js';

/** An output to write, however many threads write it. */
export interface Work {
  readonly stretches: Iterable<Stretch>;
  readonly tasks: readonly TrackTask[];
  /** No stretch is longer. */
  readonly stretchBytes: number;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytesDone: number) => void;
  /** Whether to return the output's SHA-256. */
  readonly fingerprint: boolean;
}

/** Writes the output on this thread, which takes a breath after every stretch: for timers, signals, and the caller's work. */
export async function writeInline(
  { stretches, tasks, stretchBytes, sizeBytes, signal, onBytes, fingerprint }: Work,
  source: ByteSource,
  output: OutputHandle,
): Promise<string | undefined> {
  const processor = await SampleProcessor.create(tasks);
  const buffer = new Uint8Array(Math.min(stretchBytes, sizeBytes));
  const hash = fingerprint ? createHash('sha256') : undefined;
  for (const stretch of stretches) {
    const target = buffer.subarray(0, stretch.lengthBytes);
    renderStretch(stretch, target, source, processor);
    writeFully(output, target, stretch.startBytes);
    hash?.update(target);
    onBytes(stretch.startBytes + stretch.lengthBytes);
    await setImmediate();
    expectNotAborted(signal);
  }
  return hash?.digest('hex');
}
