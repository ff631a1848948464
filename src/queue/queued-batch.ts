import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeOutputDirectory } from '../bytes/output-directory.js';
import { PrpackError } from '../errors.js';
import { removeAbandoned } from '../packager/batch/abandoned.js';
import { planBatch, sharedContentWarnings } from '../packager/batch/plan.js';
import { type Results, ResultsFile } from '../packager/batch/results.js';
import { Tally } from '../packager/batch/tally.js';
import type { BatchOptions, BatchResult, Job, ResultLine } from '../packager/batch/types.js';
import { type Engine, type JobQueue, openEngine, reasonOf } from './engine.js';
import { type JobData, jobIdOf, type PackedJob, packJob } from './job-data.js';
import { lineOfEnded } from './lines.js';
import { MOST_TRIES } from './retry.js';

/** Jobs that are put into the queue, looked for or taken out at once. */
const GROUP = 200;
/** The queue is asked for jobs that have ended so often, in milliseconds. */
const POLL_MS = 250;
/** An engine that does not answer is asked again after so long, in milliseconds. */
const RECONNECT_MS = 2000;
/** Jobs of which nothing was heard for so long are put into the queue again, in milliseconds: an engine can lose some. */
const SILENCE_MS = 60_000;

/** As of a batch on one machine, without what is the workers' matter: keys, key store, jobs at a time. */
export interface QueuedBatchOptions
  extends Pick<
    BatchOptions,
    'source' | 'outDir' | 'name' | 'results' | 'shard' | 'resume' | 'force' | 'settings'
  > {
  /** Location of the queue. */
  readonly queue: string;
  /** Jobs of lower numbers are taken first; those of 0 before all others. Default 0. */
  readonly priority?: number;
  readonly signal: AbortSignal;
  readonly onEvent: NonNullable<BatchOptions['onEvent']>;
  /** The engine does not answer; it is asked again. */
  readonly onTrouble: (reason: string) => void;
}

/** A job on its way through the queue. */
interface SentJob {
  readonly number: number;
  readonly job: Job;
  readonly packed: PackedJob;
}

/**
 * Puts the jobs of a batch into a queue, and waits until workers have done them. The results file has a line for each in the end, as
 * on one machine. When the signal is given, jobs that no worker has begun are taken out again.
 * @throws PrpackError as `encryptBatch`; QUEUE_FAILED when the queue cannot be reached to begin with
 */
export async function runQueuedBatch(options: QueuedBatchOptions): Promise<BatchResult> {
  const { jobs, results: path } = await planBatch(options);
  const force = options.force === true;
  const sent = new Map(
    jobs.map((job, number) => [jobIdOf(job, force, path), { number, job, packed: packJob(job) }]),
  );
  const engine = await openEngine(options.queue);
  const queue = await engine.openQueue();
  try {
    makeOutputDirectory(options.outDir);
    makeOutputDirectory(dirname(path));
    await takeOverEarlier(queue, sent, path, options.signal);
    const results = await ResultsFile.open(path, options.signal);
    try {
      return await new QueuedRun(options, engine, queue, results, sent).finish();
    } finally {
      await results.close();
    }
  } finally {
    await queue.close();
  }
}

/**
 * Jobs that ended when nobody waited for them any more are noted as those of their own run: what they read may have changed since.
 */
async function takeOverEarlier(
  queue: JobQueue,
  sent: ReadonlyMap<string, SentJob>,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const earlier = await endedJobs(queue, (id) => sent.has(id));
  if (earlier.length === 0) return;
  const results = await ResultsFile.open(path, signal);
  try {
    for (const { line } of earlier) await results.add(line);
    await results.flush();
  } finally {
    await results.close();
  }
  await takeOut(
    queue,
    earlier.map(({ id }) => id),
  );
}

/** A batch under way on other machines. */
class QueuedRun {
  readonly #id = randomUUID();
  readonly #options: QueuedBatchOptions;
  readonly #engine: Engine;
  readonly #queue: JobQueue;
  readonly #results: Results;
  readonly #jobs: readonly Job[];
  /** Jobs that have not ended, by their ids. */
  readonly #open: Map<string, SentJob>;
  readonly #tally = new Tally();
  #heardMs = performance.now();

  constructor(
    options: QueuedBatchOptions,
    engine: Engine,
    queue: JobQueue,
    results: Results,
    sent: ReadonlyMap<string, SentJob>,
  ) {
    this.#options = options;
    this.#engine = engine;
    this.#queue = queue;
    this.#results = results;
    this.#jobs = [...sent.values()].map(({ job }) => job);
    this.#open = new Map(sent);
  }

  async finish(): Promise<BatchResult> {
    const { signal, onEvent } = this.#options;
    onEvent({ kind: 'planned', run: this.#id, total: this.#jobs.length });
    let isSent = false;
    while (this.#open.size > 0 && !signal.aborted) {
      try {
        if (!isSent || performance.now() - this.#heardMs > SILENCE_MS) await this.#send();
        isSent = true;
        const isMore = (await this.#collect()) === GROUP;
        if (!isMore && this.#open.size > 0) await pause(POLL_MS, signal); // what ends meanwhile is noted together
      } catch (error) {
        if (!isOfEngine(error)) throw error;
        this.#options.onTrouble(`${this.#engine.location}: ${reasonOf(error)}`);
        await pause(RECONNECT_MS, signal);
      }
    }
    if (this.#open.size > 0) await this.#withdraw();
    else await removeAbandoned(this.#jobs); // of workers that died
    return this.#result();
  }

  /** Puts jobs into the queue. Those that are there already stay as they are. */
  async #send(): Promise<void> {
    const { force = false, resume, priority = 0 } = this.#options;
    const opts = { attempts: MOST_TRIES, backoff: { type: 'by-error' }, ...(priority > 0 && { priority }) };
    const entries = [...this.#open].map(([jobId, { number, job, packed }]) => {
      const proof = resume ? this.#results.proofOf(job.output) : undefined;
      const names = { run: this.#id, id: `${this.#id}.${number}` };
      const data: JobData = { ...names, job: packed, force, ...(proof && { proof }) };
      return { name: 'encrypt', data, opts: { ...opts, jobId } };
    });
    for (const group of groupsOf(entries)) {
      if (this.#options.signal.aborted) return;
      await this.#queue.addBulk(group);
    }
    this.#heardMs = performance.now();
  }

  /** Notes the jobs that have ended, and takes them out of the queue once their lines are on the disk. */
  async #collect(): Promise<number> {
    const ended = await endedJobs(this.#queue, (id) => this.#open.has(id));
    if (ended.length === 0) return 0;
    for (const { id, line } of ended) {
      const { number } = this.#open.get(id)!;
      const own = { ...line, run: this.#id };
      await this.#results.add(own);
      this.#open.delete(id);
      this.#tally.add(own);
      const { ended: count } = this.#tally;
      this.#options.onEvent({
        kind: 'ended',
        job: number,
        line: own,
        ended: count,
        total: this.#jobs.length,
      });
    }
    await this.#results.flush();
    await takeOut(
      this.#queue,
      ended.map(({ id }) => id),
    );
    this.#heardMs = performance.now();
    return ended.length;
  }

  /** Takes out what no worker has begun. What workers have in hand they finish: the next run finds its result. */
  async #withdraw(): Promise<void> {
    try {
      await takeOut(this.#queue, [...this.#open.keys()]);
    } catch (error) {
      if (!isOfEngine(error)) throw error;
      this.#options.onTrouble(`${this.#engine.location}: ${reasonOf(error)}`);
    }
  }

  #result(): BatchResult {
    const total = this.#jobs.length;
    const common = { run: this.#id, dryRun: false, results: this.#results.path, total };
    const warnings = sharedContentWarnings(this.#jobs);
    return this.#tally.result({ ...common, warnings }, this.#open.size > 0);
  }
}

interface EndedJob {
  readonly id: string;
  readonly line: ResultLine;
}

/** Jobs of this batch that have ended, a group of them at most. Those of other batches are passed over. */
async function endedJobs(queue: JobQueue, isOwn: (id: string) => boolean): Promise<EndedJob[]> {
  for (let start = 0; ; start += GROUP) {
    const ids = await queue.getRanges(['completed', 'failed'], start, start + GROUP - 1, true);
    if (ids.length === 0) return [];
    const jobs = await Promise.all(ids.filter(isOwn).map((id) => queue.getJob(id)));
    const ended = jobs.flatMap((job) => (job?.id ? [{ id: job.id, line: lineOfEnded(job) }] : []));
    if (ended.length > 0) return ended;
  }
}

/** Takes jobs out of the queue, but for those that a worker has in hand. */
async function takeOut(queue: JobQueue, ids: readonly string[]): Promise<void> {
  for (const group of groupsOf(ids)) await Promise.all(group.map((id) => queue.remove(id)));
}

function groupsOf<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / GROUP) }, (_, i) =>
    items.slice(i * GROUP, (i + 1) * GROUP),
  );
}

/** What is neither of prpack nor a defect comes from the engine or its connection. */
function isOfEngine(error: unknown): boolean {
  return ![PrpackError, TypeError, RangeError, ReferenceError].some((kind) => error instanceof kind);
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}
