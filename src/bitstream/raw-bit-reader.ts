import { malformed } from '../errors.js';
import { END_OF_BITS } from './bit-reader.js';

/**
 * A bit cursor over bytes without emulation prevention, as AV1 and VP9 use them, highest bit first. Running out of
 * bytes throws {@link END_OF_BITS}. One reader serves a whole file: {@link reset} starts the next header.
 */
export class RawBitReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #startBit = 0;
  #endBit = 0;
  #nextBit = 0;

  /** Reads bytes [start, end) of `bytes` from now on. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#startBit = start * 8;
    this.#nextBit = this.#startBit;
    this.#endBit = end * 8;
  }

  /** Bytes read so far; a byte read in part counts whole. */
  get usedBytes(): number {
    return Math.ceil((this.#nextBit - this.#startBit) / 8);
  }

  /** One bit as a truth value. */
  flag(): boolean {
    return this.u(1) === 1;
  }

  /** An unsigned number of 0 to 32 bits: f(n) of AV1 (4.10.2) and VP9 (4.9.1). */
  u(bits: number): number {
    if (this.#nextBit + bits > this.#endBit) throw END_OF_BITS;
    let value = 0;
    for (let missing = bits; missing > 0; ) {
      const bitsLeft = 8 - (this.#nextBit & 7);
      const taken = Math.min(missing, bitsLeft);
      const byte = this.#bytes[Math.floor(this.#nextBit / 8)];
      value = value * (1 << taken) + ((byte >> (bitsLeft - taken)) & ((1 << taken) - 1));
      this.#nextBit += taken;
      missing -= taken;
    }
    return value;
  }

  skip(bits: number): void {
    if (this.#nextBit + bits > this.#endBit) throw END_OF_BITS;
    this.#nextBit += bits;
  }

  /** Goes to the next byte boundary. Returns whether all bits on the way are 0. */
  alignToByte(): boolean {
    return this.u(-this.#nextBit & 7) === 0;
  }

  /** A two's complement number of `bits` bits: su(n) of AV1 (4.10.6). */
  su(bits: number): number {
    const value = this.u(bits);
    return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }

  /** An unsigned number below `limit` in as few bits as possible: ns(n) of AV1 (4.10.7). */
  ns(limit: number): number {
    const bits = 32 - Math.clz32(limit);
    const short = 2 ** bits - limit;
    const value = this.u(bits - 1);
    return value < short ? value : value * 2 - short + this.u(1);
  }

  /**
   * A number of variable length: uvlc() of AV1 (4.10.3).
   * @throws PrpackError MALFORMED_INPUT for 2^32 - 1 and what would be more, which no field may hold
   */
  uvlc(): number {
    let zeros = 0;
    while (zeros < 32 && !this.flag()) zeros++;
    if (zeros < 32) return this.u(zeros) + 2 ** zeros - 1;
    throw malformed('an AV1 variable length code has 32 leading zeros or more', { clause: 'AV1 4.10.3' });
  }

  /**
   * A size in at most 8 bytes of 7 bits each, the lowest first: leb128() of AV1 (4.10.5).
   * @throws PrpackError MALFORMED_INPUT for a value of 2^32 or more
   */
  leb128(): number {
    let value = 0;
    for (let i = 0; i < 8; i++) {
      const byte = this.u(8);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        if (value < 2 ** 32) return value;
        break;
      }
    }
    throw malformed('an AV1 size field is larger than 32 bits', { clause: 'AV1 4.10.5' });
  }

  /** A number of whole bytes, the lowest first: le(n) of AV1 (4.10.4). */
  le(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += this.u(8) * 2 ** (8 * i);
    return value;
  }
}
