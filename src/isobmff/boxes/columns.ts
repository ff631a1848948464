import type { ByteReader } from '../../bytes/reader.js';

/**
 * Reads `count` rows of `columnCount` 32-bit fields into one typed array a field. The rows are known to be there
 * before anything is allocated.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readU32Columns(reader: ByteReader, count: number, columnCount: number): Uint32Array[] {
  reader.assertEntries(count, 4 * columnCount);
  const rows = reader.take(count * columnCount * 4);
  const view = new DataView(rows.buffer, rows.byteOffset, rows.byteLength);
  const stride = 4 * columnCount;
  return Array.from({ length: columnCount }, (_, index) => {
    const column = new Uint32Array(count);
    for (let row = 0, at = 4 * index; row < count; row++, at += stride) column[row] = view.getUint32(at);
    return column;
  });
}

/** The rows `first` to `first + count` of 32-bit columns, as they stand in a box. Negative numbers are written in two's complement. */
export function writeU32Columns(
  columns: readonly (Uint32Array | Int32Array)[],
  first: number,
  count: number,
): Uint8Array {
  const rows = new Uint8Array(count * columns.length * 4);
  const view = new DataView(rows.buffer);
  const stride = 4 * columns.length;
  for (const [index, column] of columns.entries()) {
    for (let row = 0, at = 4 * index; row < count; row++, at += stride)
      view.setUint32(at, column[first + row]);
  }
  return rows;
}

/** The same bits as signed numbers. */
export function asSigned(column: Uint32Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length);
}
