import type { BatchEvent, ResultLine } from '../../index.js';
import type { WorkEvent } from '../../queue/work.js';
import { type LogLevel, type LogTarget, logLine } from '../../server/log.js';
import { GatheredLines } from '../../server/log-stream.js';
import { outcomeOf } from '../../telemetry/outcome.js';

type JobEvent = BatchEvent | WorkEvent;
type Level = Exclude<LogLevel, 'silent'>;
type Line = readonly [level: Level, fields: object, message: string];

/**
 * Lines of JSON about jobs, of the same shape as those of the key server. What is said of a job has its id as `reqId`, which a key
 * server has of the requests for it.
 */
export class JobLog {
  #target: LogTarget;

  constructor(level: LogLevel) {
    this.#target = { level, stream: new GatheredLines(process.stderr) };
  }

  take(event: JobEvent): void {
    if (event.kind === 'ready') this.#target = { ...this.#target, fields: { worker: event.worker } };
    const line = lineOf(event);
    if (line) this.write(...line);
  }

  write(...[level, fields, message]: Line): void {
    logLine(this.#target, level, fields, message);
  }
}

/** Undefined for what is too much to be told. */
function lineOf(event: JobEvent): Line | undefined {
  switch (event.kind) {
    case 'ready':
      return ['info', { queue: event.queue, jobs: event.jobs }, 'taking jobs'];
    case 'planned':
      return ['info', { run: event.run, total: event.total }, 'planned'];
    case 'started':
      return ['debug', { reqId: event.id, input: event.input }, 'begun'];
    case 'keys':
      return ['debug', { reqId: event.id, outcome: event.outcome, count: event.count }, 'keys registered'];
    case 'trouble':
      return ['warn', { reason: event.reason }, 'the queue does not answer'];
    case 'ended':
      return lineOfEnded(event);
    case 'progress':
      return undefined;
  }
}

const LEVELS: Readonly<Record<ReturnType<typeof outcomeOf>, Level>> = {
  done: 'info',
  unchanged: 'info',
  skipped: 'info',
  failed: 'error',
  retried: 'warn',
};

function lineOfEnded(event: Extract<JobEvent, { readonly kind: 'ended' }>): Line {
  const outcome = outcomeOf(event);
  const retryMs = 'retryMs' in event ? event.retryMs : undefined;
  return [LEVELS[outcome], { ...fieldsOf(event.line), ...(retryMs !== undefined && { retryMs }) }, outcome];
}

function fieldsOf({ id, input, output, contentId, kids, bytes, elapsedMs, error }: ResultLine): object {
  return { reqId: id, input, output, contentId, kids, bytes, ms: elapsedMs, ...(error && { err: error }) };
}
