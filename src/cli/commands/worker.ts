import type { Command } from 'commander';
import type { Threads } from '../../index.js';
import type { WorkOptions, WorkResult } from '../../queue/work.js';
import { addCommands, type CommandEntry } from '../command.js';
import { interruptible } from '../interrupt.js';
import { addOptions } from '../options/add.js';
import { batchKeysOf } from '../options/batch-keys.js';
import { withDecryptKeys } from '../options/decrypt-keys.js';
import { addEncryptionKeyOptions, keyWarnings } from '../options/encryption.js';
import { addKeyStoreOptions, type KeyStoreFlags } from '../options/key-store.js';
import type { KeyFlags } from '../options/keys.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { type QueueFlags, queueOf } from '../options/queue.js';
import { addConfigOption } from '../options/settings.js';
import { addTelemetryOptions, type TelemetryFlags } from '../options/telemetry.js';
import { withKeys } from '../options/with-keys.js';
import { formatJson } from '../output/json.js';
import { formatWorkResult, writeWorkEvent } from '../output/queue-text.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines, warningLines } from '../output/text.js';
import { type Telemetry, withTelemetry } from '../telemetry.js';

interface WorkerFlags extends KeyFlags, KeyStoreFlags, QueueFlags, TelemetryFlags, OutputFlags {
  readonly jobs?: number;
  readonly threads?: Threads;
  readonly register: boolean;
}

/** What is left of connections when the work has ended keeps the process for so long at most, in milliseconds. */
const LINGER_MS = 500;

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'pause',
    summary: 'let no worker take a job any more',
    load: async () => (await import('./worker-pause.js')).configureWorkerPause,
  },
  {
    name: 'resume',
    summary: 'let workers take jobs again',
    load: async () => (await import('./worker-resume.js')).configureWorkerResume,
  },
];

const EXAMPLES = `
Examples:
  prpack worker --queue postgres://queue.example/prpack --key-store https://keys.example
  PRPACK_QUEUE=postgres://prpack:…@queue.example/prpack prpack worker --jobs 4
  prpack worker --metrics 0.0.0.0:9464 --log-level info
  prpack worker pause --queue postgres://queue.example/prpack

Jobs come from prpack batch --queue. SIGTERM lets the jobs in hand be finished, and then ends the worker.
What goes through the queue, and what happens when something dies, is described in docs/workers.md; metrics and logs in docs/observability.md.`;

/** `prpack worker` */
export function configureWorker(command: Command): void {
  command.description('Takes jobs of prpack batch --queue and does them, on any number of machines.');
  command.optionsGroup('Jobs:');
  addOptions(command, ['queue', 'jobs', 'threads']);
  addEncryptionKeyOptions(command);
  command.optionsGroup('Registration (before an output appears, its keys are in a key store):');
  addKeyStoreOptions(command);
  addOptions(command, ['register'], {
    register: 'register nothing, because somebody else does; keys must be given',
  });
  addTelemetryOptions(command);
  addJsonOption(command);
  addConfigOption(command);
  addCommands(command, COMMANDS);
  command.addHelpText('after', EXAMPLES);
  command.action(workerAction);
}

async function workerAction(flags: WorkerFlags, command: Command): Promise<void> {
  const queue = queueOf(flags, command);
  const result = await interruptible((signal) =>
    withTelemetry(flags, { queue, isBatch: false, hasJobs: true }, (telemetry) =>
      runWorker(queue, flags, telemetry, signal),
    ),
  );
  if (flags.json) await writeResult(formatJson(result));
  else if (flags.logLevel === undefined) writeMessage(formatWorkResult(result));
  setTimeout(() => process.exit(), LINGER_MS).unref(); // calls of an engine that is away may still be under way
}

async function runWorker(
  queue: string,
  flags: WorkerFlags,
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<WorkResult> {
  const library = await import('../../index.js');
  const { work } = await import('../../queue/work.js');
  const { jobs, threads } = flags;
  const style = styleOf(process.stderr);
  const { signal: never } = new AbortController(); // jobs in hand are finished with all that they need
  return withKeys(flags, library, never, (store, client) =>
    withDecryptKeys({ flags, library, store, signal: never }, async (decryptKeys) => {
      const named = await batchKeysOf(flags, { library, store, client });
      if (!flags.json) writeWarnings(keyWarnings(flags, named), style);
      const options: WorkOptions = {
        ...{ queue, signal },
        onEvent: (event) => {
          telemetry.take(event);
          if (!telemetry.hasLog) writeWorkEvent(event, flags, style);
        },
        openDecryptKeys: decryptKeys.open,
        ...(jobs !== undefined && { jobs }),
        ...(threads !== undefined && { threads }),
        ...(named && { keys: named.keys }),
        ...(flags.register && { keyStore: store }),
      };
      return work(options);
    }),
  );
}

function writeWarnings(warnings: readonly string[], style: ReturnType<typeof styleOf>): void {
  const lines = warningLines(warnings, style);
  if (lines.length > 0) writeMessage(joinLines(lines));
}
