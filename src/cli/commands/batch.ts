import type { Command } from 'commander';
import type { BatchOptions, BatchResult, HttpClient, KeyStore } from '../../index.js';
import { interruptible } from '../interrupt.js';
import { addOptions } from '../options/add.js';
import { batchKeysOf } from '../options/batch-keys.js';
import { type DecryptKeys, withDecryptKeys } from '../options/decrypt-keys.js';
import {
  addDecryptKeysOption,
  addEncryptionKeyOptions,
  addKeyPerOption,
  assertNoIdleOptions,
  type EncryptFlags,
  encryptOptions,
  keyWarnings,
} from '../options/encryption.js';
import { addKeyStoreOptions } from '../options/key-store.js';
import { addMediaOptions } from '../options/media.js';
import { addJobOutputOptions } from '../options/output.js';
import { addPlayReadyOptions } from '../options/playready.js';
import { addPolicyOption } from '../options/policy.js';
import { addQueueOptions, assertNoIdleQueueOptions, type QueueFlags } from '../options/queue.js';
import { addConfigOption } from '../options/settings.js';
import { addSystemOptions } from '../options/systems.js';
import { addTelemetryOptions, type TelemetryFlags } from '../options/telemetry.js';
import { nonEmpty } from '../options/values.js';
import { withKeys } from '../options/with-keys.js';
import { type BatchProgress, createBatchProgress } from '../output/batch-progress.js';
import { formatBatchResult } from '../output/batch-text.js';
import { formatJson } from '../output/json.js';
import { writeTrouble } from '../output/queue-text.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { showQueue } from '../queue-status.js';
import { type Telemetry, withTelemetry } from '../telemetry.js';

type Library = typeof import('../../index.js');

interface BatchFlags extends Omit<EncryptFlags, 'contentId' | 'keysOut'>, QueueFlags, TelemetryFlags {
  readonly outDir: string;
  readonly name?: string;
  readonly jobs?: number;
  readonly results?: string;
  readonly shard?: string;
  readonly resume?: true;
  readonly dryRun?: true;
}

const EXAMPLES = `
Examples:
  prpack batch media/ --out-dir encrypted/
  prpack batch 'media/**/*.mp4' --out-dir encrypted/ --jobs 8 --name '{contentId}.mp4'
  prpack batch films.jsonl --out-dir encrypted/ --la-url https://drm.example.com/rightsmanager.asmx
  prpack batch films.csv --out-dir encrypted/ --resume --json
  prpack batch 's3://media/in/**/*.mp4' --out-dir s3://media/out/ --results run.jsonl
  prpack batch 'titles/*.yaml' --out-dir out/ --resume
  prpack batch films.jsonl --out-dir encrypted/ --shard 0/8          # on each of 8 machines another part
  prpack batch films.jsonl --out-dir /mnt/out --queue postgres://queue.example/prpack   # workers do it, see prpack worker
  prpack batch --status --queue postgres://queue.example/prpack --watch

A line of a manifest: {"input":"film 7.mp4","contentId":"film-7","layout":"keep"}
A line about a title: {"title":"film-8.yaml","outDir":"film-8"}
All fields, the results file and the exit codes are described in docs/batch.md.`;

/** `prpack batch <source>` */
export function configureBatch(command: Command): void {
  command
    .description(
      'Encrypts many files and packages many titles in one process, and goes on when one of them fails.',
    )
    .argument(
      '[source]',
      'manifest (.json, .jsonl, .csv), folder, s3 prefix, or pattern for paths of files, title files (.yaml) or s3 objects in quotes',
    )
    .option('--out-dir <folder>', 'folder or s3 prefix of the outputs', nonEmpty('--out-dir'));
  addBatchOptions(command);
  addQueueOptions(command);
  addMediaOptions(command);
  addEncryptionKeyOptions(command);
  addDecryptKeysOption(command);
  addRegistrationOptions(command);
  addSystemOptions(command);
  addPlayReadyOptions(command);
  addTelemetryOptions(command);
  addJobOutputOptions(command);
  addOptions(command, ['dryRun'], { dryRun: 'plan every file and report, and write nothing' });
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(batchAction);
}

function addBatchOptions(command: Command): void {
  addOptions(command, ['name', 'jobs', 'results', 'shard', 'resume']);
}

function addRegistrationOptions(command: Command): void {
  command.optionsGroup('Registration (before an output appears, its keys are in a key store):');
  addKeyPerOption(command, 'all tracks of a file');
  addPolicyOption(command);
  addKeyStoreOptions(command);
  addOptions(command, ['register'], {
    register: 'register nothing, because somebody else does; keys must be given',
  });
}

async function batchAction(source: string | undefined, flags: BatchFlags, command: Command): Promise<void> {
  if (flags.status) return showQueue(flags, source, command);
  assertWhole(source, flags, command);
  assertNoIdleOptions(flags, command);
  const isQueued = flags.queue !== undefined && !flags.dryRun; // a plan needs no workers
  assertNoIdleQueueOptions(isQueued, command);
  const library = await import('../../index.js');
  const watched = { isBatch: true, hasJobs: !isQueued, ...(isQueued && { queue: flags.queue! }) };
  const result = await interruptible((signal) =>
    withTelemetry(flags, watched, (telemetry) =>
      isQueued
        ? queueBatch(source, flags, { library, signal, telemetry })
        : withKeys(flags, library, signal, (store, client) =>
            withDecryptKeys({ flags, library, store, signal }, (decryptKeys) =>
              runBatch(source, flags, { library, signal, telemetry, store, client, decryptKeys }),
            ),
          ),
    ),
  );
  if (flags.json) await writeResult(formatJson(result));
  else if (flags.logLevel === undefined) writeMessage(formatBatchResult(result, styleOf(process.stderr)));
  process.exitCode = result.exitCode;
}

/** What only the queue does without. */
function assertWhole(
  source: string | undefined,
  { outDir }: BatchFlags,
  command: Command,
): asserts source is string {
  if (source === undefined) command.error("missing required argument 'source'");
  if (outDir === undefined) command.error("required option '--out-dir <folder>' not specified");
}

/** What any batch works with. */
interface Circumstances {
  readonly library: Library;
  readonly signal: AbortSignal;
  readonly telemetry: Telemetry;
}

/** What a batch works with that does its jobs itself. */
interface Surroundings extends Circumstances {
  readonly store: KeyStore;
  readonly client: HttpClient;
  readonly decryptKeys: DecryptKeys;
}

/** Lets workers do the batch. */
async function queueBatch(
  source: string,
  flags: BatchFlags,
  { library, signal, telemetry }: Circumstances,
): Promise<BatchResult> {
  const { runQueuedBatch } = await import('../../queue/queued-batch.js');
  const { settings, force } = await settingsOf(flags, library);
  const progress = await watchBatch(flags, telemetry);
  signal.addEventListener('abort', progress.stop, { once: true });
  try {
    return await runQueuedBatch({
      ...{ source, settings, force, signal, onEvent: progress.onEvent, ...placesOf(flags) },
      queue: flags.queue!,
      ...(flags.priority !== undefined && { priority: flags.priority }),
      onTrouble: (reason) => {
        telemetry.take({ kind: 'trouble', reason });
        if (!telemetry.hasLog) writeTrouble(flags, reason);
      },
    });
  } finally {
    progress.stop();
  }
}

async function runBatch(source: string, flags: BatchFlags, surroundings: Surroundings): Promise<BatchResult> {
  const { library, signal, telemetry, store, decryptKeys } = surroundings;
  const named = await batchKeysOf(flags, surroundings);
  const { settings, force, dryRun } = await settingsOf(flags, library);
  const progress = await watchBatch(flags, telemetry);
  signal.addEventListener('abort', progress.stop, { once: true }); // at once: a second signal may end the process
  try {
    const result = await library.encryptBatch({
      ...{ source, settings, force, dryRun, signal, onEvent: progress.onEvent, ...placesOf(flags) },
      ...(named && { keys: named.keys }),
      ...(flags.register && { keyStore: store }),
      openDecryptKeys: decryptKeys.open,
    });
    const warnings = [...keyWarnings(flags, named), ...decryptKeys.warnings, ...result.warnings];
    return { ...result, warnings };
  } finally {
    progress.stop();
  }
}

/** What shows people, or a log and Prometheus, how far the batch is. */
async function watchBatch(flags: BatchFlags, { hasLog, take }: Telemetry): Promise<BatchProgress> {
  const { onEvent, stop } = await createBatchProgress(
    { ...flags, ...(hasLog && { json: true }) },
    process.stderr,
  );
  return {
    onEvent: (event) => {
      take(event);
      onEvent(event);
    },
    stop,
  };
}

function placesOf({ outDir, name, jobs, results, shard, resume }: BatchFlags): Omit<BatchOptions, 'source'> {
  return {
    outDir,
    resume: resume === true,
    ...(name !== undefined && { name }),
    ...(jobs !== undefined && { jobs }),
    ...(results !== undefined && { results }),
    ...(shard !== undefined && { shard }),
  };
}

/** What `encrypt` takes from the same flags, as far as it is the same for every file. */
async function settingsOf(
  flags: BatchFlags,
  library: Library,
): Promise<{ settings: NonNullable<BatchOptions['settings']>; force: boolean; dryRun: boolean }> {
  const { decryptKeys } = flags;
  const { force = false, dryRun = false, ...settings } = await encryptOptions(flags, library);
  return { settings: { ...settings, ...(decryptKeys !== undefined && { decryptKeys }) }, force, dryRun };
}
