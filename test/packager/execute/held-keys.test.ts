import { expect, it } from 'vitest';
import { HeldKeys } from '../../../src/packager/execute/held-keys.js';

const key = (number: number) => new Uint8Array(16).fill(number % 255, 0, 8).fill(1 + (number >> 8), 8);

it('takes thousands of keys over, in little shared memory, and wipes them all', () => {
  const keys = new HeldKeys();
  const given = Array.from({ length: 2000 }, (_, i) => key(i));
  const held = given.map((bytes) => keys.hold(bytes));
  expect(given.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
  expect(held.every((bytes, i) => Buffer.compare(bytes, key(i)) === 0)).toBe(true);
  const memories = new Set(held.map(({ buffer }) => buffer));
  expect([...memories].every((memory) => memory instanceof SharedArrayBuffer)).toBe(true);
  expect(memories.size).toBe(8); // 256 keys each
  keys.wipe();
  expect(held.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
});
