import type { ByteReadable, ByteWritable } from '../../bytes/platform.js';
import { StreamSink } from '../../bytes/sinks/stream-sink.js';
import { protectionSettings } from '../../protection/protection-settings.js';
import { checkOptions } from '../../settings/check.js';
import { encrypt } from '../encrypt.js';
import { planEncryption } from '../encryption-plan.js';
import {
  assertKeysApart,
  assertSchedulable,
  type FileSteps,
  plannedBytes,
  prepareJob,
  reportFile,
} from '../file-job.js';
import { Clock, withInput } from '../job.js';
import { packageContent } from '../publication.js';
import type { EncryptOptions, EncryptResult } from '../types.js';
import { appendPlan } from '../write-plan.js';
import { encryptLive, STREAM } from './encrypt-live.js';

/**
 * As for files, but that input and output may be streams. `onProgress` hears nothing of a stream as input: it has no
 * total.
 */
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
  const clock = new Clock();
  assertKeysApart(options);
  assertSchedulable(options);
  return withInput(options.input, options.signal, async (source) => {
    const steps: FileSteps<StreamSink> = {
      prepare: () => prepareJob(source, options),
      open: () => new StreamSink(output),
      plan: ({ work }) => planEncryption(work, options),
      write: async ({ job, plan }, sink, { keys }) => [
        { keys, sha256: await appendPlan(plannedBytes(job, plan, options), sink, options) },
      ],
      check: async () => {}, // what has left cannot be read back
    };
    return reportFile(await packageContent(steps, options, clock), options, clock);
  });
}
