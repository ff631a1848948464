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

/**
 * A thread that takes fingerprints of files, one after the other, while this one goes on. It runs as long as there are any to take, for it
 * has memory that others can use then. Whoever makes it stops it.
 */
export class FingerprintThread {
  #thread: Thread<ToFingerprinter, FromFingerprinter> | undefined;
  readonly #signal: AbortSignal | undefined;
  /** Those who wait, in the order of the files. */
  #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(signal: AbortSignal | undefined) {
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
      this.#thread ??= new Thread('fingerprint-worker.js', this.#take, this.#fail, HEAP);
      this.#thread.post({ path, key });
    });
    answer.catch(() => {}); // it may be needed later, or never
    return answer;
  }

  async stop(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    await this.#end();
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.stop();
  }

  readonly #take = (answer: FromFingerprinter): void => {
    const waiting = this.#waiting.shift();
    if (answer.kind === 'taken') waiting?.taken(answer.fingerprint);
    else waiting?.failed(unpackError(answer.error));
    if (this.#waiting.length === 0) void this.#end();
  };

  readonly #fail = (error: Error): void => {
    this.#failure ??= error;
    for (const { failed } of this.#waiting) failed(error);
    this.#waiting = [];
  };

  readonly #onAbort = (): void => this.#fail(abortedBy(this.#signal!));
}
