import { malformed, type PrpackError } from '../errors.js';

/** What a {@link BitReader} throws when its bytes run out: one object for all, so that it costs no stack trace. */
export const END_OF_BITS: Error = Object.freeze(new Error('the bit reader has no more bits'));

/**
 * A bit cursor over the first bytes of a NAL unit. It reads the raw byte sequence payload, that is, it drops
 * emulation prevention bytes on the way (ISO/IEC 14496-10 7.4.1, ITU-T H.265 7.4.2), but gives its position
 * in bytes of the NAL unit. Running out of bytes throws {@link END_OF_BITS}; what breaks the standard's rules
 * throws a `MALFORMED_INPUT` error. One reader serves a whole file: {@link reset} starts the next NAL unit.
 */
export class BitReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #next = 0;
  #current = 0;
  #bitsLeft = 0;
  #zeros = 0;

  /** Reads bytes [start, end) of `bytes` from now on. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#next = start;
    this.#bitsLeft = 0;
    this.#zeros = 0;
  }

  /** Bytes of the NAL unit read so far, emulation prevention bytes among them; a byte read in part counts whole. */
  get nalBytes(): number {
    return this.#next - this.#start;
  }

  /** Throws {@link END_OF_BITS} unless this reader was given `sizeBytes` or more. */
  assertBytes(sizeBytes: number): void {
    if (this.#end - this.#start < sizeBytes) throw END_OF_BITS;
  }

  /** One bit as a truth value. */
  flag(): boolean {
    if (this.#bitsLeft === 0) this.#load();
    return ((this.#current >> --this.#bitsLeft) & 1) === 1;
  }

  /** An unsigned number of 0 to 32 bits. */
  u(bits: number): number {
    let value = 0;
    let missing = bits;
    while (missing > 0) {
      if (this.#bitsLeft === 0) this.#load();
      const taken = Math.min(missing, this.#bitsLeft);
      this.#bitsLeft -= taken;
      missing -= taken;
      value = value * (1 << taken) + ((this.#current >> this.#bitsLeft) & ((1 << taken) - 1));
    }
    return value;
  }

  skip(bits: number): void {
    for (let left = bits; left > 0; left -= 32) this.u(Math.min(left, 32));
  }

  /** Passes what is left of the byte at hand. Returns its bits as a number: 0 where they are zeros, or none. */
  align(): number {
    return this.u(this.#bitsLeft);
  }

  /** Unsigned Exp-Golomb code, 0 to 2^32 − 2 (ISO/IEC 14496-10 9.1, ITU-T H.265 9.2). */
  ue(): number {
    const zeros = this.#leadingZeros();
    if (zeros > 30) return 2 ** zeros - 1 + this.u(zeros); // past what << can shift
    return (1 << zeros) - 1 + this.u(zeros);
  }

  /** {@link ue} that must not be larger than `max`; `field` is its name in the standard. */
  ueUpTo(max: number, field: string): number {
    const value = this.ue();
    if (value > max) throw outOfRange(field, max, value);
    return value;
  }

  /** Signed Exp-Golomb code (ISO/IEC 14496-10 9.1.1, ITU-T H.265 9.2.2). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  /** Counts the 0 bits before the next 1 bit and passes both. */
  #leadingZeros(): number {
    let zeros = 0;
    for (;;) {
      if (this.#bitsLeft === 0) this.#load();
      const rest = this.#current & ((1 << this.#bitsLeft) - 1);
      const here = Math.clz32(rest) - (32 - this.#bitsLeft); // all bits left, when none of them is 1
      zeros += here;
      this.#bitsLeft -= here;
      if (zeros > 32)
        throw malformed('an Exp-Golomb code has over 32 leading zeros', { clause: 'H.265 9.2' });
      if (rest === 0) continue;
      this.#bitsLeft--;
      return zeros;
    }
  }

  #load(): void {
    if (this.#zeros >= 2 && this.#next < this.#end && this.#bytes[this.#next] === 3) {
      this.#next++;
      this.#zeros = 0;
    }
    if (this.#next >= this.#end) throw END_OF_BITS;
    const byte = this.#bytes[this.#next++];
    this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
    this.#current = byte;
    this.#bitsLeft = 8;
  }
}

function outOfRange(field: string, max: number, received: number): PrpackError {
  return malformed(`a video header is broken: ${field} is ${received}, at most ${max} is allowed`, {
    expected: max,
    received,
  });
}

/** Ceil(Log2(n)) of an integer from 1 to 2^31, as the standards use it for field widths. */
export function ceilLog2(n: number): number {
  return 32 - Math.clz32(n - 1);
}
