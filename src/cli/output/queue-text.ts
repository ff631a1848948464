import type { QueueStatus } from '../../queue/status.js';
import type { WorkEvent, WorkResult } from '../../queue/work.js';
import type { OutputFlags } from '../options/output.js';
import { formatBatchLine } from './batch-text.js';
import { writeError, writeMessage } from './streams.js';
import type { Style } from './style.js';
import { joinLines } from './text.js';
import { count, formatElapsed, formatEta, printable } from './units.js';

/** Tells people of an engine that does not answer; it is asked again. */
export function writeTrouble({ json }: OutputFlags, reason: string): void {
  if (!json) writeError(`The queue does not answer, and is asked again: ${printable(reason)}`);
}

/** What is in a queue. */
export function formatQueueStatus(status: QueueStatus, style: Style): string {
  const { waiting, delayed, active, done, failed, paused, workers, ratePerSecond, failures } = status;
  const left = waiting + delayed + active;
  const eta = left === 0 ? '' : `, ETA ${formatEta(left / ratePerSecond)}`;
  return joinLines([
    `${style.bold(printable(status.queue))}${paused ? `  ${style.red('paused')}` : ''}`,
    `  ${waiting} waiting · ${active} active · ${delayed} to be tried again · ${done} done · ${failed} failed`,
    `  ${count(workers.length, 'worker')} · ${ratePerSecond.toFixed(1)} jobs/s${eta}`,
    ...workers.map((name) => `  ${style.dim('worker')} ${printable(name)}`),
    ...failures.map((line, i) => `  ${formatBatchLine(line, i + 1, failed, style)}`),
  ]);
}

/** What happens at a worker, as a line. */
export function writeWorkEvent(event: WorkEvent, flags: OutputFlags, style: Style): void {
  if (flags.json) return;
  if (event.kind === 'trouble') writeTrouble(flags, event.reason);
  else if (event.kind === 'ended') writeEnded(event, style);
  else if (event.kind === 'ready') {
    const { worker, queue, jobs } = event;
    writeMessage(`${worker} takes jobs of ${printable(queue)}, ${jobs} at a time, until SIGTERM.`);
  }
}

function writeEnded(
  { line, ended, retryMs }: Extract<WorkEvent, { readonly kind: 'ended' }>,
  style: Style,
): void {
  const write = line.status === 'failed' ? writeError : writeMessage;
  const again = retryMs === undefined ? '' : `\n  tried again in ${formatElapsed(retryMs)}`;
  write(`${formatBatchLine(line, ended, undefined, style)}${again}`);
}

/** How the work ended. */
export function formatWorkResult(result: WorkResult): string {
  const { worker, done, skipped, failed, retried, elapsedMs } = result;
  const parts = [
    `${done} done`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(retried > 0 ? [`${retried} tried again`] : []),
  ];
  return `${worker} has ended: ${parts.join(', ')} in ${formatElapsed(elapsedMs)}`;
}
