import type { Command } from 'commander';
import { interruptible } from './interrupt.js';
import type { OutputFlags } from './options/output.js';
import { type QueueFlags, queueOf } from './options/queue.js';
import { formatJson } from './output/json.js';
import { formatQueueStatus } from './output/queue-text.js';
import { writeResult } from './output/streams.js';
import { styleOf } from './output/style.js';

/** Between two looks, in milliseconds. */
const INTERVAL_MS = 2000;
/** A single look takes so long, for the rate. */
const SINGLE_INTERVAL_MS = 1000;

/** Prints what is in the queue: once, or again and again. */
export async function showQueue(
  flags: QueueFlags & OutputFlags,
  source: string | undefined,
  command: Command,
): Promise<void> {
  if (source !== undefined) command.error('--status takes no source: it shows the whole queue');
  const location = queueOf(flags, command);
  const { watchQueue } = await import('../queue/status.js');
  const watch = await watchQueue(location, flags.watch ? INTERVAL_MS : SINGLE_INTERVAL_MS);
  try {
    await interruptible(async (signal) => {
      do {
        const status = await watch.next();
        await writeResult(
          flags.json ? lineOf(status, flags.watch) : formatQueueStatus(status, styleOf(process.stdout)),
        );
      } while (flags.watch && !signal.aborted);
    });
  } finally {
    await watch.close();
  }
}

/** One object on a line each, where there are several. */
function lineOf(status: object, isOneOfMany: boolean | undefined): string {
  return isOneOfMany ? `${JSON.stringify(status)}\n` : formatJson(status);
}
