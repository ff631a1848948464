import { nowMs } from '../bytes/clock.js';
import { openInput } from '../bytes/input.js';
import type { ByteSource } from '../bytes/source.js';
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
  readonly #start = nowMs();
  #planned = this.#start;
  #written = this.#start;

  planned(): void {
    this.#planned = nowMs();
    this.#written = this.#planned;
  }
  written(): void {
    this.#written = nowMs();
  }
  timings(): Timings {
    const end = nowMs();
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
  source: Pick<ByteSource, 'file' | 'sizeBytes'>,
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
