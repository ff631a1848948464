import type { ByteReadable, ByteWritable } from '../../bytes/platform.js';
import { protectionSettings } from '../../protection/protection-settings.js';
import { assertSystemsHaveBoxes } from '../../protection/pssh-boxes.js';
import { checkOptions } from '../../settings/check.js';
import { encrypt } from '../encrypt.js';
import type { EncryptOptions, EncryptResult } from '../types.js';

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
  assertSystemsHaveBoxes(options);
  const { input, output } = options;
  // Much code, which files as input and output do not need.
  if (typeof input !== 'string')
    return (await import('./encrypt-live.js')).encryptLive({ ...options, input });
  if (typeof output !== 'string') {
    const { encryptToStream } = await import('./encrypt-to-stream.js');
    return encryptToStream({ ...options, input }, output);
  }
  return encrypt({ ...options, input, output });
}
