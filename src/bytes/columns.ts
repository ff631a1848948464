import { release } from './release.js';

/** Typed arrays that hold one value a sample. */
interface ColumnTypes {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;
}

const CONSTRUCTORS: {
  readonly [K in keyof ColumnTypes]: (memory: number | SharedArrayBuffer) => ColumnTypes[K];
} = {
  u8: (memory) => new Uint8Array(memory as number),
  u16: (memory) => new Uint16Array(memory as number),
  u32: (memory) => new Uint32Array(memory as number),
  i32: (memory) => new Int32Array(memory as number),
  f64: (memory) => new Float64Array(memory as number),
};

const VALUE_BYTES: { readonly [K in keyof ColumnTypes]: number } = { u8: 1, u16: 2, u32: 4, i32: 4, f64: 8 };

/**
 * A column of no more bytes lies in V8's heap, where it costs next to nothing: a stream has dozens for each of its small fragments. A
 * thread gets a copy of it. Longer ones live in shared memory, so that threads can read them.
 */
const SMALL_BYTES = 64;
/** The least that a column has room for which has outgrown that. */
const GROWN_VALUES = 64;

/** A zeroed column of `length` values: in shared memory, unless it is small. */
export function makeColumn<K extends keyof ColumnTypes>(type: K, length: number): ColumnTypes[K] {
  const sizeBytes = length * VALUE_BYTES[type];
  return CONSTRUCTORS[type](sizeBytes <= SMALL_BYTES ? length : new SharedArrayBuffer(sizeBytes));
}

/** A zeroed column in memory of this thread alone, which costs less to make. */
export function makeOwnColumn<K extends keyof ColumnTypes>(type: K, length: number): ColumnTypes[K] {
  return CONSTRUCTORS[type](length);
}

/** Whether other threads read the column as it is; a small one they are sent a copy of. */
export function isShared(column: ArrayBufferView): boolean {
  return column.buffer instanceof SharedArrayBuffer;
}

/** Where columns begin that may stay empty. */
const EMPTY_COLUMNS: { readonly [K in keyof ColumnTypes]: ColumnTypes[K] } = {
  u8: new Uint8Array(),
  u16: new Uint16Array(),
  u32: new Uint32Array(),
  i32: new Int32Array(),
  f64: new Float64Array(),
};

/**
 * A column that grows while it is filled: in memory of this thread alone, which is given back as soon as it is too small. Shared memory
 * would wait for a collection of garbage, for which V8 sees no reason.
 */
export class GrowingColumn<K extends keyof ColumnTypes> {
  readonly #type: K;
  #values: ColumnTypes[K];
  #length = 0;

  /** @param capacity for so many values shared memory is taken at once */
  constructor(type: K, capacity = 0) {
    this.#type = type;
    this.#values = capacity === 0 ? EMPTY_COLUMNS[type] : makeColumn(type, capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The values so far and, behind them, unused ones: valid until the next push or fill. */
  get values(): ColumnTypes[K] {
    return this.#values;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow(this.#length + 1);
    this.#values[this.#length++] = value;
  }

  /** Appends `count` times the same value. */
  fill(value: number, count: number): void {
    const end = this.#length + count;
    if (end > this.#values.length) this.#grow(end);
    this.#values.fill(value, this.#length, end);
    this.#length = end;
  }

  append(values: ArrayLike<number>): void {
    const end = this.#length + values.length;
    if (end > this.#values.length) this.#grow(end);
    this.#values.set(values, this.#length);
    this.#length = end;
  }

  /** The values, in no more memory than they need. */
  finish(): ColumnTypes[K] {
    const values = this.#values;
    const isFull = this.#length === values.length;
    if (isFull && (values.byteLength <= SMALL_BYTES || isShared(values))) return values;
    // A view of few bytes would take them out of V8's heap.
    if (values.byteLength <= SMALL_BYTES) return values.slice(0, this.#length) as ColumnTypes[K];
    const finished = makeColumn(this.#type, this.#length);
    finished.set(values.subarray(0, this.#length));
    release(values);
    this.#values = finished;
    return finished;
  }

  #grow(needed: number): void {
    const outgrown = this.#values;
    this.#values = makeOwnColumn(this.#type, this.#capacityFor(needed));
    this.#values.set(outgrown);
    release(outgrown);
  }

  /** The first values are often the last as well. */
  #capacityFor(needed: number): number {
    const small = SMALL_BYTES / VALUE_BYTES[this.#type];
    if (needed <= small) return this.#length === 0 ? needed : small;
    return Math.max(needed, GROWN_VALUES, Math.ceil(this.#values.length * 1.5));
  }
}

/** Index of the last value ≤ `wanted` in an ascending column, or −1. Looks at the first `length` values. */
export function lastAtMost(
  column: Float64Array | Uint32Array,
  wanted: number,
  length = column.length,
): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
