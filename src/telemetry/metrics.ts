import { Counter, collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { BatchEvent } from '../packager/batch/types.js';
import type { QueueCounts } from '../queue/counts.js';
import type { WorkEvent } from '../queue/work.js';
import { outcomeOf } from './outcome.js';

type JobEvent = BatchEvent | WorkEvent;
type Ended = Extract<JobEvent, { readonly kind: 'ended' }>;

/** Counters for Prometheus that follow what happens. */
export interface EventMetrics {
  take(event: JobEvent): void;
}

/** Of the process itself: processor time, memory, the delay of its event loop. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}

/** Jobs that this process does. */
export class WorkMetrics implements EventMetrics {
  readonly #jobs: Counter<'outcome'>;
  readonly #errors: Counter<'code'>;
  readonly #running: Gauge;
  readonly #durations: Histogram<'status'>;
  readonly #readBytes: Counter;
  readonly #writtenBytes: Counter;
  readonly #tracks: Counter;
  readonly #samples: Counter;
  readonly #keys: Counter<'outcome'>;
  readonly #queueFailures: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#jobs = new Counter({
      name: 'prpack_jobs_total',
      help: 'Jobs that ended here; retried: failed, and to be tried again',
      labelNames: ['outcome'],
      registers,
    });
    this.#errors = new Counter({
      name: 'prpack_job_errors_total',
      help: 'Tries of jobs that failed, by the code of the error',
      labelNames: ['code'],
      registers,
    });
    this.#running = new Gauge({ name: 'prpack_jobs_running', help: 'Jobs in hand', registers });
    this.#durations = new Histogram({
      name: 'prpack_job_duration_seconds',
      help: 'Time that a try of a job took',
      labelNames: ['status'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600],
      registers,
    });
    this.#readBytes = new Counter({
      name: 'prpack_job_read_bytes_total',
      help: 'Size of the inputs that were encrypted',
      registers,
    });
    this.#writtenBytes = new Counter({
      name: 'prpack_job_written_bytes_total',
      help: 'Size of the outputs that were written',
      registers,
    });
    this.#tracks = new Counter({
      name: 'prpack_job_tracks_total',
      help: 'Tracks that were encrypted',
      registers,
    });
    this.#samples = new Counter({
      name: 'prpack_job_samples_total',
      help: 'Samples of files that were encrypted; those of titles are not counted',
      registers,
    });
    this.#keys = new Counter({
      name: 'prpack_job_keys_total',
      help: 'Keys of jobs that the key store was given',
      labelNames: ['outcome'],
      registers,
    });
    this.#queueFailures = new Counter({
      name: 'prpack_queue_failures_total',
      help: 'Times that the engine of the queue did not answer, or had lost a job',
      registers,
    });
  }

  take(event: JobEvent): void {
    if (event.kind === 'started') this.#running.inc();
    else if (event.kind === 'keys') this.#keys.inc({ outcome: event.outcome }, event.count);
    else if (event.kind === 'trouble') this.#queueFailures.inc();
    else if (event.kind === 'ended') this.#end(event);
  }

  #end(event: Ended): void {
    const { line, work } = event;
    this.#running.dec();
    this.#jobs.inc({ outcome: outcomeOf(event) });
    this.#durations.observe({ status: line.status }, line.elapsedMs / 1000);
    if (line.error) this.#errors.inc({ code: line.error.code });
    if (!work) return;
    this.#readBytes.inc(line.fingerprint?.bytes ?? 0);
    this.#writtenBytes.inc(line.bytes ?? 0);
    this.#tracks.inc(work.tracks);
    this.#samples.inc(work.samples ?? 0);
  }
}

/** A batch, whoever does its jobs. */
export class BatchMetrics implements EventMetrics {
  readonly #planned: Gauge;
  readonly #ended: Counter<'status'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#planned = new Gauge({ name: 'prpack_batch_jobs', help: 'Jobs of the batch', registers });
    this.#ended = new Counter({
      name: 'prpack_batch_jobs_ended_total',
      help: 'Jobs of the batch that have ended',
      labelNames: ['status'],
      registers,
    });
  }

  take(event: JobEvent): void {
    if (event.kind === 'planned') this.#planned.set(event.total);
    else if (event.kind === 'ended') this.#ended.inc({ status: event.line.status });
  }
}

/** For so long an answer of the queue is waited for, in milliseconds: Prometheus waits for ten seconds. */
const PATIENCE_MS = 3000;

/** The queue, which is asked once whenever the metrics are. */
export function addQueueMetrics(registry: Registry, count: () => Promise<QueueCounts>): void {
  const counted = together(() => within(PATIENCE_MS, count()));
  addGauge(
    registry,
    'prpack_queue_up',
    '1 when the queue has answered; else what is said of it is missing',
    (gauge) => counted().then((counts) => gauge.set(counts ? 1 : 0)),
  );
  addGauge(registry, 'prpack_queue_workers', 'Workers that take jobs from the queue', (gauge) =>
    counted().then((counts) => setOrRemove(gauge, counts?.workers.length)),
  );
  addGauge(registry, 'prpack_queue_paused', '1 while the queue is paused', (gauge) =>
    counted().then((counts) => setOrRemove(gauge, counts && Number(counts.paused))),
  );
  new Gauge({
    name: 'prpack_queue_jobs',
    help: 'Jobs in the queue, of all batches; done and failed: not yet noted by a batch',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const { paused: _, workers: __, ...states } = (await counted()) ?? {};
      this.reset();
      for (const [state, number] of Object.entries(states)) this.set({ state }, number);
    },
  });
}

function addGauge(
  registry: Registry,
  name: string,
  help: string,
  collect: (gauge: Gauge) => Promise<void>,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      return collect(this);
    },
  });
}

function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

/** Those who ask while an answer is awaited get the same one. */
function together<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().finally(() => {
      answer = undefined;
    });
    return answer;
  };
}

/** Undefined for an answer that does not come in time, or is none. */
async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined);
  });
  try {
    return await Promise.race([answer.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
