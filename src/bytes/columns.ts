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

/** A column that grows while it is filled. */
export class GrowingColumn<K extends keyof ColumnTypes> {
  readonly #type: K;
  #values: ColumnTypes[K];
  #length = 0;

  constructor(type: K, capacity = 64) {
    this.#type = type;
    this.#values = makeColumn(type, capacity);
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

  /** The filled part as a view. The unused rest stays allocated: at most half as much again. */
  finish(): ColumnTypes[K] {
    return this.#values.subarray(0, this.#length) as ColumnTypes[K];
  }

  #grow(needed: number): void {
    const grown = makeColumn(this.#type, Math.max(needed, Math.ceil(this.#values.length * 1.5)));
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
