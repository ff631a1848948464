import type { JobType } from 'bullmq';
import { type JobQueue, openEngine } from './engine.js';

/** Jobs that wait while the queue is paused have this state in PostgreSQL; the types do not know of it. */
const PAUSED = 'paused' as JobType;

/** How much is in the queue, of all batches. */
export interface QueueCounts {
  readonly paused: boolean;
  /** Jobs that no worker has begun. */
  readonly waiting: number;
  /** Jobs that wait for their next try. */
  readonly delayed: number;
  readonly active: number;
  /** Jobs that have ended and that no batch has noted yet. */
  readonly done: number;
  readonly failed: number;
  /** Names of workers. */
  readonly workers: readonly string[];
}

/** Counts what is in a queue. */
export async function countJobs(queue: JobQueue): Promise<QueueCounts> {
  const [counts, paused, workers] = await Promise.all([
    queue.getJobCounts('waiting', PAUSED, 'prioritized', 'delayed', 'active', 'completed', 'failed'),
    queue.isPaused(),
    queue.getWorkers(),
  ]);
  const number = (name: string) => counts[name] ?? 0;
  return {
    paused,
    waiting: number('waiting') + number(PAUSED) + number('prioritized'),
    delayed: number('delayed'),
    active: number('active'),
    done: number('completed'),
    failed: number('failed'),
    workers: workers.map(({ rawname = '' }) => rawname.replace(/^.*?:w:/, '')).sort(),
  };
}

/** Counts what is in a queue, which is opened when it is first asked, and again when that failed. */
export class QueueCounter {
  readonly #location: string;
  #queue: Promise<JobQueue> | undefined;

  constructor(location: string) {
    this.#location = location;
  }

  /** @throws PrpackError QUEUE_FAILED, and what the engine throws */
  async count(): Promise<QueueCounts> {
    this.#queue ??= openEngine(this.#location).then((engine) => engine.openQueue());
    const opening = this.#queue;
    const queue = await opening.catch((error) => {
      if (this.#queue === opening) this.#queue = undefined;
      throw error;
    });
    return countJobs(queue);
  }

  async close(): Promise<void> {
    const queue = await this.#queue?.catch(() => undefined);
    await queue?.close();
  }
}
