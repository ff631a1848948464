import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findStartCode } from '../../src/bitstream/start-code.js';

describe('findStartCode', () => {
  it('finds what a plain search finds', () => {
    const bytes = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, fc.nat(10), fc.nat(60), (list, from, length) => {
        const to = Math.min(list.length, from + length);
        const at = Buffer.from(list.slice(0, to)).indexOf(Buffer.from([0, 0, 1]), from);
        expect(findStartCode(Uint8Array.from(list), from, to)).toBe(from <= to ? at : -1);
      }),
      { numRuns: 2000 },
    );
  });
});
