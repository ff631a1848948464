import type { Worker } from 'node:cluster';
import { AggregatorRegistry, type MetricObject } from 'prom-client';
import type { FromWorker, ToWorker } from './messages.js';

/** Those who collect metrics wait a few seconds; a worker that does not answer soon is left out. */
const COUNT_WAIT_MS = 1000;

interface Count {
  readonly missing: Set<Worker>;
  readonly metrics: (readonly MetricObject[])[];
  readonly end: () => void;
}

/** Adds up the metrics of all workers for the one that is asked for them. */
export class MetricsOfAll {
  readonly #workers = new Set<Worker>();
  readonly #counts = new Map<number, Count>();
  #last = 0;

  /** @param worker that listens */
  add(worker: Worker): void {
    this.#workers.add(worker);
  }

  remove(worker: Worker): void {
    this.#workers.delete(worker);
    for (const count of this.#counts.values()) strike(count, worker);
  }

  hear(worker: Worker, message: Exclude<FromWorker, { kind: 'listening' }>): void {
    if (message.kind === 'total') void this.#answer(worker, message.request);
    else {
      const count = this.#counts.get(message.request);
      if (!count?.missing.has(worker)) return; // it is late
      count.metrics.push(message.metrics);
      strike(count, worker);
    }
  }

  async #answer(worker: Worker, request: number): Promise<void> {
    const metrics = await this.#countAll();
    const text = await AggregatorRegistry.aggregate(metrics as never).metrics();
    if (worker.isConnected()) worker.send({ kind: 'total', request, text } satisfies ToWorker);
  }

  async #countAll(): Promise<Count['metrics']> {
    const request = ++this.#last;
    const metrics: Count['metrics'] = [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, COUNT_WAIT_MS);
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#counts.set(request, { missing: new Set(this.#workers), metrics, end });
      for (const worker of this.#workers) worker.send({ kind: 'count', request } satisfies ToWorker);
    });
    this.#counts.delete(request);
    return metrics;
  }
}

function strike({ missing, end }: Count, worker: Worker): void {
  missing.delete(worker);
  if (missing.size === 0) end();
}
