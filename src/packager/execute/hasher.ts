import type { OutputHandle } from '../../bytes/write.js';
import { type FromHasher, type ToHasher, unpackError } from './messages.js';
import { Thread } from './thread.js';

/** Hashes the output on a thread of its own, in file order, close behind the threads that write it out of order. */
export class Hasher {
  /** SHA-256, 64 hexadecimal digits. Pending for ever when the thread fails, which is reported. */
  readonly result: Promise<string>;
  readonly #thread: Thread<ToHasher, FromHasher>;
  readonly #endOfStretch = new Map<number, number>();
  #completeBytes = 0;
  #finish!: (sha256: string) => void;

  constructor(output: OutputHandle, sizeBytes: number, report: (error: Error) => void) {
    this.result = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const take = (answer: FromHasher) => {
      if (answer.kind === 'hashed') this.#finish(answer.sha256);
      else report(unpackError(answer.error));
    };
    this.#thread = new Thread('hash-worker.js', take, report);
    this.#thread.post({ kind: 'start', output, sizeBytes });
  }

  /** A stretch is written. Stretches may come in any order, but each once. */
  written(startBytes: number, lengthBytes: number): void {
    this.#endOfStretch.set(startBytes, startBytes + lengthBytes);
    const before = this.#completeBytes;
    for (let end = this.#takeEnd(); end !== undefined; end = this.#takeEnd()) this.#completeBytes = end;
    if (this.#completeBytes > before) this.#thread.post({ kind: 'complete', upToBytes: this.#completeBytes });
  }

  async stop(): Promise<void> {
    await this.#thread.stop();
  }

  #takeEnd(): number | undefined {
    const end = this.#endOfStretch.get(this.#completeBytes);
    if (end !== undefined) this.#endOfStretch.delete(this.#completeBytes);
    return end;
  }
}
