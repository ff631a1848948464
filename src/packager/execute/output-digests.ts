import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import { Digester, type Digests, type WantedDigests } from '../digests.js';

/** Bytes that wait for those before them. */
interface Waiting {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
}

/** Digests of an output whose chunks are written out of order, taken while they are in memory. */
export class OutputDigests {
  readonly #digester: Digester;
  readonly #waiting = new Map<number, Waiting>();
  #takenBytes = 0;

  constructor(wanted: WantedDigests) {
    this.#digester = new Digester(wanted);
  }

  /** @returns when the bytes are taken and may be reused: when all before them are there */
  add(startBytes: number, bytes: Uint8Array): Promise<void> {
    return new Promise((taken) => {
      this.#waiting.set(startBytes, { bytes, taken });
      for (let next = this.#takeNext(); next; next = this.#takeNext()) {
        this.#digester.update(next.bytes);
        this.#takenBytes += next.bytes.length;
        next.taken();
      }
    });
  }

  /** Lets everybody go who waits for bytes that will not come. */
  abandon(): void {
    for (const { taken } of this.#waiting.values()) taken();
    this.#waiting.clear();
  }

  /** @throws PrpackError INTERNAL when some of the bytes were not added */
  finish(sizeBytes: number): Digests {
    if (this.#takenBytes === sizeBytes) return this.#digester.digests();
    throw new PrpackError('INTERNAL', 'the digests are not of all of the output', {
      expected: sizeBytes,
      received: this.#takenBytes,
      remedy: `Run it again with ${named('threads', 1)}, and report this as a defect of prpack.`,
    });
  }

  #takeNext(): Waiting | undefined {
    const next = this.#waiting.get(this.#takenBytes);
    this.#waiting.delete(this.#takenBytes);
    return next;
  }
}
