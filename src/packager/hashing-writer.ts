import { createHash, type Hash } from 'node:crypto';
import type { Sink } from '../bytes/sink.js';

/** Appends to a sink, and takes the SHA-256 of all that was appended where it is wanted. */
export class HashingWriter {
  readonly #sink: Sink;
  readonly #hash: Hash | undefined;

  constructor(sink: Sink, fingerprint: boolean) {
    this.#sink = sink;
    this.#hash = fingerprint ? createHash('sha256') : undefined;
  }

  /**
   * Returns when the bytes may be reused.
   * @throws PrpackError OUTPUT_FAILED
   */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#sink.append(bytes);
    this.#hash?.update(bytes);
  }

  /** 64 hexadecimal digits. Ends the writing. */
  sha256(): string | undefined {
    return this.#hash?.digest('hex');
  }
}
