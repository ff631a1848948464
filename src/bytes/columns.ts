/** Typed arrays that hold one value a sample. They live in shared memory, so that workers can read them. */
type Column =
  | Uint8Array<SharedArrayBuffer>
  | Uint16Array<SharedArrayBuffer>
  | Uint32Array<SharedArrayBuffer>
  | Int32Array<SharedArrayBuffer>
  | Float64Array<SharedArrayBuffer>;

interface ColumnType<T extends Column> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: SharedArrayBuffer): T;
}

/** A zeroed column of `length` values in shared memory. */
export function makeColumn<T extends Column>(type: ColumnType<T>, length: number): T {
  return new type(new SharedArrayBuffer(length * type.BYTES_PER_ELEMENT));
}

/** A column that grows while it is filled. */
export class GrowingColumn<T extends Column> {
  readonly #type: ColumnType<T>;
  #values: T;
  #length = 0;

  constructor(type: ColumnType<T>, capacity = 64) {
    this.#type = type;
    this.#values = makeColumn(type, capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The values so far and, behind them, unused ones: valid until the next push or fill. */
  get values(): T {
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

  /** The filled part as a view. The unused rest stays allocated: at most half as much again. */
  finish(): T {
    return this.#values.subarray(0, this.#length) as T;
  }

  #grow(needed: number): void {
    const grown = makeColumn(this.#type, Math.max(needed, Math.ceil(this.#values.length * 1.5)));
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** Index of the last value ≤ `wanted` in an ascending column, or −1. Looks at the first `length` values. */
export function lastAtMost(column: Column, wanted: number, length = column.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle] <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
