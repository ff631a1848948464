import { PrpackError } from '../errors.js';
import type { Page, PageRequest } from './key-store.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/**
 * Items of a page.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function pageLimit({ limit = DEFAULT_LIMIT }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new PrpackError('INVALID_ARGUMENT', 'the length of a page is out of range', {
    expected: `an integer from 1 to ${MAX_LIMIT}`,
    received: limit,
    remedy: 'Ask for less, and for the next page with the cursor of this one.',
  });
}

/** A cursor that says which item a page ended with; nobody but `readCursor` looks into it. */
export function writeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * The position in a cursor: as many parts as were written, of the same types as `shape`.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function readCursor<T extends readonly (string | number)[]>(cursor: string, shape: T): T {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (isOfShape(position, shape)) return position;
  } catch {
    // Not JSON: as wrong as JSON of another shape.
  }
  throw new PrpackError('INVALID_ARGUMENT', 'the cursor is not one that this key store gave out', {
    remedy: 'Start again without a cursor.',
  });
}

/**
 * The page of what was found. One row more than it holds says that there is a next one.
 * @param position of a row, for the cursor
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  position: (row: Row) => readonly (string | number)[],
): Page<Item> {
  const items = rows.slice(0, limit).map(toItem);
  return rows.length > limit ? { items, next: writeCursor(position(rows[limit - 1]!)) } : { items };
}

function isOfShape<T extends readonly (string | number)[]>(position: unknown, shape: T): position is T {
  return (
    Array.isArray(position) &&
    position.length === shape.length &&
    shape.every((part, i) => typeof position[i] === typeof part)
  );
}
