import type { Sink } from '../bytes/sink.js';
import { Digester, type Digests, type WantedDigests } from './digests.js';

/** Appends to a sink, and takes the digests of all that was appended. */
export class DigestingWriter {
  readonly #sink: Sink;
  readonly #digester: Digester;

  constructor(sink: Sink, wanted: WantedDigests) {
    this.#sink = sink;
    this.#digester = new Digester(wanted);
  }

  /**
   * Returns when the bytes may be reused.
   * @throws PrpackError OUTPUT_FAILED
   */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#sink.append(bytes);
    this.#digester.update(bytes);
  }

  /** Ends the writing. */
  digests(): Digests {
    return this.#digester.digests();
  }
}
