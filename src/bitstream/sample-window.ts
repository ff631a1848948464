import { malformed } from '../errors.js';
import { END_OF_BITS } from './bit-reader.js';
import type { PeekSample } from './range-reader.js';
import { RawBitReader } from './raw-bit-reader.js';

/** How many bytes are asked for at least: enough for the headers of nearly all frames. */
const WINDOW_BYTES = 512;
/** How many bytes a header is first tried with. */
const FIRST_TRY_BYTES = 64;

const NOTHING = new Uint8Array(0);

/** Reads headers here and there in one sample after the other, at rising offsets, without loading all of it. */
export class SampleWindow {
  readonly #reader = new RawBitReader();
  #sizeBytes = 0;
  #peek: PeekSample = () => NOTHING;
  #bytes: Uint8Array = NOTHING;
  #startBytes = 0;

  /** Begins the next sample. */
  open(sizeBytes: number, peek: PeekSample): void {
    this.#sizeBytes = sizeBytes;
    this.#peek = peek;
    this.#bytes = NOTHING;
    this.#startBytes = 0;
  }

  /** Size of the sample at hand. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether the sample's bytes from `at` on are these. */
  has(at: number, bytes: Uint8Array): boolean {
    if (at + bytes.length > this.#sizeBytes) return false;
    this.#look(at, bytes.length);
    const start = at - this.#startBytes;
    for (let i = 0; i < bytes.length; i++) if (this.#bytes[start + i] !== bytes[i]) return false;
    return true;
  }

  /** A copy of the sample's bytes [at, at + lengthBytes). */
  copy(at: number, lengthBytes: number): Uint8Array {
    this.#look(at, lengthBytes);
    const start = at - this.#startBytes;
    return this.#bytes.slice(start, start + lengthBytes);
  }

  /**
   * Parses what starts at `at` and may take up to `limitBytes` bytes. `parse` is called again with more bytes while
   * they do not suffice, so it must leave no trace but its result.
   * @throws PrpackError MALFORMED_INPUT when `limitBytes` bytes do not suffice; names `what` and `clause`
   */
  parse<T>(
    at: number,
    limitBytes: number,
    { what, clause }: { readonly what: string; readonly clause: string },
    parse: (reader: RawBitReader) => T,
  ): T {
    for (let given = Math.min(FIRST_TRY_BYTES, limitBytes); ; given = Math.min(given * 4, limitBytes)) {
      this.#look(at, given);
      const start = at - this.#startBytes;
      this.#reader.reset(this.#bytes, start, start + given);
      try {
        return parse(this.#reader);
      } catch (error) {
        if (error !== END_OF_BITS) throw error;
        if (given === limitBytes) throw malformed(`${what} ends too early`, { received: limitBytes, clause });
      }
    }
  }

  /** Sees to it that the window holds the sample's bytes [at, at + lengthBytes). */
  #look(at: number, lengthBytes: number): void {
    if (at >= this.#startBytes && at + lengthBytes <= this.#startBytes + this.#bytes.length) return;
    const asked = Math.min(Math.max(lengthBytes, WINDOW_BYTES), this.#sizeBytes - at);
    this.#bytes = this.#peek(at, asked);
    this.#startBytes = at;
    if (this.#bytes.length < lengthBytes) throw new RangeError('peek gave fewer bytes than the sample has');
  }
}
