/**
 * A growing big-endian buffer. A value that does not fit its field throws a RangeError instead of wrapping. There are
 * thousands of small ones, so it is made without a DataView: V8 keeps arrays of up to 64 bytes in its heap until
 * somebody wants a second view of them.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacityBytes = 64) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    checked(value, 0xff);
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }
  u16(value: number): this {
    checked(value, 0xffff);
    const at = this.#grow(2);
    writeU16(this.#bytes, at, value);
    return this;
  }
  u24(value: number): this {
    checked(value, 0xffffff);
    return this.u8(value >>> 16).u16(value & 0xffff);
  }
  u32(value: number): this {
    return this.#put32(checked(value, 0xffffffff));
  }
  i32(value: number): this {
    if (!(Number.isInteger(value) && value >= -0x80000000 && value <= 0x7fffffff)) {
      throw new RangeError(`${value} does not fit 32 signed bits`);
    }
    return this.#put32(value);
  }
  u64(value: bigint | number): this {
    const big = BigInt(value);
    if (big < 0n || big > 0xffffffffffffffffn) throw new RangeError(`${big} does not fit 64 unsigned bits`);
    return this.#put32(Number(big >> 32n)).#put32(Number(big & 0xffffffffn));
  }
  fourcc(code: string): this {
    if (code.length !== 4) throw new RangeError(`a four-character code has 4 characters: ${code}`);
    for (let i = 0; i < 4; i++) this.u8(code.charCodeAt(i));
    return this;
  }
  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** The bytes written so far, valid until the next write. */
  finish(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
  }

  #put32(value: number): this {
    const at = this.#grow(4);
    writeU32(this.#bytes, at, value);
    return this;
  }

  #grow(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }
}

/** Writes `value` modulo 2^16, big-endian. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes `value` modulo 2^32, big-endian. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function checked(value: number, max: number): number {
  if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
    throw new RangeError(`${value} is not an integer from 0 to ${max}`);
  }
  return value;
}
