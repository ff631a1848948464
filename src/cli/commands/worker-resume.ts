import type { Command } from 'commander';
import { addOptions } from '../options/add.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { type QueueFlags, queueOf } from '../options/queue.js';
import { addConfigOption } from '../options/settings.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { printable } from '../output/units.js';

/** `prpack worker resume` */
export function configureWorkerResume(command: Command): void {
  command.description('Lets workers take jobs again, after prpack worker pause.');
  command.optionsGroup('Jobs:');
  addOptions(command, ['queue']);
  addJsonOption(command);
  addConfigOption(command);
  command.action(resumeAction);
}

async function resumeAction(flags: QueueFlags & OutputFlags, command: Command): Promise<void> {
  const location = queueOf(flags, command);
  const { pauseQueue } = await import('../../queue/status.js');
  const state = await pauseQueue(location, false);
  if (flags.json) await writeResult(formatJson(state));
  else writeMessage(`${printable(state.queue)} goes on.`);
}
