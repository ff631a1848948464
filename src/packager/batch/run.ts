import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { makeOutputDirectory } from '../../bytes/output-directory.js';
import type { Threads } from '../types.js';
import { removeAbandoned } from './abandoned.js';
import { type JobRunner, MainThreadRunner, ThreadRunner } from './job-runner.js';
import { planBatch, sharedContentWarnings } from './plan.js';
import { noResults, type Results, ResultsFile } from './results.js';
import { Tally } from './tally.js';
import { openTracing, type Tracing } from './tracing.js';
import type { BatchEvent, BatchOptions, BatchResult, Job } from './types.js';
import { type Onlooker, threadsFor, Workshop } from './workshop.js';

/** Plans a batch, and carries it out. */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const stop = new AbortController();
  const workshop = new Workshop(options, stop.signal);
  const { jobs, results: path } = await planBatch(options);
  await workshop.openDecryptKeys(options.settings ?? {}); // a mistake in what is said of all jobs is one of the batch
  const tracing = await openTracing();
  const run = (results: Results) => new Run(options, jobs, { workshop, stop, results, tracing }).finish();
  if (options.dryRun) return run(noResults(path));
  makeOutputDirectory(options.outDir);
  makeOutputDirectory(dirname(path));
  const results = await ResultsFile.open(path, options.signal);
  try {
    await removeAbandoned(jobs); // of a batch that was killed
    return await run(results);
  } finally {
    await removeAbandoned(jobs); // of threads that died
    await results.close();
  }
}

/** What a batch works with. */
interface Means {
  readonly workshop: Workshop;
  /** Ends the batch: the caller wants it, or the results cannot be kept. */
  readonly stop: AbortController;
  readonly results: Results;
  readonly tracing: Tracing | undefined;
}

/** A batch under way. */
class Run {
  readonly #id = randomUUID();
  readonly #options: BatchOptions;
  readonly #jobs: readonly Job[];
  readonly #workshop: Workshop;
  readonly #stop: AbortController;
  readonly #results: Results;
  readonly #tracing: Tracing | undefined;
  readonly #tally = new Tally();
  readonly #runners: readonly JobRunner[];
  readonly #threads: Threads;
  #next = 0;

  constructor(options: BatchOptions, jobs: readonly Job[], { workshop, stop, results, tracing }: Means) {
    this.#options = options;
    this.#jobs = jobs;
    this.#workshop = workshop;
    this.#stop = stop;
    this.#results = results;
    this.#tracing = tracing;
    const runners = Math.min(options.jobs ?? availableParallelism(), jobs.length);
    this.#threads = options.threads ?? threadsFor(runners);
    this.#runners =
      runners === 1 ? [new MainThreadRunner()] : Array.from({ length: runners }, () => new ThreadRunner());
  }

  async finish(): Promise<BatchResult> {
    const { signal } = this.#options;
    const stop = () => this.#stop.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    this.#tell({ kind: 'planned', run: this.#id, total: this.#jobs.length });
    try {
      const ends = await Promise.allSettled(this.#runners.map((runner) => this.#workOn(runner)));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      await this.#results.flush();
    } finally {
      this.#tracing?.end();
      signal?.removeEventListener('abort', stop);
      await Promise.all(this.#runners.map((runner) => runner.close()));
    }
    const { dryRun = false } = this.#options;
    const common = { run: this.#id, dryRun, results: this.#results.path, total: this.#jobs.length };
    const warnings = sharedContentWarnings(this.#jobs);
    return this.#tally.result({ ...common, warnings }, signal?.aborted ?? false);
  }

  async #workOn(runner: JobRunner): Promise<void> {
    try {
      while (this.#next < this.#jobs.length && !this.#stop.signal.aborted) {
        await this.#do(this.#next++, runner);
      }
    } catch (error) {
      this.#stop.abort(error); // the results cannot be kept: the other runners end, too
      throw error;
    }
  }

  #tell(event: BatchEvent): void {
    this.#tracing?.take(event);
    this.#options.onEvent?.(event);
  }

  /** Does a job, and notes how it ended. */
  async #do(number: number, runner: JobRunner): Promise<void> {
    const { resume, force = false, dryRun = false } = this.#options;
    const job = this.#jobs[number]!;
    const id = `${this.#id}.${number}`;
    this.#tell({ kind: 'started', job: number, id, input: job.input });
    const onlooker: Onlooker = {
      onProgress: (progress) => this.#tell({ kind: 'progress', job: number, progress }),
      onKeys: (operation) => this.#tell({ kind: 'keys', job: number, id, ...operation }),
    };
    const proof = resume ? this.#results.proofOf(job.output) : undefined;
    const task = { run: this.#id, id, job, force, dryRun, threads: this.#threads, proof };
    const { line, work } = await this.#workshop.do(task, runner, onlooker);
    await this.#results.add(line);
    this.#tally.add(line);
    const progress = { ended: this.#tally.ended, total: this.#jobs.length };
    this.#tell({ kind: 'ended', job: number, line, ...(work && { work }), ...progress });
  }
}
