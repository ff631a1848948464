import { describe, expect, it } from 'vitest';
import { GrowingColumn, lastAtMost, makeColumn } from '../../src/bytes/columns.js';

describe('makeColumn', () => {
  it.each(['u8', 'u16', 'u32', 'i32', 'f64'] as const)('%s is zeroed, in shared memory', (type) => {
    const column = makeColumn(type, 3);
    expect([...column]).toEqual([0, 0, 0]);
    expect(column.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

describe('GrowingColumn', () => {
  it('keeps values while it grows by one, by runs and by lists', () => {
    const column = new GrowingColumn('u32', 2);
    column.push(7);
    column.fill(9, 5);
    column.append([1, 2, 3]);
    column.append(new Uint32Array(0));
    column.fill(4, 0);
    column.push(2 ** 32 - 1);
    expect(column.length).toBe(10);
    expect([...column.finish()]).toEqual([7, 9, 9, 9, 9, 9, 1, 2, 3, 2 ** 32 - 1]);
  });

  it('grows from no capacity', () => {
    const column = new GrowingColumn('i32', 0);
    column.push(-1);
    expect([...column.finish()]).toEqual([-1]);
  });
});

describe('lastAtMost', () => {
  it.each([
    [5, -1],
    [10, 0],
    [19, 0],
    [20, 2], // of equal values the last
    [30, 3],
    [31, 3],
  ])('of 10, 20, 20, 30 for %i is at %i', (wanted, index) => {
    expect(lastAtMost(Float64Array.of(10, 20, 20, 30), wanted)).toBe(index);
  });

  it('looks at the first values only when told so', () => {
    expect(lastAtMost(Uint32Array.of(1, 2, 0, 0), 9, 2)).toBe(1);
    expect(lastAtMost(Uint32Array.of(), 9)).toBe(-1);
  });
});
