import { createHash } from 'node:crypto';
import { type ByteSource, FileSource } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import { yieldToEventLoop } from '../event-loop.js';
import { hashInSteps } from './hash-file.js';

/** Bytes that wait for those before them. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly hashed: () => void;
}

/** SHA-256 of an output whose chunks are written out of order, taken while they are in memory. */
export class Fingerprint {
  readonly #hash = createHash('sha256');
  readonly #waiting = new Map<number, Waiting>();
  #hashedBytes = 0;

  /** @returns when the bytes are hashed and may be reused: when all before them are there */
  add(startBytes: number, bytes: Uint8Array): Promise<void> {
    return new Promise((hashed) => {
      this.#waiting.set(startBytes, { bytes, hashed });
      for (let next = this.#takeNext(); next; next = this.#takeNext()) {
        this.#hash.update(next.bytes);
        this.#hashedBytes += next.bytes.length;
        next.hashed();
      }
    });
  }

  /** Lets everybody go who waits for bytes that will not come. */
  abandon(): void {
    for (const { hashed } of this.#waiting.values()) hashed();
    this.#waiting.clear();
  }

  /**
   * @returns 64 hexadecimal digits
   * @throws PrpackError INTERNAL when some of the bytes were not added
   */
  finish(sizeBytes: number): string {
    if (this.#hashedBytes === sizeBytes) return this.#hash.digest('hex');
    throw new PrpackError('INTERNAL', 'not all of the output was hashed', {
      expected: sizeBytes,
      received: this.#hashedBytes,
      remedy: `Run it again with ${named('threads', 1)}, and report this as a defect of prpack.`,
    });
  }

  #takeNext(): Waiting | undefined {
    const next = this.#waiting.get(this.#hashedBytes);
    this.#waiting.delete(this.#hashedBytes);
    return next;
  }
}

/** SHA-256 of a file, 64 hexadecimal digits. */
export async function fingerprintOf(path: string, signal: AbortSignal | undefined): Promise<string> {
  const source = new FileSource(path);
  try {
    return await fingerprintOfSource(source, signal);
  } finally {
    source.close();
  }
}

/** SHA-256 of all bytes of a source, 64 hexadecimal digits. */
export async function fingerprintOfSource(
  source: ByteSource,
  signal: AbortSignal | undefined,
): Promise<string> {
  const steps = hashInSteps(source);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await yieldToEventLoop(signal);
  }
}
