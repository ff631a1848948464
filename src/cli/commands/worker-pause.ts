import type { Command } from 'commander';
import { addOptions } from '../options/add.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { type QueueFlags, queueOf } from '../options/queue.js';
import { addConfigOption } from '../options/settings.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { printable } from '../output/units.js';

/** `prpack worker pause` */
export function configureWorkerPause(command: Command): void {
  command.description(
    'Lets no worker take a job any more; what they have in hand they finish. Holds for all batches of the queue.',
  );
  command.optionsGroup('Jobs:');
  addOptions(command, ['queue']);
  addJsonOption(command);
  addConfigOption(command);
  command.action(pauseAction);
}

async function pauseAction(flags: QueueFlags & OutputFlags, command: Command): Promise<void> {
  const location = queueOf(flags, command);
  const { pauseQueue } = await import('../../queue/status.js');
  const state = await pauseQueue(location, true);
  if (flags.json) await writeResult(formatJson(state));
  else writeMessage(`${printable(state.queue)} is paused: prpack worker resume lets workers go on.`);
}
