import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job as QueuedJob } from 'bullmq';
import { removeAbandoned } from '../packager/batch/abandoned.js';
import { ThreadRunner } from '../packager/batch/job-runner.js';
import { openTracing } from '../packager/batch/tracing.js';
import type { BatchOptions, JobWork, KeyOperation, ResultLine } from '../packager/batch/types.js';
import {
  type EndedTask,
  type Onlooker,
  threadsFor,
  Workshop,
  type WorkshopOptions,
} from '../packager/batch/workshop.js';
import { type Engine, type JobWorker, openEngine, reasonOf, type WorkerSettings } from './engine.js';
import { type JobData, unpackJob } from './job-data.js';
import { delayBeforeRetry } from './retry.js';

/**
 * A job whose worker says nothing for so long is given to another one, in milliseconds. An engine that is away for longer costs
 * that the jobs in hand are done twice, which comes to the same.
 */
const LOCK_MS = 10_000;
/** Jobs of workers that died are looked for so often, in milliseconds. */
const STALLED_INTERVAL_MS = 3000;
/** A job that so many workers died of is given up. */
const MOST_LOSSES = 5;
/** The engine is asked again after so long, in milliseconds. */
const RECONNECT_MS = 1000;
/** An engine that is away is waited for so long when a worker ends, and once more until its connections have ended, in milliseconds. */
const LAST_WORD_MS = 5000;
/** Minutes for which the engine counts the jobs that ended. */
const COUNTED_MINUTES = 60;

export interface WorkOptions extends WorkshopOptions, Pick<BatchOptions, 'jobs' | 'threads'> {
  /** Location of the queue. */
  readonly queue: string;
  /** Ends the work: no job is taken any more, those in hand are finished. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: WorkEvent) => void;
}

/** What happens at a worker, as it happens. */
export type WorkEvent =
  | { readonly kind: 'ready'; readonly worker: string; readonly queue: string; readonly jobs: number }
  /** `id` is that of the job in the results file, and in the logs of a key server. */
  | { readonly kind: 'started'; readonly id: string; readonly input: string }
  | ({ readonly kind: 'keys'; readonly id: string } & KeyOperation)
  /** A job has ended, for now where `retryMs` says when it is tried again. */
  | {
      readonly kind: 'ended';
      readonly line: ResultLine;
      /** Absent where nothing was encrypted. */
      readonly work?: JobWork;
      readonly ended: number;
      readonly retryMs?: number;
    }
  /** The engine does not answer, or has lost a job. */
  | { readonly kind: 'trouble'; readonly reason: string };

export interface WorkResult {
  /** Name of the worker. */
  readonly worker: string;
  readonly done: number;
  readonly skipped: number;
  /** For good. */
  readonly failed: number;
  /** Tries that failed and were to be repeated. */
  readonly retried: number;
  readonly elapsedMs: number;
}

/**
 * Takes jobs from a queue and does them, until the signal is given and those in hand are finished.
 * @throws PrpackError INVALID_ARGUMENT, QUEUE_FAILED, KEY_REQUIRED before any is taken
 */
export async function work(options: WorkOptions): Promise<WorkResult> {
  const workshop = new Workshop(options, new AbortController().signal); // what is begun is finished
  const engine = await openEngine(options.queue);
  await (await engine.openQueue()).close(); // with what it needs in the engine, or an error
  const tracing = await openTracing();
  const onEvent = (event: WorkEvent) => {
    tracing?.take(event);
    options.onEvent(event);
  };
  return new Work({ ...options, onEvent }, workshop, engine).finish();
}

/** How the try of a job failed. The engine keeps the message, which is the line of the results. */
class JobFailure extends Error {
  readonly retryMs: number | undefined;

  constructor(line: ResultLine, retryMs: number | undefined) {
    super(JSON.stringify(line));
    this.stack = ''; // the engine would keep it
    this.retryMs = retryMs;
  }
}

class Work {
  readonly #name = `${hostname()}-${process.pid}-${randomUUID().slice(0, 4)}`;
  readonly #options: WorkOptions;
  readonly #workshop: Workshop;
  readonly #engine: Engine;
  readonly #runners: ThreadRunner[];
  readonly #free: ThreadRunner[];
  readonly #inHand = new Set<Promise<unknown>>();
  readonly #counts = { done: 0, skipped: 0, failed: 0, retried: 0 };
  readonly #startMs = performance.now();

  constructor(options: WorkOptions, workshop: Workshop, engine: Engine) {
    this.#options = options;
    this.#workshop = workshop;
    this.#engine = engine;
    const jobs = options.jobs ?? availableParallelism();
    this.#runners = Array.from({ length: jobs }, () => new ThreadRunner()); // never this thread, which keeps the locks
    this.#free = [...this.#runners];
  }

  async finish(): Promise<WorkResult> {
    const { signal, onEvent } = this.#options;
    const { location: queue } = this.#engine;
    onEvent({ kind: 'ready', worker: this.#name, queue, jobs: this.#runners.length });
    const stopped = aborted(signal);
    try {
      while (!signal.aborted) await this.#takeJobs(stopped);
    } finally {
      await Promise.all(this.#runners.map((runner) => runner.close()));
    }
    const elapsedMs = Math.round(performance.now() - this.#startMs);
    return { worker: this.#name, ...this.#counts, elapsedMs };
  }

  /** Takes jobs until `stopped`, or until BullMQ gives up: a worker of it that could not begin never does, and another takes its place. */
  async #takeJobs(stopped: Promise<void>): Promise<void> {
    const { onEvent } = this.#options;
    const report = (error: unknown) => onEvent({ kind: 'trouble', reason: reasonOf(error) });
    const worker = this.#engine.startWorker((job) => this.#hold(this.#do(job)), this.#settings());
    worker.on('error', report);
    try {
      await Promise.race([worker.waitUntilReady().then(() => worker.run()), stopped]);
    } catch (error) {
      report(error);
      await Promise.race([sleep(RECONNECT_MS), stopped]);
    } finally {
      await this.#end(worker);
    }
  }

  /** Jobs in hand are finished. An engine that does not hear of it gives them to another worker. */
  async #end(worker: JobWorker): Promise<void> {
    const hasClosed = new AbortController();
    const closing = worker.close().finally(() => hasClosed.abort());
    await Promise.race([closing, this.#options.signal.aborted ? this.#giveUp(hasClosed.signal) : closing]);
  }

  /** Ends when the engine has been waited for long enough. */
  async #giveUp(signal: AbortSignal): Promise<void> {
    const wait = () => sleep(LAST_WORD_MS, undefined, { signal }).catch(() => {});
    await Promise.allSettled(this.#inHand);
    await wait();
    if (signal.aborted) return;
    this.#engine.giveUp();
    await wait();
  }

  #settings(): WorkerSettings {
    return {
      name: this.#name,
      autorun: false,
      concurrency: this.#runners.length,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: MOST_LOSSES,
      runRetryDelay: RECONNECT_MS,
      metrics: { maxDataPoints: COUNTED_MINUTES },
      settings: { backoffStrategy: (_tries, _type, error) => (error as JobFailure).retryMs ?? -1 },
    };
  }

  async #hold<T>(job: Promise<T>): Promise<T> {
    this.#inHand.add(job);
    try {
      return await job;
    } finally {
      this.#inHand.delete(job);
    }
  }

  /** Does a job. The result is the line that the results file is to have. */
  async #do(queued: QueuedJob<JobData>): Promise<ResultLine> {
    const runner = this.#free.pop()!;
    try {
      const ended = await this.#perform(queued, runner);
      const { line } = ended;
      if (line.status !== 'failed') {
        this.#counts[line.status]++;
        this.#tell(ended);
        return line;
      }
      throw this.#failure(line, queued);
    } finally {
      this.#free.push(runner);
    }
  }

  async #perform(queued: QueuedJob<JobData>, runner: ThreadRunner): Promise<EndedTask> {
    const { run, id, job: packed, force, proof } = queued.data;
    const job = unpackJob(packed);
    const { onEvent } = this.#options;
    onEvent({ kind: 'started', id, input: job.input });
    if (queued.attemptsStarted > 1) await removeAbandoned([job]); // of a worker that died of it, or with it
    const threads = this.#options.threads ?? threadsFor(this.#runners.length);
    const onlooker: Onlooker = {
      onProgress: () => {},
      onKeys: (operation) => onEvent({ kind: 'keys', id, ...operation }),
    };
    return this.#workshop.do({ run, id, job, force, dryRun: false, threads, proof }, runner, onlooker);
  }

  #failure(line: ResultLine, { attemptsMade, stalledCounter }: QueuedJob<JobData>): JobFailure {
    const retryMs = delayBeforeRetry(line.error!, attemptsMade + 1, stalledCounter > 0);
    this.#counts[retryMs === undefined ? 'failed' : 'retried']++;
    this.#tell({ line }, retryMs);
    return new JobFailure(line, retryMs);
  }

  #tell(task: EndedTask, retryMs?: number): void {
    const { done, skipped, failed } = this.#counts;
    const ended = done + skipped + failed;
    this.#options.onEvent({ kind: 'ended', ...task, ended, ...(retryMs !== undefined && { retryMs }) });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
