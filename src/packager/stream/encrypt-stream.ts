import type { ByteReadable, ByteWritable } from '../../bytes/platform.js';
import type { ByteSource } from '../../bytes/source.js';
import { assertKeysOutIsFree, writeKeysOut } from '../../keys/keys-out.js';
import { retryOnKeyRace } from '../../keystore/key-race.js';
import { protectionSettings } from '../../protection/protection-settings.js';
import { checkOptions } from '../../settings/check.js';
import { assertKeysApart, assertSchedulable, encrypt, prepareJob, reportJob } from '../encrypt.js';
import { planEncryption, processingSteps } from '../encryption-plan.js';
import { ChunkRenderer } from '../execute/renderer.js';
import { Clock, withInput, yieldToEventLoop } from '../job.js';
import { confirmPublication, registerKeys } from '../registration.js';
import type { EncryptOptions, EncryptResult } from '../types.js';
import { encryptLive, STREAM } from './encrypt-live.js';
import { StreamTarget } from './targets.js';

/** As for files, but that input and output may be streams. `onProgress` is told nothing of a stream as input: it has no total. */
export interface EncryptStreamOptions extends Omit<EncryptOptions, 'input' | 'output'> {
  /** Path or URL of a file, or a stream of fragmented MP4. A stream is destroyed when the work on it ends. */
  readonly input: string | ByteReadable;
  /** Path of a file, or a stream, which is not ended. */
  readonly output: string | ByteWritable;
}

/**
 * Encrypts from a stream, to a stream, or both.
 *
 * A stream as input is fragmented MP4, and its fragments keep their shape: each leaves as soon as it is complete, read back and
 * checked. A stream as output gets its first byte after the keys are registered as pending; they become active when the last
 * byte has left. What has left cannot be taken back: when this throws, the output stream holds an unfinished file.
 * @throws PrpackError as `encrypt`; TRUNCATED_INPUT when the stream ends early, OUTPUT_FAILED when its reader goes away
 */
export async function encryptStream(options: EncryptStreamOptions): Promise<EncryptResult> {
  checkOptions('encryptStream', options);
  protectionSettings(options); // refuses what the scheme cannot have before the input is read
  const { input, output } = options;
  if (typeof input !== 'string') return encryptLive({ ...options, input });
  if (typeof output !== 'string') return encryptFileToStream({ ...options, input, output: STREAM }, output);
  return encrypt({ ...options, input, output });
}

/** A file has its end in sight, so that its output is planned whole, in any layout, and only written another way. */
async function encryptFileToStream(options: EncryptOptions, output: ByteWritable): Promise<EncryptResult> {
  const { keyStore, keysOut, dryRun, signal, onProgress } = options;
  const clock = new Clock();
  assertKeysApart(options);
  assertSchedulable(options);
  return withInput(options.input, signal, async (source) => {
    const { job, planned, warnings } = await retryOnKeyRace(() => begin(source, options, clock));
    const { work } = job;
    if (dryRun) return reportJob({ planned, unchanged: false, warnings }, job);
    if (keysOut !== undefined) await writeKeysOut(keysOut, work.keys);
    const { plan, encryptions } = planned;
    const renderer = await ChunkRenderer.create(plan, source, processingSteps(work, encryptions));
    const target = new StreamTarget(output);
    for (const { bytes } of renderer.chunks()) {
      await target.write(bytes);
      onProgress?.({ phase: 'write', bytesDone: target.sizeBytes, bytesTotal: plan.sizeBytes });
      await yieldToEventLoop(signal);
    }
    clock.written();
    if (keyStore) await confirmPublication(keyStore, work.keys, target.sha256());
    return reportJob({ planned, unchanged: false, warnings }, job);
  });
}

/** All that goes before the first byte of the output. */
async function begin(source: ByteSource, options: EncryptOptions, clock: Clock) {
  const job = await prepareJob(source, options, clock);
  if (options.keysOut !== undefined) assertKeysOutIsFree(options.keysOut);
  const planned = await planEncryption(job.work, options);
  clock.planned();
  if (options.dryRun) return { job, planned, warnings: planned.warnings };
  const warnings = await registerKeys(options, job.work.keys, job.contentId, planned.laUrl);
  return { job, planned, warnings: [...planned.warnings, ...warnings] };
}
