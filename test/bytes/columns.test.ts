import { describe, expect, it } from 'vitest';
import { GrowingColumn, lastAtMost, makeColumn } from '../../src/bytes/columns.js';

describe('makeColumn', () => {
  it.each([
    ['u8', 65],
    ['u16', 33],
    ['u32', 17],
    ['i32', 17],
    ['f64', 9],
  ] as const)('%s is zeroed, in shared memory from %i values on', (type, length) => {
    const [short, long] = [length - 1, length].map((count) => makeColumn(type, count));
    expect([...long]).toEqual(new Array(length).fill(0));
    expect(long.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([...short]).toEqual(new Array(length - 1).fill(0));
    expect(short.buffer).toBeInstanceOf(ArrayBuffer); // 64 bytes, in V8's heap
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

  it.each([1, 2, 8, 9, 17, 64, 65, 1000])('keeps %i values, pushed one by one', (count) => {
    const column = new GrowingColumn('u32');
    for (let i = 0; i < count; i++) column.push(i);
    expect([...column.finish()]).toEqual(Array.from({ length: count }, (_, i) => i));
    column.push(7);
    expect(column.finish().at(-1)).toBe(7);
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
