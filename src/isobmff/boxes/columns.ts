import { type ByteReader, readU32 } from '../../bytes/reader.js';

/**
 * Reads `count` rows of `columnCount` 32-bit fields into one typed array a field. The rows are known to be there
 * before anything is allocated.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readU32Columns(reader: ByteReader, count: number, columnCount: number): Uint32Array[] {
  reader.assertEntries(count, 4 * columnCount);
  const rows = reader.take(count * columnCount * 4);
  const stride = 4 * columnCount;
  const columns: Uint32Array[] = [];
  for (let index = 0; index < columnCount; index++) {
    const column = new Uint32Array(count);
    for (let row = 0, at = 4 * index; row < count; row++, at += stride) column[row] = readU32(rows, at);
    columns.push(column);
  }
  return columns;
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
