import type { ByteSource } from '../../bytes/source.js';
import type { OutputHandle } from '../../bytes/write.js';
import { PrpackError } from '../../errors.js';
import type { OutputPlan } from '../../layout/output-plan.js';
import { named } from '../../settings/spelling.js';
import { assertNotAborted } from './abort.js';
import { CHUNK_BYTES, chunksOf } from './chunk.js';
import { Fingerprint } from './fingerprint.js';
import { HeldKeys } from './held-keys.js';
import { type OnWritten, writeInline } from './inline.js';
import { type ProcessingStep, tasksOf, wholeSamplesOf } from './sample-processor.js';
import type { WorkerPool } from './worker-pool.js';

/** A plan to carry out. */
export interface Execution {
  readonly plan: OutputPlan;
  readonly source: ByteSource;
  /** What is done to the samples, in this order. */
  readonly steps: readonly ProcessingStep[];
  readonly output: OutputHandle;
  /** Threads that write beside this one; none by default. They are stopped when this returns. */
  readonly pool?: WorkerPool | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes written so far. */
  readonly onBytes?: ((bytesDone: number) => void) | undefined;
  /** Hash the output beside writing it. Default false. */
  readonly fingerprint?: boolean | undefined;
  /** Default 1 MiB. */
  readonly chunkBytes?: number | undefined;
}

export interface ExecutionResult {
  /** SHA-256 of the whole output, 64 hexadecimal digits. Only where it was asked for. */
  readonly sha256: string | undefined;
}

/**
 * Writes the whole output. When this returns, every byte was handed to the operating system, and no thread is left.
 * @throws PrpackError ABORTED, INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
 */
export async function executePlan(execution: Execution): Promise<ExecutionResult> {
  const { plan, source, output, signal, fingerprint = false } = execution;
  const { onBytes, chunkBytes = CHUNK_BYTES, pool } = execution;
  const { sizeBytes } = plan;
  assertNotAborted(signal);
  const keys = new HeldKeys();
  const hash = fingerprint ? new Fingerprint() : undefined;
  let writtenBytes = 0;
  const onWritten: OnWritten = async ({ startBytes, lengthBytes }, bytes) => {
    writtenBytes += lengthBytes;
    onBytes?.(writtenBytes);
    await hash?.add(startBytes, bytes);
  };
  try {
    const steps = execution.steps.map((step) => tasksOf(step, keys.hold));
    const chunks = chunksOf(plan, source, chunkBytes, wholeSamplesOf(steps.flat()));
    const work = { chunks, steps, chunkBytes, sizeBytes, signal, source, output };
    if (pool) {
      const { writeOnThreads } = await import('./threads.js');
      await writeOnThreads(work, source.file!, pool, onWritten, hash);
    } else await writeInline(work, onWritten);
    assertAll(sizeBytes, writtenBytes);
    return { sha256: hash?.finish(sizeBytes) };
  } finally {
    keys.wipe();
  }
}

function assertAll(sizeBytes: number, writtenBytes: number): void {
  if (sizeBytes === writtenBytes) return;
  throw new PrpackError('INTERNAL', 'not all of the output was written', {
    expected: sizeBytes,
    received: writtenBytes,
    remedy: `Run it again with ${named('threads', 1)}, and report this as a defect of prpack.`,
  });
}
