import { PrpackError } from '../../errors.js';
import { packKeys, unpackKeys } from '../../keys/sent-keys.js';
import { named } from '../../settings/spelling.js';
import { packError, unpackError } from '../../threads/sent-error.js';
import { Thread } from '../../threads/thread.js';
import type { Progress } from '../types.js';
import type { JobKeys } from './job-keys.js';
import type { FromRunner, KeyCall, ToRunner } from './messages.js';
import { type Outcome, performTask, type Task } from './perform.js';

/** What a runner works with besides the task. */
export interface RunnerTools {
  readonly keys: JobKeys;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** A place where one job after another is done. */
export interface JobRunner {
  /** @throws PrpackError as `performTask` */
  perform(task: Task, tools: RunnerTools): Promise<Outcome>;
  close(): Promise<void>;
}

/** Does jobs on this thread. */
export class MainThreadRunner implements JobRunner {
  perform(task: Task, { keys, signal, onProgress }: RunnerTools): Promise<Outcome> {
    const source = keys.hasSource ? keys : undefined;
    return performTask(task, { keyStore: keys, keys: source, lookup: keys, signal, onProgress });
  }

  async close(): Promise<void> {}
}

/**
 * Does jobs on a thread of its own, which is started with the first one and serves them all. The key store and the key source stay
 * here; the thread asks for them.
 */
export class ThreadRunner implements JobRunner {
  #thread: Thread<ToRunner, FromRunner> | undefined;
  #work:
    | {
        readonly tools: RunnerTools;
        readonly resolve: (o: Outcome) => void;
        readonly reject: (e: Error) => void;
      }
    | undefined;

  perform(task: Task, tools: RunnerTools): Promise<Outcome> {
    const { keys, signal } = tools;
    this.#thread ??= this.#start();
    const thread = this.#thread;
    const onAbort = () => thread.post({ kind: 'abort' });
    const work = new Promise<Outcome>((resolve, reject) => {
      this.#work = { tools, resolve, reject };
      const { location, hasSource, canRotate } = keys;
      thread.post({ kind: 'task', task, location, hasSource, canRotate });
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    return work.finally(() => {
      signal.removeEventListener('abort', onAbort);
      this.#work = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#thread?.stop();
  }

  #start(): Thread<ToRunner, FromRunner> {
    const thread: Thread<ToRunner, FromRunner> = new Thread(
      'job-worker.js',
      (message) => this.#take(message),
      (error) => this.#lose(thread, error),
    );
    return thread;
  }

  /** The next job gets another thread. One thread can be lost twice: by an error, and by the end that follows. */
  #lose(thread: Thread<ToRunner, FromRunner>, error: Error): void {
    if (thread !== this.#thread) return;
    this.#thread = undefined;
    this.#work?.reject(threadLost(error));
  }

  #take(message: FromRunner): void {
    if (!this.#work) return;
    const { tools, resolve, reject } = this.#work;
    if (message.kind === 'progress') tools.onProgress(message.progress);
    else if (message.kind === 'ended') resolve(message.outcome);
    else if (message.kind === 'failed') reject(unpackError(message.error));
    else void this.#answer(message, tools.keys);
  }

  async #answer({ call, method, args }: Extract<FromRunner, { kind: 'call' }>, keys: JobKeys): Promise<void> {
    try {
      const value = packKeys(await callKeys(keys, method, unpackKeys(args) as never[]));
      this.#thread?.post({ kind: 'answer', call, value });
    } catch (error) {
      this.#thread?.post({ kind: 'refusal', call, error: packError(error) });
    }
  }
}

function callKeys(keys: JobKeys, method: KeyCall, args: never[]): Promise<unknown> {
  return (keys[method] as (...values: never[]) => Promise<unknown>).apply(keys, args);
}

function threadLost(cause: Error): PrpackError {
  const remedy = `Run the batch again with ${named('resume', true)}; if it happens again, encrypt this file alone to see why.`;
  return new PrpackError(
    'INTERNAL',
    `the thread of this job ended early: ${cause.message}`,
    { remedy },
    cause,
  );
}
