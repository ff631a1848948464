import type { Sink, StagedBytes } from '../bytes/sink.js';
import type { ByteSource } from '../bytes/source.js';
import type { OutputPlan } from '../layout/output-plan.js';
import { DigestingWriter } from './digesting-writer.js';
import type { Digests, WantedDigests } from './digests.js';
import { yieldToEventLoop } from './event-loop.js';
import { executePlans } from './execute/execute.js';
import { ChunkRenderer } from './execute/renderer.js';
import type { ProcessingStep } from './execute/sample-processor.js';
import type { WorkerPool } from './execute/worker-pool.js';
import type { JobRequest } from './job.js';

/** A plan, and what its bytes are made of. */
export interface PlannedBytes {
  readonly plan: OutputPlan;
  readonly source: ByteSource;
  /** What is done to the samples, in this order. */
  readonly steps: readonly ProcessingStep[];
  /** The threads that write next to this one. */
  readonly pool?: WorkerPool | undefined;
  /** Taken while the bytes are written. Default: none. */
  readonly digests?: WantedDigests;
}

/** Who may stop the work, and hears of it. */
interface Reporting {
  readonly signal?: JobRequest['signal'] | undefined;
  readonly onProgress?: JobRequest['onProgress'];
}

/**
 * Writes all bytes of a plan to where they are staged, on all threads.
 * @throws PrpackError ABORTED, INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
 */
export async function writePlan(
  { plan, source, steps, pool, digests = {} }: PlannedBytes,
  staged: StagedBytes,
  { signal, onProgress }: Reporting,
): Promise<Digests> {
  const { sizeBytes: bytesTotal } = plan;
  const onBytes = (bytesDone: number) => onProgress?.({ phase: 'write', bytesDone, bytesTotal });
  const { handle, written } = staged;
  const output = { plan, source, steps, output: handle, onChunk: written, digests };
  const [taken] = await executePlans([output], { pool, signal, onBytes });
  return taken;
}

/** As {@link writePlan}, one byte after the other. */
export async function appendPlan(
  { plan, source, steps, digests = {} }: PlannedBytes,
  sink: Sink,
  { signal, onProgress }: Reporting,
): Promise<Digests> {
  const renderer = await ChunkRenderer.create(plan, source, steps);
  const writer = new DigestingWriter(sink, digests);
  for (const { bytes } of renderer.chunks()) {
    await writer.write(bytes);
    onProgress?.({ phase: 'write', bytesDone: sink.sizeBytes, bytesTotal: plan.sizeBytes });
    await yieldToEventLoop(signal);
  }
  return writer.digests();
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
