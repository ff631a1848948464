import { malformed, type PrpackError } from '../errors.js';

/** Where a reader's bytes come from, for error messages. */
export interface ReaderPlace {
  /** Box path such as `moof/traf/senc`. */
  readonly boxPath: string;
  /** Absolute file offset of the reader's first byte. */
  readonly offsetBytes: number;
}

/**
 * A bounds-checked big-endian cursor over bytes already in memory. Every read past the end throws a
 * `MALFORMED_INPUT` error that names box path and file offset. There is one for every box, so it does without a DataView, which would cost
 * more than the fields of a small box.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly place: ReaderPlace;
  position = 0;

  constructor(bytes: Uint8Array, place: ReaderPlace = { boxPath: '', offsetBytes: 0 }) {
    this.bytes = bytes;
    this.place = place;
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  u8(): number {
    return this.bytes[this.#take(1)];
  }
  u16(): number {
    const at = this.#take(2);
    return (this.bytes[at] << 8) | this.bytes[at + 1];
  }
  i16(): number {
    return (this.u16() << 16) >> 16;
  }
  u24(): number {
    const at = this.#take(3);
    return (this.bytes[at] << 16) | (this.bytes[at + 1] << 8) | this.bytes[at + 2];
  }
  u32(): number {
    return this.i32() >>> 0;
  }
  i32(): number {
    return readI32(this.bytes, this.#take(4));
  }
  u64(): bigint {
    return BigInt.asUintN(64, this.i64());
  }
  i64(): bigint {
    const at = this.#take(8);
    return (BigInt(readI32(this.bytes, at)) << 32n) | BigInt(readU32(this.bytes, at + 4));
  }
  /** A 64-bit unsigned offset or size as a safe integer; larger values are malformed here. */
  offset64(): number {
    const at = this.#take(8);
    const value = readU32(this.bytes, at) * 2 ** 32 + readU32(this.bytes, at + 4);
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    this.position = at;
    throw this.fail('a 64-bit offset or size is larger than any file', at, { received: `${this.u64()}` });
  }
  fourcc(): string {
    return fourccAt(this.bytes, this.#take(4));
  }
  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }
  skip(length: number): void {
    this.#take(length);
  }
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** Throws unless `count` entries of `entrySizeBytes` are still there: call it before allocating for them. */
  assertEntries(count: number, entrySizeBytes: number): void {
    if (count * entrySizeBytes > this.remaining) {
      throw this.fail(`${count} entries of ${entrySizeBytes} bytes do not fit into the box`, this.position, {
        expected: count * entrySizeBytes,
        received: this.remaining,
      });
    }
  }

  /** An error about the byte at `position` of this reader. */
  fail(
    message: string,
    position = this.position,
    more: { expected?: string | number; received?: string | number; clause?: string } = {},
  ): PrpackError {
    const { boxPath, offsetBytes } = this.place;
    return malformed(`${boxPath || 'data'}: ${message}`, {
      boxPath,
      offsetBytes: offsetBytes + position,
      ...more,
    });
  }

  #take(length: number): number {
    if (!(length >= 0 && length <= this.remaining)) {
      throw this.fail('ends too early', this.position, { expected: length, received: this.remaining });
    }
    const at = this.position;
    this.position += length;
    return at;
  }
}

/** The 32-bit unsigned number at `at`, big-endian. */
export function readU32(bytes: Uint8Array, at: number): number {
  return readI32(bytes, at) >>> 0;
}

function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** The four-character code at `at`. */
export function fourccAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

/** Text of bytes, one character a byte (ISO 8859-1), as four-character codes are written. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
