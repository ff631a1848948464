/** Typed arrays that hold one value a sample. They live in shared memory, so that workers can read them. */
interface ColumnTypes {
  u8: Uint8Array<SharedArrayBuffer>;
  u16: Uint16Array<SharedArrayBuffer>;
  u32: Uint32Array<SharedArrayBuffer>;
  i32: Int32Array<SharedArrayBuffer>;
  f64: Float64Array<SharedArrayBuffer>;
}

const CONSTRUCTORS: { readonly [K in keyof ColumnTypes]: (length: number) => ColumnTypes[K] } = {
  u8: (length) => new Uint8Array(new SharedArrayBuffer(length)),
  u16: (length) => new Uint16Array(new SharedArrayBuffer(length * 2)),
  u32: (length) => new Uint32Array(new SharedArrayBuffer(length * 4)),
  i32: (length) => new Int32Array(new SharedArrayBuffer(length * 4)),
  f64: (length) => new Float64Array(new SharedArrayBuffer(length * 8)),
};

/** A zeroed column of `length` values in shared memory. */
export function makeColumn<K extends keyof ColumnTypes>(type: K, length: number): ColumnTypes[K] {
  return CONSTRUCTORS[type](length);
}

/** Typed arrays wherever they lie. */
interface AnyColumnTypes {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;
}

const SMALL_COLUMNS: { readonly [K in keyof AnyColumnTypes]: () => AnyColumnTypes[K] } = {
  u8: () => new Uint8Array(SMALL_VALUES),
  u16: () => new Uint16Array(SMALL_VALUES),
  u32: () => new Uint32Array(SMALL_VALUES),
  i32: () => new Int32Array(SMALL_VALUES),
  f64: () => new Float64Array(SMALL_VALUES),
};

/**
 * A column of no more values lies in V8's heap, where it costs next to nothing: a stream has dozens for each of its small fragments. A
 * thread gets a copy of it.
 */
const SMALL_VALUES = 8;
/** The least that is asked of shared memory. */
const SHARED_VALUES = 64;

/** A column that grows while it is filled: in shared memory, unless it stays small. */
export class GrowingColumn<K extends keyof ColumnTypes> {
  readonly #type: K;
  #values: AnyColumnTypes[K];
  #length = 0;

  constructor(type: K, capacity = 0) {
    this.#type = type;
    this.#values = capacity > SMALL_VALUES ? makeColumn(type, capacity) : SMALL_COLUMNS[type]();
  }

  get length(): number {
    return this.#length;
  }

  /** The values so far and, behind them, unused ones: valid until the next push or fill. */
  get values(): AnyColumnTypes[K] {
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

  /** The filled part, mostly as a view: the unused rest stays allocated, at most half as much again. */
  finish(): AnyColumnTypes[K] {
    // A view of so few bytes would take them out of V8's heap.
    if (this.#values.length === SMALL_VALUES) return this.#values.slice(0, this.#length) as AnyColumnTypes[K];
    return this.#values.subarray(0, this.#length) as AnyColumnTypes[K];
  }

  #grow(needed: number): void {
    const grown = makeColumn(
      this.#type,
      Math.max(needed, SHARED_VALUES, Math.ceil(this.#values.length * 1.5)),
    );
    grown.set(this.#values);
    this.#values = grown;
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
