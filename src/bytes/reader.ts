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
 * `MALFORMED_INPUT` error that names box path and file offset.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly place: ReaderPlace;
  position = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, place: ReaderPlace = { boxPath: '', offsetBytes: 0 }) {
    this.bytes = bytes;
    this.place = place;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }
  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }
  u24(): number {
    const at = this.#take(3);
    return (this.#view.getUint16(at) << 8) | this.#view.getUint8(at + 2);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }
  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }
  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }
  /** A 64-bit unsigned offset or size as a safe integer; larger values are malformed here. */
  offset64(): number {
    const at = this.position;
    const value = this.u64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.fail('a 64-bit offset or size is larger than any file', at, { received: `${value}` });
    }
    return Number(value);
  }
  fourcc(): string {
    return latin1(this.take(4));
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

/** Text of bytes, one character a byte (ISO 8859-1), as four-character codes are written. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
