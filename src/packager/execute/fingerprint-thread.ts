import { unpackError } from '../../threads/sent-error.js';
import { Thread } from '../../threads/thread.js';
import { abortedBy } from './abort.js';
import type { FromFingerprinter, ToFingerprinter } from './messages.js';

/** It makes no objects to speak of. */
const HEAP = { maxYoungGenerationSizeMb: 1 };

interface Waiting {
  readonly taken: (fingerprint: string) => void;
  readonly failed: (error: Error) => void;
}

/** A thread that takes fingerprints of files, one after the other, while this one goes on. Whoever starts it stops it. */
export class FingerprintThread {
  readonly #thread: Thread<ToFingerprinter, FromFingerprinter>;
  readonly #signal: AbortSignal | undefined;
  /** Those who wait, in the order of the files. */
  #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#thread = new Thread('fingerprint-worker.js', this.#take, this.#fail, HEAP);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort);
  }

  /**
   * Fingerprint of a file under a key, 64 hexadecimal digits.
   * @throws PrpackError ABORTED, INPUT_NOT_FOUND, INPUT_UNREADABLE, TRUNCATED_INPUT
   */
  fingerprintOf(path: string, key: string): Promise<string> {
    const answer = new Promise<string>((taken, failed) => {
      if (this.#failure) return failed(this.#failure);
      this.#waiting.push({ taken, failed });
      this.#thread.post({ path, key });
    });
    answer.catch(() => {}); // it may be needed later, or never
    return answer;
  }

  async stop(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    await this.#thread.stop();
  }

  readonly #take = (answer: FromFingerprinter): void => {
    const waiting = this.#waiting.shift();
    if (answer.kind === 'taken') waiting?.taken(answer.fingerprint);
    else waiting?.failed(unpackError(answer.error));
  };

  readonly #fail = (error: Error): void => {
    this.#failure ??= error;
    for (const { failed } of this.#waiting) failed(error);
    this.#waiting = [];
  };

  readonly #onAbort = (): void => this.#fail(abortedBy(this.#signal!));
}
