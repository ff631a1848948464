import type { StagedSink } from '../bytes/sink.js';
import { assertTwoFiles } from '../bytes/sinks/file-sink.js';
import { openFileSink } from '../bytes/sinks/open-file-sink.js';
import type { ByteSource } from '../bytes/source.js';
import { protectionSettings } from '../protection/protection-settings.js';
import { assertSystemsHaveBoxes } from '../protection/pssh-boxes.js';
import { checkOptions } from '../settings/check.js';
import { checkEncrypted, type EncryptExpectations } from './check.js';
import { type PlannedEncryption, planEncryption } from './encryption-plan.js';
import { yieldToEventLoop } from './event-loop.js';
import type { WorkerPool } from './execute/worker-pool.js';
import { findExistingOutput } from './existing-output.js';
import {
  assertKeysApart,
  assertSchedulable,
  type EncryptJob,
  type FileSteps,
  plannedBytes,
  prepareJob,
  reportFile,
} from './file-job.js';
import { Clock, withInput, withWorkerPool } from './job.js';
import { packageContent } from './publication.js';
import type { EncryptOptions, EncryptResult } from './types.js';
import { checkStaged, writePlan } from './write-plan.js';

/**
 * Encrypts an MP4 file by MPEG Common Encryption (ISO/IEC 23001-7), with PlayReady and other `pssh` boxes.
 * The output appears under its name whole and checked, or not at all; with a key store, its keys are registered before.
 * Protected input is decrypted on the way where its keys are given as `decryptKeys`.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   NOTHING_TO_ENCRYPT, ALREADY_ENCRYPTED, NOT_ENCRYPTED, UNSUPPORTED_SCHEME, UNSUPPORTED_CODEC, UNSUPPORTED_FEATURE, KEY_REQUIRED, KEY_INVALID,
 *   KEY_CONFLICT, KEY_SOURCE_FAILED, KEY_STORE_FAILED, OUTPUT_EXISTS, OUTPUT_FAILED, OUTPUT_CHECK_FAILED, ABORTED
 */
export async function encrypt(options: EncryptOptions): Promise<EncryptResult> {
  checkOptions('encrypt', options);
  const clock = new Clock();
  assertKeysApart(options);
  assertSchedulable(options);
  protectionSettings(options); // refuses what the scheme cannot have before the input is opened
  assertSystemsHaveBoxes(options);
  assertTwoFiles(options.input, options.output);
  const { input, signal, threads, dryRun } = options;
  return withInput(input, signal, (source) =>
    withWorkerPool(source, dryRun ? 1 : threads, async (pool) =>
      reportFile(await packageContent(fileSteps(source, options, pool), options, clock), options, clock),
    ),
  );
}

/** A file as output. */
function fileSteps(
  source: ByteSource,
  options: EncryptOptions,
  pool: WorkerPool | undefined,
): FileSteps<StagedSink> {
  return {
    prepare: () => prepareJob(source, options, pool),
    findExisting: ({ work }) => findExistingOutput(work, options),
    open: () => openFileSink(options.output, options),
    plan: ({ work }) => planEncryption(work, options),
    write: async ({ job, plan }, { staged }, { keys }) => [
      { keys, ...(await writePlan(plannedBytes(job, plan, options), staged, options)) },
    ],
    check: ({ job, plan }, { staged }) =>
      checkStaged(staged, options, (output) =>
        checkEncrypted(output, expectationsOf(job, plan), () => yieldToEventLoop(options.signal)),
      ),
  };
}

function expectationsOf(
  { work: { movie, source, keys, reencryption } }: EncryptJob,
  { plan, encryptions, delaysTicks }: PlannedEncryption,
): EncryptExpectations {
  return {
    input: reencryption?.clearSource ?? source,
    movie,
    sizeBytes: plan.sizeBytes,
    encryptions,
    keyOf: (kid) => keys.find((key) => key.kid === kid)!.key,
    ...(delaysTicks && { delaysTicks }),
  };
}
