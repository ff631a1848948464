import { type ResourceLimits, Worker } from 'node:worker_threads';
import { PrpackError } from '../errors.js';
import { packageFile } from '../package-file.js';
import { named, spellingOfOptions } from '../settings/spelling.js';

/** A worker thread whose end is never missed. */
export class Thread<To, From> {
  readonly #worker: Worker;
  #isStopped = false;

  /**
   * @param file an entry of rolldown.config.js
   * @param onFailure called when the thread ends before it should, whatever the reason
   * @param resourceLimits of its heap
   */
  constructor(
    file: string,
    onMessage: (message: From) => void,
    onFailure: (error: Error) => void,
    resourceLimits: ResourceLimits = {},
  ) {
    this.#worker = new Worker(packageFile(`dist/${file}`), {
      workerData: spellingOfOptions(),
      resourceLimits,
    });
    this.#worker.on('message', onMessage);
    this.#worker.on('messageerror', onFailure);
    this.#worker.on('error', onFailure);
    this.#worker.on('exit', (code) => {
      if (!this.#isStopped) onFailure(endedEarly(code));
    });
  }

  /** @param transfer memory that is handed over instead of copied */
  post(message: To, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Ends the thread, wherever it is; a system call that it is in comes to its end first. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#worker.terminate();
  }
}

function endedEarly(exitCode: number): PrpackError {
  return new PrpackError('INTERNAL', 'a worker thread ended before its work did', {
    received: exitCode,
    remedy: `Try again with ${named('threads', 1)}; if that works, report this as a defect of prpack.`,
  });
}
