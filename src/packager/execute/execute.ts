import type { OutputPlace } from '../../bytes/output-place.js';
import type { ByteSource } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import type { OutputPlan } from '../../layout/output-plan.js';
import { named } from '../../settings/spelling.js';
import type { Digests, WantedDigests } from '../digests.js';
import { assertNotAborted } from './abort.js';
import { CHUNK_BYTES, chunksOf, type OutputChunk } from './chunk.js';
import { ChunkQueue } from './chunk-queue.js';
import { HeldKeys } from './held-keys.js';
import { type OnWritten, writeInline } from './inline.js';
import { OutputDigests } from './output-digests.js';
import { type ProcessingStep, type TrackTask, tasksOf, wholeSamplesOf } from './sample-processor.js';
import type { WorkerPool } from './worker-pool.js';

/** One output: its plan, and what its bytes are made of. */
export interface PlannedOutput {
  readonly plan: OutputPlan;
  readonly source: ByteSource;
  /** What is done to the samples, in this order. */
  readonly steps: readonly ProcessingStep[];
  readonly output: OutputPlace;
  /** Called for each range that is written, in any order. */
  readonly onChunk?: ((startBytes: number, lengthBytes: number) => void) | undefined;
  /** Taken while the output is written. Default: none. */
  readonly digests?: WantedDigests | undefined;
}

/** How outputs are written. */
export interface Execution {
  /** Threads that write next to this one; none by default. They are stopped when this returns. */
  readonly pool?: WorkerPool | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of all outputs written so far. */
  readonly onBytes?: ((bytesDone: number) => void) | undefined;
  /** Called when an output is written whole, while others are still being written; what it returns is waited for. */
  readonly onOutput?: ((output: number) => Promise<void>) | undefined;
  /** Default 1 MiB. */
  readonly chunkBytes?: number | undefined;
}

/**
 * Writes outputs whole, each thread one of its own as far as there are enough. When this returns, every byte was handed to the operating
 * system, and no thread is left.
 * @param outputs with a pool, every source is a file
 * @returns the digests that were asked for, one an output
 * @throws PrpackError ABORTED, INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED, as `onOutput`
 */
export async function executePlans(
  outputs: readonly PlannedOutput[],
  { signal, onBytes, onOutput, chunkBytes = CHUNK_BYTES, pool }: Execution = {},
): Promise<Digests[]> {
  assertNotAborted(signal);
  const keys = new HeldKeys();
  const digests = outputs.map(({ digests: wanted }) => digestsFor(wanted));
  const sizeBytes = outputs.reduce((sum, { plan }) => sum + plan.sizeBytes, 0);
  let writtenBytes = 0;
  const leftBytes = outputs.map(({ plan }) => plan.sizeBytes);
  const followUps: Promise<void>[] = [];
  const onWritten: OnWritten = async ({ output, startBytes, lengthBytes }, bytes) => {
    writtenBytes += lengthBytes;
    onBytes?.(writtenBytes);
    outputs[output].onChunk?.(startBytes, lengthBytes);
    leftBytes[output] -= lengthBytes;
    if (onOutput && leftBytes[output] === 0) followUps.push(followUp(onOutput, output));
    await digests[output]?.add(startBytes, bytes);
  };
  try {
    const tasks = outputs.map(({ steps }) => steps.map((step) => tasksOf(step, keys.hold)));
    const targets = outputs.map(({ source, output }, i) => ({ source, output, steps: tasks[i] }));
    const chunks = new ChunkQueue(outputs.map((_, i) => chunksOfOutput(outputs, tasks, i, chunkBytes)));
    const work = { chunks, targets, memoryBytes: Math.min(chunkBytes, sizeBytes), signal };
    if (pool) {
      const { writeOnThreads } = await import('./threads.js');
      await writeOnThreads(work, pool, onWritten, digests);
    } else await writeInline(work, onWritten);
    assertAll(sizeBytes, writtenBytes);
    await Promise.all(followUps);
    return outputs.map(({ plan }, i) => digests[i]?.finish(plan.sizeBytes) ?? {});
  } finally {
    await Promise.allSettled(followUps); // they use files that the caller closes
    keys.wipe();
  }
}

/** Where nothing is to be known, no chunk waits for those before it. */
function digestsFor(wanted: WantedDigests = {}): OutputDigests | undefined {
  const { fingerprintKey, sha256 = false } = wanted;
  return fingerprintKey !== undefined || sha256 ? new OutputDigests(wanted) : undefined;
}

/** What follows on an output; that it fails is heard of when all are written. */
function followUp(onOutput: (output: number) => Promise<void>, output: number): Promise<void> {
  const done = onOutput(output);
  done.catch(() => {});
  return done;
}

function* chunksOfOutput(
  outputs: readonly PlannedOutput[],
  tasks: readonly (readonly (readonly TrackTask[])[])[],
  output: number,
  chunkBytes: number,
): Generator<OutputChunk> {
  const { plan, source } = outputs[output];
  const wholeSamples = wholeSamplesOf(tasks[output].flat());
  for (const chunk of chunksOf(plan, source, chunkBytes, wholeSamples)) yield { ...chunk, output };
}

function assertAll(sizeBytes: number, writtenBytes: number): void {
  if (sizeBytes === writtenBytes) return;
  throw new PrpackError('INTERNAL', 'not all of the output was written', {
    expected: sizeBytes,
    received: writtenBytes,
    remedy: `Run it again with ${named('threads', 1)}, and report this as a defect of prpack.`,
  });
}
