import { abortedBy } from './abort.js';
import { type OnWritten, type Work, writeInline } from './inline.js';
import type { OutputDigests } from './output-digests.js';
import type { WorkerPool } from './worker-pool.js';

/**
 * Writes outputs by this thread and a pool of others. The thread that is free takes the next chunk. No thread is left
 * when this returns.
 * @param digests what `onWritten` adds the bytes to
 */
export async function writeOnThreads(
  work: Work,
  pool: WorkerPool,
  onWritten: OnWritten,
  digests: readonly (OutputDigests | undefined)[],
): Promise<void> {
  const failure = new Failure(work.signal);
  let here = Promise.resolve();
  try {
    const there = pool.write(work, onWritten, failure.report);
    here = writeInline({ ...work, signal: failure.signal }, onWritten).catch(failure.report);
    await Promise.race([Promise.all([here, there]), failure.reported]);
  } finally {
    failure.close();
    for (const one of digests) one?.abandon();
    // Whatever happened, nobody may write any more: the caller closes the file.
    await Promise.all([here, pool.stop()]);
  }
}

/** The first thing that goes wrong in any thread, or the caller's wish to stop: it ends the work in all of them. */
class Failure {
  readonly reported: Promise<never>;
  readonly #stop = new AbortController();
  readonly #wish: AbortSignal | undefined;
  #reject!: (error: Error) => void;

  constructor(wish: AbortSignal | undefined) {
    this.#wish = wish;
    this.reported = new Promise((_, reject) => {
      this.#reject = reject;
    });
    wish?.addEventListener('abort', this.#onWish);
  }

  /** Aborted as soon as anything has failed. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  readonly report = (error: Error): void => {
    this.#reject(error);
    this.#stop.abort();
  };

  close(): void {
    this.#stop.abort();
    this.#wish?.removeEventListener('abort', this.#onWish);
  }

  readonly #onWish = (): void => this.report(abortedBy(this.#wish!));
}
