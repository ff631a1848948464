import { describe, expect, it } from 'vitest';
import { box, fullBox } from '../../../src/isobmff/boxes/box.js';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('boxes', () => {
  it('are size, type and payload', () => {
    expect(hexOf(box('free', Uint8Array.of(1), Uint8Array.of(2, 3)))).toBe('0000000b66726565010203');
  });

  it('have version and flags before the payload, where they are full boxes', () => {
    expect(hexOf(fullBox('tfhd', 1, 0x020038, Uint8Array.of(7)))).toBe('0000000d746668640102003807');
  });

  it.each([
    ['a type of other than four characters', () => box('fre')],
    ['a version past 8 bits', () => fullBox('tfhd', 256, 0)],
    ['flags past 24 bits', () => fullBox('tfhd', 0, 2 ** 24)],
    ['negative flags', () => fullBox('tfhd', 0, -1)],
  ])('refuse %s', (_, make) => {
    expect(make).toThrow(RangeError);
  });
});
