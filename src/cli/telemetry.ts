import type { BatchEvent } from '../index.js';
import type { WorkEvent } from '../queue/work.js';
import type { TelemetryFlags } from './options/telemetry.js';
import { writeMessage } from './output/streams.js';

/** What is watched. */
export interface Watched {
  /** Location of the queue, where there is one. */
  readonly queue?: string;
  /** A batch, which knows how many jobs it has. */
  readonly isBatch: boolean;
  /** Whether the jobs are done by this process. */
  readonly hasJobs: boolean;
}

/** What the work tells of itself. */
export interface Telemetry {
  /** Whether lines for people are left out, as there is a log. */
  readonly hasLog: boolean;
  readonly take: (event: BatchEvent | WorkEvent) => void;
}

/** Lets the work be watched as the options say, until it ends. */
export async function withTelemetry<T extends object>(
  flags: TelemetryFlags,
  watched: Watched,
  work: (telemetry: Telemetry) => Promise<T>,
): Promise<T> {
  const log =
    flags.logLevel === undefined
      ? undefined
      : new (await import('./output/job-log.js')).JobLog(flags.logLevel);
  const metrics = flags.metrics === undefined ? undefined : await startMetrics(flags.metrics, watched);
  if (metrics && log) log.write('info', { url: metrics.url }, 'metrics');
  else if (metrics) writeMessage(`Metrics are served at ${metrics.url}.`);
  const take = (event: BatchEvent | WorkEvent) => {
    log?.take(event);
    metrics?.take(event);
  };
  try {
    const result = await work({ hasLog: log !== undefined, take });
    log?.write('info', result, 'ended');
    return result;
  } finally {
    await metrics?.close();
  }
}

async function startMetrics(address: string, { queue, isBatch, hasJobs }: Watched) {
  const { Registry } = await import('prom-client');
  const telemetry = await import('../telemetry/metrics.js');
  const { serveMetrics } = await import('../telemetry/metrics-server.js');
  const registry = new Registry();
  telemetry.addProcessMetrics(registry);
  const followers = [
    ...(hasJobs ? [new telemetry.WorkMetrics(registry)] : []),
    ...(isBatch ? [new telemetry.BatchMetrics(registry)] : []),
  ];
  const counter =
    queue === undefined ? undefined : new (await import('../queue/counts.js')).QueueCounter(queue);
  if (counter) telemetry.addQueueMetrics(registry, () => counter.count());
  const server = await serveMetrics(address, registry);
  return {
    url: server.url,
    take(event: BatchEvent | WorkEvent) {
      for (const follower of followers) follower.take(event);
    },
    async close() {
      await server.close();
      await counter?.close();
    },
  };
}
