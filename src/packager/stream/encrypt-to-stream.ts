import type { ByteWritable } from '../../bytes/platform.js';
import { StreamSink } from '../../bytes/sinks/stream-sink.js';
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
import { STREAM } from './encrypt-live.js';

/**
 * A file has its end in sight, so that its output is planned whole, in any layout, and only written another way.
 * @param given checked ones
 */
export async function encryptToStream(
  given: Omit<EncryptOptions, 'output'>,
  output: ByteWritable,
): Promise<EncryptResult> {
  const options: EncryptOptions = { ...given, output: STREAM };
  const clock = new Clock();
  assertKeysApart(options);
  assertSchedulable(options);
  return withInput(options.input, options.signal, async (source) => {
    const steps: FileSteps<StreamSink> = {
      prepare: () => prepareJob(source, options),
      open: () => new StreamSink(output),
      plan: ({ work }) => planEncryption(work, options),
      write: async ({ job, plan }, sink, { keys }) => [
        { keys, ...(await appendPlan(plannedBytes(job, plan, options), sink, options)) },
      ],
      check: async () => {}, // what has left cannot be read back
    };
    return reportFile(await packageContent(steps, options, clock), options, clock);
  });
}
