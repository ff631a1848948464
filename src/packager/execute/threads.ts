import type { OpenFile } from '../../bytes/source.js';
import { abortedBy } from './abort.js';
import type { Crew } from './crew.js';
import { Hasher } from './hasher.js';
import { type Work, writeInline } from './inline.js';
import type { Stretch } from './stretch.js';

/**
 * Writes the output by this thread and a crew beside it. Whoever is free takes the next stretch. No thread is left when
 * this returns.
 * @param fingerprint whether to hash the output by one more thread
 * @returns the output's SHA-256 if it was asked for
 */
export async function writeOnThreads(
  work: Work,
  input: OpenFile,
  crew: Crew,
  fingerprint: boolean,
  onWritten: (stretch: Stretch) => void,
): Promise<string | undefined> {
  const failure = new Failure(work.signal);
  const hasher = fingerprint ? new Hasher(work.output, work.sizeBytes, failure.report) : undefined;
  const written = (stretch: Stretch) => {
    hasher?.written(stretch.startBytes, stretch.lengthBytes);
    onWritten(stretch);
  };
  let here = Promise.resolve();
  try {
    const beside = crew.write(work, input, written, failure.report);
    here = writeInline({ ...work, signal: failure.signal }, written).catch(failure.report);
    const all = Promise.all([here, beside, hasher?.result]);
    const [, , sha256] = await Promise.race([all, failure.reported]);
    return sha256;
  } finally {
    failure.close();
    // Whatever happened, nobody may write any more: the caller closes the file.
    await Promise.all([here, crew.stop(), hasher?.stop()]);
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
