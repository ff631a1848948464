import { PrpackError } from '../errors.js';
import type { ByteWritable } from './platform.js';

/** Writes to a pipe or another stream, one piece after the other, and no faster than its reader reads. */
export class OutputStream {
  readonly #stream: ByteWritable;

  constructor(stream: ByteWritable) {
    this.#stream = stream;
  }

  /**
   * Returns when the bytes have been handed on; they must not change before.
   * @throws PrpackError OUTPUT_FAILED when the reader has gone, or the stream cannot be written
   */
  async write(bytes: Uint8Array): Promise<void> {
    const failure = await new Promise<Error | null | undefined>((resolve) => {
      if (this.#stream.destroyed) resolve(new Error('the stream is closed'));
      else this.#stream.write(bytes, resolve);
    });
    if (!failure) return;
    const { code } = failure as NodeJS.ErrnoException;
    const isGone = code === undefined || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
    throw new PrpackError(
      'OUTPUT_FAILED',
      isGone ? 'the reader of the output stream has gone' : `the output stream cannot be written to: ${code}`,
      { remedy: 'Look at the messages of the program that reads the output; what it has got is not whole.' },
      failure,
    );
  }
}
