import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { type CtrKernel, compiledKernel, MODULE, plainKernel } from '../../src/cenc/ctr-kernel.js';

const KERNELS: [string, () => CtrKernel][] = [
  ['WebAssembly', () => compiledKernel()!],
  ['JavaScript', plainKernel],
];

it('has the module that its text describes', async () => {
  const path = new URL('../../src/cenc/ctr-kernel.wat', import.meta.url);
  const { parseWat } = await wabt();
  const module = parseWat('ctr-kernel.wat', readFileSync(path, 'utf8'), { simd: true });
  module.validate();
  expect(MODULE).toBe(Buffer.from(module.toBinary({}).buffer).toString('base64'));
});

describe.each(KERNELS)('in %s', (_, make) => {
  const { memory, count, xor } = make();

  it('counts in big-endian blocks, the second half modulo 2^64', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.oneof(
          fc.bigInt(0n, 2n ** 64n - 1n),
          fc.bigInt(2n ** 64n - 4n, 2n ** 64n - 1n),
          fc.bigInt(2n ** 32n - 4n, 2n ** 32n),
        ),
        fc.nat(2000),
        fc.nat(8),
        (high, low, first, blocks) => {
          memory.fill(0xaa);
          const parts = [high >> 32n, high, low >> 32n, low].map((part) => Number(BigInt.asUintN(32, part)));
          const [high0, high1, low0, low1] = parts;
          count(16 * first, 16 * (first + blocks), high0, high1, low0, low1);
          const expected = Array.from({ length: blocks }, (_, i) => {
            const block = (high << 64n) | BigInt.asUintN(64, low + BigInt(i));
            return block.toString(16).padStart(32, '0');
          });
          const end = 16 * (first + blocks);
          expect(Buffer.from(memory.subarray(16 * first, end)).toString('hex')).toBe(expected.join(''));
          expect(memory[end]).toBe(0xaa);
          if (first > 0) expect(memory[16 * first - 1]).toBe(0xaa);
        },
      ),
    );
  });

  it('XORs the bytes of its memory, and no others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 512 }), fc.nat(12), (bytes, blocks) => {
        memory.fill(0x55);
        memory.set(bytes.subarray(0, 256), 0);
        memory.set(bytes.subarray(256), 32768);
        xor(32768, 32768 + 16 * blocks, 0);
        const expected = bytes.slice(256).map((byte, i) => (i < 16 * blocks ? byte ^ bytes[i] : byte));
        expect(memory.subarray(32768, 33024)).toEqual(expected);
        expect(memory.subarray(0, 256)).toEqual(bytes.subarray(0, 256));
        expect(memory[33024]).toBe(0x55);
      }),
    );
  });
});
