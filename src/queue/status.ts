import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultLine } from '../packager/batch/types.js';
import { countJobs, type QueueCounts } from './counts.js';
import { type JobQueue, openEngine, queueFailure } from './engine.js';
import { lineOfEnded } from './lines.js';

/** Failed jobs that are shown at most. */
const SHOWN_FAILURES = 20;

/** What is in the queue, of all batches. */
export interface QueueStatus extends QueueCounts {
  /** Location, without user and password. */
  readonly queue: string;
  /** Jobs that ended in a second, of late. */
  readonly ratePerSecond: number;
  /** Lines of the last jobs that failed for good, with their errors, as far as no batch has noted them yet. */
  readonly failures: readonly ResultLine[];
}

/** Looks at a queue again and again. */
export interface QueueWatch {
  /**
   * The queue now, with the rate since the last call. The first call takes an interval.
   * @throws PrpackError QUEUE_FAILED
   */
  next(): Promise<QueueStatus>;
  close(): Promise<void>;
}

/**
 * Opens a queue to look at it.
 * @param intervalMs between two looks, in milliseconds
 * @throws PrpackError INVALID_ARGUMENT, QUEUE_FAILED
 */
export async function watchQueue(location: string, intervalMs: number): Promise<QueueWatch> {
  const engine = await openEngine(location);
  const queue = await engine.openQueue();
  const answered = async <T>(question: Promise<T>): Promise<T> => {
    try {
      return await question;
    } catch (cause) {
      throw queueFailure(engine.location, cause);
    }
  };
  let before = { ended: await answered(endedIn(queue)), ms: performance.now() };
  return {
    async next() {
      await sleep(intervalMs);
      const now = { ended: await answered(endedIn(queue)), ms: performance.now() };
      const ratePerSecond = ((now.ended - before.ended) * 1000) / (now.ms - before.ms);
      before = now;
      const facts = await answered(factsOf(queue));
      return { queue: engine.location, ...facts, ratePerSecond: Math.round(ratePerSecond * 10) / 10 };
    },
    close: () => queue.close(),
  };
}

/** Jobs that have ever ended. */
async function endedIn(queue: JobQueue): Promise<number> {
  const metrics = await Promise.all([queue.getMetrics('completed'), queue.getMetrics('failed')]);
  return metrics.reduce((sum, { meta }) => sum + meta.count, 0);
}

async function factsOf(queue: JobQueue): Promise<Omit<QueueStatus, 'queue' | 'ratePerSecond'>> {
  const [counts, failed] = await Promise.all([
    countJobs(queue),
    queue.getJobs(['failed'], 0, SHOWN_FAILURES - 1),
  ]);
  return { ...counts, failures: failed.map(lineOfEnded) };
}

/**
 * Lets no worker take a job any more, or lets them again. What workers have in hand they finish.
 * @throws PrpackError INVALID_ARGUMENT, QUEUE_FAILED
 */
export async function pauseQueue(
  location: string,
  isPaused: boolean,
): Promise<{ queue: string; paused: boolean }> {
  const engine = await openEngine(location);
  const queue = await engine.openQueue();
  try {
    await (isPaused ? queue.pause() : queue.resume());
    return { queue: engine.location, paused: await queue.isPaused() };
  } catch (cause) {
    throw queueFailure(engine.location, cause);
  } finally {
    await queue.close();
  }
}
