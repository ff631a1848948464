import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { makeOutputDirectory, removeAbandonedParts } from '../../bytes/output-directory.js';
import { PrpackError } from '../../errors.js';
import type { PackagerKeyStore } from '../../keystore/key-store.js';
import { named } from '../../settings/spelling.js';
import type { Progress } from '../types.js';
import { ContentLocks } from './content-locks.js';
import { DecryptKeys } from './decrypt-keys.js';
import { JobKeys } from './job-keys.js';
import { type JobRunner, MainThreadRunner, ThreadRunner } from './job-runner.js';
import { NO_STORE } from './no-store.js';
import type { Outcome } from './perform.js';
import { planBatch, settingsFingerprint, sharedContentWarnings } from './plan.js';
import { publishedFiles } from './published-files.js';
import { isRegistered } from './registered.js';
import { Registrar } from './registrar.js';
import { type BegunJob, lineOfFailure, lineOfOutcome } from './result-line.js';
import { noResults, type Proof, type Results, ResultsFile } from './results.js';
import { Tally } from './tally.js';
import type { BatchOptions, BatchResult, Job, ResultLine } from './types.js';

/** Plans a batch, and carries it out. */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  assertKeysKept(options);
  const runners = options.jobs ?? availableParallelism();
  const { jobs, results: path } = await planBatch(options);
  const lookups = new DecryptKeys(options);
  await lookups.of(options.settings ?? {}); // a mistake in what is said of all jobs is one of the batch
  if (options.dryRun) {
    return new Run(options, jobs, lookups, noResults(path), Math.min(runners, jobs.length)).finish();
  }
  makeOutputDirectory(options.outDir);
  makeOutputDirectory(dirname(path));
  const results = await ResultsFile.open(path, options.signal);
  const outputs = jobs.map(({ output }) => output);
  try {
    removeAbandonedParts(outputs); // of a batch that was killed
    return await new Run(options, jobs, lookups, results, Math.min(runners, jobs.length)).finish();
  } finally {
    removeAbandonedParts(outputs); // of threads that died
    await results.close();
  }
}

/** A batch under way. */
class Run {
  readonly #id = randomUUID();
  readonly #options: BatchOptions;
  readonly #jobs: readonly Job[];
  readonly #lookups: DecryptKeys;
  readonly #results: Results;
  readonly #store: PackagerKeyStore;
  readonly #locks = new ContentLocks();
  readonly #tally = new Tally();
  readonly #runners: readonly JobRunner[];
  /** Ends the batch: the caller wants it, or the results cannot be kept. */
  readonly #stop = new AbortController();
  #next = 0;

  constructor(
    options: BatchOptions,
    jobs: readonly Job[],
    lookups: DecryptKeys,
    results: Results,
    runners: number,
  ) {
    this.#options = options;
    this.#jobs = jobs;
    this.#lookups = lookups;
    this.#results = results;
    this.#store = options.keyStore ? new Registrar(options.keyStore) : NO_STORE;
    this.#runners =
      runners === 1 ? [new MainThreadRunner()] : Array.from({ length: runners }, () => new ThreadRunner());
  }

  async finish(): Promise<BatchResult> {
    const { signal, onEvent } = this.#options;
    const stop = () => this.#stop.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    onEvent?.({ kind: 'planned', total: this.#jobs.length });
    try {
      const ends = await Promise.allSettled(this.#runners.map((runner) => this.#workOn(runner)));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      await this.#results.flush();
    } finally {
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

  /** Does a job, and notes how it ended. */
  async #do(number: number, runner: JobRunner): Promise<void> {
    const { onEvent } = this.#options;
    const job = this.#jobs[number]!;
    onEvent?.({ kind: 'started', job: number, input: job.input });
    const onProgress = (progress: Progress) => onEvent?.({ kind: 'progress', job: number, progress });
    const line = await this.#lineOf(job, runner, onProgress);
    await this.#results.add(line);
    this.#tally.add(line);
    onEvent?.({ kind: 'ended', job: number, line, ended: this.#tally.ended, total: this.#jobs.length });
  }

  async #lineOf(job: Job, runner: JobRunner, onProgress: (progress: Progress) => void): Promise<ResultLine> {
    const settingsSha256 = settingsFingerprint(job);
    const begun: BegunJob = { run: this.#id, job, settingsSha256, startedAt: new Date() };
    try {
      const proof = await this.#proofOf(begun);
      return lineOfOutcome(begun, await this.#perform(job, proof, runner, onProgress));
    } catch (error) {
      return lineOfFailure(begun, error);
    }
  }

  async #perform(
    job: Job,
    proof: Proof | undefined,
    runner: JobRunner,
    onProgress: (progress: Progress) => void,
  ): Promise<Outcome> {
    const { keys: source, force = false, dryRun = false } = this.#options;
    const threads = this.#options.threads ?? (this.#runners.length >= availableParallelism() ? 1 : 'auto');
    const decryptKeys = await this.#lookups.of(job.settings);
    const keys = new JobKeys(job.contentId, this.#store, source, this.#locks, decryptKeys);
    try {
      const tools = { keys, signal: this.#stop.signal, onProgress };
      return await runner.perform({ job, force, dryRun, threads, proof }, tools);
    } finally {
      keys.end();
    }
  }

  /** What an earlier run proves of this very job, as far as can be seen without reading files. */
  async #proofOf({ job, settingsSha256 }: BegunJob): Promise<Proof | undefined> {
    const { resume, keyStore } = this.#options;
    const proof = resume ? this.#results.proofOf(job.output) : undefined;
    if (proof?.settingsSha256 !== settingsSha256) return undefined;
    if (!keyStore) return proof;
    const published = job.title ? await publishedFiles(job.output) : [proof.outputFingerprint];
    return (await isRegistered(keyStore, proof.kids, published)) ? proof : undefined;
  }
}

function assertKeysKept({ keys, keyStore }: BatchOptions): void {
  if (keys || keyStore) return;
  throw new PrpackError('KEY_REQUIRED', 'random keys that are kept nowhere would lose the contents', {
    remedy: `Register them in a key store (${named('keyStore')}), or give ${named('keyFile')} or ${named('keySeedFile')}.`,
  });
}
