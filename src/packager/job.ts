import { setImmediate } from 'node:timers/promises';
import { openInput } from '../bytes/input.js';
import type { OutputFile } from '../bytes/output-file.js';
import type { ByteSource } from '../bytes/source.js';
import type { OutputPlan } from '../layout/output-plan.js';
import { assertNotAborted } from './execute/abort.js';
import { executePlan } from './execute/execute.js';
import type { ProcessingStep } from './execute/sample-processor.js';
import { startWorkerPool } from './execute/start-worker-pool.js';
import type { WorkerPool } from './execute/worker-pool.js';
import type { Progress, Threads, Timings } from './types.js';

/** What a job that turns one file into another was asked for. */
export interface JobRequest {
  readonly input: string;
  readonly output: string;
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly threads?: Threads;
}

/** Measures the stages of a job. */
export class Clock {
  readonly #start = performance.now();
  #planned = this.#start;
  #written = this.#start;

  planned(): void {
    this.#planned = performance.now();
    this.#written = this.#planned;
  }
  written(): void {
    this.#written = performance.now();
  }
  timings(): Timings {
    const end = performance.now();
    const round = (ms: number) => Math.round(ms * 10) / 10;
    return {
      planMs: round(this.#planned - this.#start),
      writeMs: round(this.#written - this.#planned),
      checkMs: round(end - this.#written),
      totalMs: round(end - this.#start),
    };
  }
}

/** Opens the input, a path or URL, and closes it when the work on it ends. */
export async function withInput<R>(
  name: string,
  signal: AbortSignal | undefined,
  work: (source: ByteSource) => Promise<R>,
): Promise<R> {
  const source = await openInput(name, signal);
  try {
    return await work(source);
  } finally {
    source.close();
  }
}

/** Starts the threads that an output of this input is worth, so that they are ready when the plan is; stops them at the end. */
export async function withWorkerPool<R>(
  source: ByteSource,
  threads: Threads | undefined,
  work: (pool: WorkerPool | undefined) => Promise<R>,
): Promise<R> {
  const pool = await startWorkerPool(source, threads);
  try {
    return await work(pool);
  } finally {
    await pool?.stop();
  }
}

/** Lets timers and signals in; then goes on, unless the job was stopped meanwhile. */
export async function yieldToEventLoop(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  assertNotAborted(signal);
}

/** Between two turns of the event loop, in ms: nobody notices that a signal waits so long. */
const WITHOUT_TURN_MS = 10;

/** As {@link yieldToEventLoop}, where there is much work in small parts: mostly returns at once. */
export class EventLoopYielder {
  readonly #signal: AbortSignal | undefined;
  #turnedAt = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** @throws PrpackError ABORTED */
  readonly yieldIfDue = async (): Promise<void> => {
    if (performance.now() - this.#turnedAt < WITHOUT_TURN_MS) return;
    await yieldToEventLoop(this.#signal);
    this.#turnedAt = performance.now();
  };
}

/** How an output comes to be. */
export interface Publication {
  readonly plan: OutputPlan;
  readonly source: ByteSource;
  /** What is done to the samples, in this order. */
  readonly steps: readonly ProcessingStep[];
  /** The threads that write it beside this one. */
  readonly pool: WorkerPool | undefined;
  /** Whether the SHA-256 of the output is wanted. */
  readonly fingerprint?: boolean;
  /** Reads the written file back, before it gets its name. */
  readonly check: (path: string) => Promise<void>;
  /** What must be done after the check and before the file gets its name, such as keeping the keys. */
  readonly beforePublish?: () => Promise<() => void>;
}

/**
 * Writes, flushes, checks and publishes an output; on any failure nothing of it is left.
 * @param file made by the caller; ended here in every case
 * @returns the SHA-256 of the output, 64 hexadecimal digits, when a fingerprint is wanted
 */
export async function publishOutput(
  file: OutputFile,
  request: JobRequest,
  publication: Publication,
  clock: Clock,
): Promise<string | undefined> {
  const { plan, source, steps, pool, fingerprint, check, beforePublish } = publication;
  const { signal, onProgress } = request;
  const bytesTotal = plan.sizeBytes;
  try {
    file.assertRoom(bytesTotal);
    const onBytes = (bytesDone: number) => onProgress?.({ phase: 'write', bytesDone, bytesTotal });
    const execution = {
      plan,
      source,
      steps,
      output: file,
      pool,
      signal,
      onBytes,
      fingerprint,
    };
    const { sha256 } = await executePlan(execution);
    file.flush();
    clock.written();
    onProgress?.({ phase: 'check', bytesDone: bytesTotal, bytesTotal });
    await yieldToEventLoop(signal);
    await check(file.temporaryPath);
    await yieldToEventLoop(signal);
    const undo = await beforePublish?.();
    try {
      file.publish();
    } catch (error) {
      undo?.();
      throw error;
    }
    return sha256;
  } finally {
    file.discard();
  }
}
