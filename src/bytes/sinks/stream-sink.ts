import { PrpackError } from '../../errors.js';
import type { ByteWritable } from '../platform.js';
import type { Sink } from '../sink.js';

/** A pipe or another stream, written to no faster than its reader reads. What was written has left: nothing takes it back. */
export class StreamSink implements Sink {
  readonly path = '-';
  readonly isStaged = false;
  sizeBytes = 0;
  readonly #stream: ByteWritable;

  constructor(stream: ByteWritable) {
    this.#stream = stream;
  }

  /** @throws PrpackError OUTPUT_FAILED when the reader has gone, or the stream cannot be written */
  async append(bytes: Uint8Array): Promise<void> {
    const failure = await new Promise<Error | null | undefined>((resolve) => {
      if (this.#stream.destroyed) resolve(new Error('the stream is closed'));
      else this.#stream.write(bytes, resolve);
    });
    this.sizeBytes += bytes.length;
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

  assertRoom(): void {}

  flush(): void {}

  commit(): void {}

  abort(): void {}
}
