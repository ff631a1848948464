import type { Sink, StagedBytes } from '../bytes/sink.js';
import type { ByteSource } from '../bytes/source.js';
import type { OutputPlan } from '../layout/output-plan.js';
import { yieldToEventLoop } from './event-loop.js';
import { executePlans } from './execute/execute.js';
import { ChunkRenderer } from './execute/renderer.js';
import type { ProcessingStep } from './execute/sample-processor.js';
import type { WorkerPool } from './execute/worker-pool.js';
import { HashingWriter } from './hashing-writer.js';
import type { JobRequest } from './job.js';

/** A plan, and what its bytes are made of. */
export interface PlannedBytes {
  readonly plan: OutputPlan;
  readonly source: ByteSource;
  /** What is done to the samples, in this order. */
  readonly steps: readonly ProcessingStep[];
  /** The threads that write next to this one. */
  readonly pool?: WorkerPool | undefined;
  /** Whether the SHA-256 of the output is wanted. Default false. */
  readonly fingerprint?: boolean;
}

/** Who may stop the work, and hears of it. */
interface Reporting {
  readonly signal?: JobRequest['signal'] | undefined;
  readonly onProgress?: JobRequest['onProgress'];
}

/**
 * Writes all bytes of a plan to where they are staged, on all threads.
 * @returns the SHA-256, 64 hexadecimal digits, where it is wanted
 * @throws PrpackError ABORTED, INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
 */
export async function writePlan(
  { plan, source, steps, pool, fingerprint = false }: PlannedBytes,
  staged: StagedBytes,
  { signal, onProgress }: Reporting,
): Promise<string | undefined> {
  const { sizeBytes: bytesTotal } = plan;
  const onBytes = (bytesDone: number) => onProgress?.({ phase: 'write', bytesDone, bytesTotal });
  const output = { plan, source, steps, output: staged.handle, fingerprint };
  const [{ sha256 }] = await executePlans([output], { pool, signal, onBytes });
  return sha256;
}

/** As {@link writePlan}, one byte after the other. */
export async function appendPlan(
  { plan, source, steps, fingerprint = false }: PlannedBytes,
  sink: Sink,
  { signal, onProgress }: Reporting,
): Promise<string | undefined> {
  const renderer = await ChunkRenderer.create(plan, source, steps);
  const writer = new HashingWriter(sink, fingerprint);
  for (const { bytes } of renderer.chunks()) {
    await writer.write(bytes);
    onProgress?.({ phase: 'write', bytesDone: sink.sizeBytes, bytesTotal: plan.sizeBytes });
    await yieldToEventLoop(signal);
  }
  return writer.sha256();
}

/**
 * Reads staged bytes back.
 * @param check throws what is wrong with them
 */
export async function checkStaged(
  staged: StagedBytes,
  { signal, onProgress }: Reporting,
  check: (output: ByteSource) => Promise<void>,
): Promise<void> {
  const output = staged.reopen();
  try {
    onProgress?.({ phase: 'check', bytesDone: output.sizeBytes, bytesTotal: output.sizeBytes });
    await yieldToEventLoop(signal);
    await check(output);
    await yieldToEventLoop(signal);
  } finally {
    output.close();
  }
}
