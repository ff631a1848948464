import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { TlsOptions } from '../app.js';
import { type LogTarget, logLine } from '../log.js';
import type { KeyServer } from '../start.js';
import type { FromWorker, Listening, ToWorker } from './messages.js';
import { MetricsOfAll } from './metrics-of-all.js';

/** How long the pool waits before it starts a worker in the place of one that died: this, and twice as long each time that it dies again soon. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** A worker that lived for so long did not die of how it was started. */
const SOUND_MS = 30_000;
/** A worker that was told to end has time for what is in flight, and then for its store. */
const END_WAIT_MS = 20_000;

/** The first worker ended before it listened, and has said why. */
export interface FailedStart {
  readonly exitCode: number;
}

/**
 * Starts worker processes that serve one port together: each runs this command line again, and is given connections in turn. A worker
 * that dies is replaced.
 * @param count of processes, at least 1
 */
export async function startWorkers(count: number, log: LogTarget): Promise<KeyServer | FailedStart> {
  const pool = new Pool(log);
  const first = await pool.start(); // alone, so that what is wrong is said once
  if (!first) return { exitCode: pool.lastExitCode };
  await Promise.all(Array.from({ length: count - 1 }, () => pool.start()));
  return {
    ...first,
    reloadTls: (tls) => pool.reloadTls(tls),
    close: () => pool.close(),
  };
}

class Pool {
  readonly #log: LogTarget;
  readonly #living = new Set<Worker>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  readonly #metrics = new MetricsOfAll();
  #hasListened = false;
  #isEnding = false;
  lastExitCode = 1;

  constructor(log: LogTarget) {
    this.#log = log;
  }

  /** A new worker, once it listens; undefined when it ended before. */
  start(earlyDeaths = 0): Promise<Listening | undefined> {
    const worker = cluster.fork();
    const beganMs = performance.now();
    this.#living.add(worker);
    return new Promise((resolve) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind !== 'listening') return this.#metrics.hear(worker, message);
        this.#hasListened = true;
        this.#metrics.add(worker);
        resolve({ url: message.url, keyStore: message.keyStore });
      });
      worker.once('exit', (code, signal) => {
        this.#living.delete(worker);
        this.#metrics.remove(worker);
        this.lastExitCode = code || 1;
        if (this.#hasListened && !this.#isEnding) {
          const isEarly = performance.now() - beganMs < SOUND_MS;
          this.#replace(worker, signal ?? code, isEarly ? earlyDeaths : 0);
        }
        resolve(undefined);
      });
    });
  }

  reloadTls(tls: TlsOptions): void {
    for (const worker of this.#living) worker.send({ kind: 'tls', tls } satisfies ToWorker);
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    await Promise.all([...this.#living].map(endWorker));
  }

  #replace({ process: { pid } }: Worker, end: string | number, earlyDeaths: number): void {
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** earlyDeaths, LONGEST_DELAY_MS);
    logLine(this.#log, 'error', { worker: pid, end, delayMs }, 'a worker ended, and another takes its place');
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      void this.start(earlyDeaths + 1);
    }, delayMs);
    this.#restarts.add(timer);
  }
}

/** What is in flight is answered; a worker that does not come to its end is ended. */
async function endWorker({ process: child }: Worker): Promise<void> {
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_WAIT_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
}
