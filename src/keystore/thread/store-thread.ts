import { PrpackError } from '../../errors.js';
import { packKeys, unpackKeys } from '../../keys/sent-keys.js';
import { unpackError } from '../../threads/sent-error.js';
import { Thread } from '../../threads/thread.js';
import { KEK_COMMAND_WAIT_MS } from '../kek-command.js';
import type { SharedKeyStore } from '../key-store.js';
import type { AuditBacklog } from '../read-audit.js';
import type {
  FromStore,
  SentAnswer,
  SentCall,
  StoreCall,
  ThreadedStoreOptions,
  ToStore,
} from './messages.js';

/** How long a caller waits for the thread: longer than the thread waits for other processes. A KEK command has its time besides. */
const CALL_WAIT_MS = 5000;
/** For the last lines of the audit. */
const CLOSE_WAIT_MS = 5000;

/** Calls of one message: with more of them the thread would wait for this one, and then this one for the thread. */
const MOST_TOGETHER = 16;

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The embedded key store on a thread of its own: neither the flushes of the disk nor the locks of other processes hold up this one.
 * The thread starts with the first call, and again when it has failed. Calls throw what those of `KeyStore` do, and KEY_STORE_FAILED with
 * `retryAfterSeconds` when the thread takes too long; what was asked for may be done all the same.
 */
export class StoreThread implements SharedKeyStore {
  readonly location: string;
  readonly register = this.#remote('register');
  readonly markActive = this.#remote('markActive');
  readonly get = this.#remote('get');
  readonly findByContentId = this.#remote('findByContentId');
  readonly list = this.#remote('list');
  readonly revoke = this.#remote('revoke');
  readonly replacePolicy = this.#remote('replacePolicy');
  readonly audit = this.#remote('audit');
  readonly probe = this.#remote('probe');
  readonly rewrap = notHere;
  readonly pruneAudit = notHere;
  readonly #options: ThreadedStoreOptions;
  readonly #onBacklog: (backlog: AuditBacklog) => void;
  readonly #waitMs: number;
  readonly #calls = new Map<number, Call>();
  /** Calls of this turn of the event loop, which go together. */
  #outbox: SentCall[] = [];
  #lastCall = 0;
  #thread: Thread<ToStore, FromStore> | undefined;

  /** @param onBacklog called when lines of the audit could not be written, and when they were after all */
  constructor(options: ThreadedStoreOptions, onBacklog: (backlog: AuditBacklog) => void) {
    this.#options = options;
    this.#waitMs = CALL_WAIT_MS + (options.kekCommand === undefined ? 0 : KEK_COMMAND_WAIT_MS);
    this.#onBacklog = onBacklog;
    this.location = `sqlite:${options.path}`;
  }

  /** Writes what is left of the audit, as far as that is possible, and ends the thread. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    this.#send();
    this.#thread = undefined;
    // What stands in the way of the last lines has been reported.
    await this.#ask(CLOSE_WAIT_MS, (call) => thread.post({ kind: 'close', call })).catch(() => {});
    await thread.stop();
  }

  #remote<Method extends StoreCall>(method: Method): SharedKeyStore[Method] {
    const call = (...args: readonly unknown[]) => this.#call(method, args);
    return call as SharedKeyStore[Method];
  }

  #call(method: StoreCall, args: readonly unknown[]): Promise<unknown> {
    this.#thread ??= this.#start();
    const expiresMs = Date.now() + this.#waitMs;
    return this.#ask(this.#waitMs, (call) => {
      if (this.#outbox.length === 0) setImmediate(() => this.#send());
      this.#outbox.push({ call, method, args, expiresMs });
      if (this.#outbox.length >= MOST_TOGETHER) this.#send();
    });
  }

  #send(): void {
    const calls = this.#outbox.splice(0);
    if (calls.length > 0) this.#thread?.post({ kind: 'calls', calls: packKeys(calls) });
  }

  #ask(waitMs: number, post: (call: number) => void): Promise<unknown> {
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#take(call)?.reject(tooSlow(this.#options.path)), waitMs);
      this.#calls.set(call, { resolve, reject, timer });
      post(call);
    });
  }

  #start(): Thread<ToStore, FromStore> {
    const thread = new Thread<ToStore, FromStore>(
      'store-worker.js',
      (message) => this.#hear(message),
      (cause) => this.#fail(thread, cause),
    );
    thread.post({ kind: 'open', options: this.#options });
    return thread;
  }

  #hear(message: FromStore): void {
    if (message.kind === 'backlog') {
      const { kind, problem, ...counts } = message;
      this.#onBacklog({ ...counts, ...(problem && { problem: unpackError(problem) }) });
      return;
    }
    for (const answer of unpackKeys(message.answers) as readonly SentAnswer[]) {
      const call = this.#take(answer.call);
      if ('error' in answer) call?.reject(unpackError(answer.error));
      else call?.resolve(answer.value);
    }
  }

  /** The call, when somebody still waits for it. */
  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    clearTimeout(call?.timer);
    return call;
  }

  #fail(thread: Thread<ToStore, FromStore>, cause: Error): void {
    if (this.#thread === thread) this.#thread = undefined;
    this.#outbox = [];
    const error = threadFailed(this.#options.path, cause);
    for (const id of [...this.#calls.keys()]) this.#take(id)?.reject(error);
  }
}

async function notHere(): Promise<never> {
  throw new PrpackError('UNSUPPORTED_FEATURE', 'a running server does not do this to its key store', {
    remedy: 'Use `prpack keys` on the same store: the server may go on meanwhile.',
  });
}

function tooSlow(path: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `the key store does not answer: ${path}`, {
    path,
    retryAfterSeconds: 1,
    remedy: 'Check that the disk that holds the key store works and is not overloaded.',
  });
}

function threadFailed(path: string, cause: Error): PrpackError {
  return new PrpackError(
    'KEY_STORE_FAILED',
    `the thread of the key store failed: ${path} (${cause.message})`,
    { path, remedy: 'Try again; if it happens often, report it as a defect of prpack.' },
    cause,
  );
}
