import cluster from 'node:cluster';
import { type KeyServerOptions, type ProcessServer, startKeyServer } from '../start.js';
import type { FromWorker, ToWorker } from './messages.js';

/** Whether this process is a worker of `startWorkers`. */
export function isWorker(): boolean {
  return cluster.isWorker;
}

/** Serves until `end` settles. The process can come to its end after that. */
export async function serveAsWorker(options: KeyServerOptions, end: () => Promise<void>): Promise<void> {
  process.on('SIGHUP', () => {}); // the process that started this one reads the certificates for all
  try {
    const totals = new Totals();
    const server = await startKeyServer({ ...options, metricsOfAll: () => totals.ask() });
    process.on('message', (message: ToWorker) => {
      if (message.kind === 'tls') server.reloadTls(message.tls);
      else if (message.kind === 'count') void count(server, message.request);
      else totals.hear(message.request, message.text);
    });
    const { url, keyStore } = server;
    tell({ kind: 'listening', url, keyStore });
    await end().finally(() => server.close());
  } finally {
    cluster.worker!.disconnect(); // or the channel would keep this process
  }
}

/** Metrics of all processes that this one has asked for. */
class Totals {
  readonly #waiting = new Map<number, (text: string) => void>();
  #last = 0;

  ask(): Promise<string> {
    const request = ++this.#last;
    tell({ kind: 'total', request });
    return new Promise((resolve) => this.#waiting.set(request, resolve));
  }

  hear(request: number, text: string): void {
    this.#waiting.get(request)?.(text);
    this.#waiting.delete(request);
  }
}

async function count(server: ProcessServer, request: number): Promise<void> {
  tell({ kind: 'counted', request, metrics: await server.metrics() });
}

/** Whoever has gone does not listen. */
function tell(message: FromWorker): void {
  if (process.connected) process.send!(message);
}
