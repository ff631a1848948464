import type { Command } from 'commander';
import type { BatchKeys, BatchOptions, BatchResult, HttpClient, KeyStore } from '../../index.js';
import { interruptible } from '../interrupt.js';
import { addOptions } from '../options/add.js';
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
import { asksByContent } from '../options/key-server.js';
import { addKeyStoreOptions } from '../options/key-store.js';
import { selectKeys } from '../options/keys.js';
import { addMediaOptions } from '../options/media.js';
import { addJobOutputOptions } from '../options/output.js';
import { addPlayReadyOptions } from '../options/playready.js';
import { addPolicyOption } from '../options/policy.js';
import { addConfigOption } from '../options/settings.js';
import { addSystemOptions } from '../options/systems.js';
import { nonEmpty } from '../options/values.js';
import { withKeys } from '../options/with-keys.js';
import { createBatchProgress } from '../output/batch-progress.js';
import { formatBatchResult } from '../output/batch-text.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';

type Library = typeof import('../../index.js');

interface BatchFlags extends Omit<EncryptFlags, 'contentId' | 'keysOut'> {
  readonly outDir: string;
  readonly name?: string;
  readonly jobs?: number;
  readonly results?: string;
  readonly shard?: string;
  readonly resume?: true;
}

const EXAMPLES = `
Examples:
  prpack batch media/ --out-dir encrypted/
  prpack batch 'media/**/*.mp4' --out-dir encrypted/ --jobs 8 --name '{contentId}.mp4'
  prpack batch films.jsonl --out-dir encrypted/ --la-url https://drm.example.com/rightsmanager.asmx
  prpack batch films.csv --out-dir encrypted/ --resume --json
  prpack batch 'titles/*.yaml' --out-dir out/ --resume
  prpack batch films.jsonl --out-dir encrypted/ --shard 0/8          # on each of 8 machines another part

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
      '<source>',
      'manifest (.json, .jsonl, .csv), folder, or pattern for paths of files or title files (.yaml) in quotes',
    )
    .requiredOption('--out-dir <folder>', 'folder of the outputs', nonEmpty('--out-dir'));
  addBatchOptions(command);
  addMediaOptions(command);
  addEncryptionKeyOptions(command);
  addDecryptKeysOption(command);
  addRegistrationOptions(command);
  addSystemOptions(command);
  addPlayReadyOptions(command);
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

async function batchAction(source: string, flags: BatchFlags, command: Command): Promise<void> {
  assertNoIdleOptions(flags, command);
  const library = await import('../../index.js');
  const result = await interruptible((signal) =>
    withKeys(flags, library, signal, (store, client) =>
      withDecryptKeys({ flags, library, store, signal }, (decryptKeys) =>
        runBatch(source, flags, { library, signal, store, client, decryptKeys }),
      ),
    ),
  );
  if (flags.json) await writeResult(formatJson(result));
  else writeMessage(formatBatchResult(result, styleOf(process.stderr)));
  process.exitCode = result.exitCode;
}

/** What a batch works with. */
interface Surroundings {
  readonly library: Library;
  readonly signal: AbortSignal;
  readonly store: KeyStore;
  readonly client: HttpClient;
  readonly decryptKeys: DecryptKeys;
}

async function runBatch(source: string, flags: BatchFlags, surroundings: Surroundings): Promise<BatchResult> {
  const { library, signal, store, decryptKeys } = surroundings;
  const named = await keysOf(flags, surroundings);
  const { settings, force, dryRun } = await settingsOf(flags, library);
  const progress = await createBatchProgress(flags, process.stderr);
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

/** Keys for all files, or from a server that is asked for those of each content id. */
async function keysOf(
  flags: BatchFlags,
  { library, store, client }: Surroundings,
): Promise<{ keys: BatchKeys; warnings: readonly string[] } | undefined> {
  const select = (contentId?: string) =>
    selectKeys(
      { ...flags, ...(contentId !== undefined && { contentId }) },
      process.env,
      library,
      store,
      client,
    );
  if (asksByContent(flags)) {
    return { keys: async (contentId) => (await select(contentId))!.source, warnings: [] };
  }
  const named = await select();
  return named && { keys: named.source, warnings: named.warnings };
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
