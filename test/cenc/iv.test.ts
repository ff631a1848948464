import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';
import { countBlocksBefore, createIvSource, type IvPlan } from '../../src/cenc/iv.js';
import {
  type CounterUse,
  deterministicIvStartForTests,
  drawIvStarts,
  type StartedCounterUse,
  sharesCounterBlock,
} from '../../src/cenc/iv-start.js';

const hex = (text: string) => fromHex(text.replaceAll(' ', ''))!;

function ivAt(plan: IvPlan, sampleIndex: number): string {
  const source = createIvSource(plan);
  const out = new Uint8Array(16).fill(0xaa);
  source.ivAt(sampleIndex, out);
  expect(toHex(out.subarray(source.ivSizeBytes))).toBe('aa'.repeat(16 - source.ivSizeBytes));
  return toHex(out.subarray(0, source.ivSizeBytes));
}

describe('8-byte IVs', () => {
  it('add one a sample, modulo 2^64', () => {
    const plan: IvPlan = { kind: 'counting8', start: hex('00000000fffffffe') };
    expect([0, 1, 2, 3].map((i) => ivAt(plan, i))).toEqual([
      '00000000fffffffe',
      '00000000ffffffff',
      '0000000100000000',
      '0000000100000001',
    ]);
    const last: IvPlan = { kind: 'counting8', start: hex('ffffffffffffffff') };
    expect([0, 1, 2].map((i) => ivAt(last, i))).toEqual([
      'ffffffffffffffff',
      '0000000000000000',
      '0000000000000001',
    ]);
  });

  it('agree with 64-bit arithmetic', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(2 ** 31 - 1), (start, index) => {
        const plan: IvPlan = { kind: 'counting8', start: deterministicIvStartForTests(8, start) };
        expect(BigInt(`0x${ivAt(plan, index)}`)).toBe((start + BigInt(index)) % 2n ** 64n);
      }),
    );
  });
});

describe('16-byte IVs', () => {
  it('advance by the blocks used', () => {
    // 17 bytes are 2 blocks, 16 are 1, 0 are none, 33 are 3
    const blocksBefore = countBlocksBefore(5, (i) => [17, 16, 0, 33, 1][i]);
    expect([...blocksBefore]).toEqual([0, 2, 3, 3, 6, 7]);
    expect(countBlocksBefore(8, () => 1).buffer).toBeInstanceOf(SharedArrayBuffer); // too long to be copied to threads
    const plan: IvPlan = {
      kind: 'counting16',
      start: hex('0011223344556677 fffffffffffffffd'),
      blocksBefore,
    };
    expect([0, 1, 2, 3, 4].map((i) => ivAt(plan, i).slice(16))).toEqual([
      'fffffffffffffffd',
      'ffffffffffffffff',
      '0000000000000000',
      '0000000000000000',
      '0000000000000003',
    ]);
    expect([0, 1, 2, 3, 4].map((i) => ivAt(plan, i).slice(0, 16))).toEqual(
      new Array(5).fill('0011223344556677'),
    );
  });

  it('agree with 64-bit arithmetic past 2^32 blocks', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), fc.nat({ max: 2 ** 48 }), (start, blocks) => {
        const plan: IvPlan = {
          kind: 'counting16',
          start: deterministicIvStartForTests(16, start),
          blocksBefore: Float64Array.of(0, blocks),
        };
        const high = start / 2n ** 64n;
        const low = (start + BigInt(blocks)) % 2n ** 64n;
        expect(BigInt(`0x${ivAt(plan, 1)}`)).toBe(high * 2n ** 64n + low);
      }),
    );
  });
});

describe('given IVs', () => {
  it('come from a column of senc', () => {
    const ivs = hex('0000000000000001 00000000000000ff 8000000000000000');
    expect([2, 0, 1].map((i) => ivAt({ kind: 'listed', ivSizeBytes: 8, ivs }, i))).toEqual([
      '8000000000000000',
      '0000000000000001',
      '00000000000000ff',
    ]);
    expect(ivAt({ kind: 'listed', ivSizeBytes: 16, ivs: ivs.subarray(0, 16) }, 0)).toBe(
      '000000000000000100000000000000ff',
    );
  });

  it('are the same for every sample when constant', () => {
    const iv = hex('00112233445566778899aabbccddeeff');
    expect([0, 1, 99].map((i) => ivAt({ kind: 'constant', iv }, i))).toEqual(new Array(3).fill(toHex(iv)));
  });

  it('are refused in another size', () => {
    for (const plan of [
      { kind: 'counting8', start: new Uint8Array(16) },
      { kind: 'counting16', start: new Uint8Array(8), blocksBefore: Float64Array.of(0) },
      { kind: 'constant', iv: new Uint8Array(12) },
    ] as IvPlan[]) {
      expect(() => createIvSource(plan)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });
});

describe('starts under one key', () => {
  const use8 = (start: bigint, sampleCount: number, blockCount = 10): StartedCounterUse => ({
    ivSizeBytes: 8,
    start: deterministicIvStartForTests(8, start),
    sampleCount,
    blockCount,
  });
  const use16 = (high: bigint, low: bigint, blockCount: number): StartedCounterUse => ({
    ivSizeBytes: 16,
    start: deterministicIvStartForTests(16, high * 2n ** 64n + low),
    sampleCount: 1,
    blockCount,
  });
  const top = 2n ** 64n;

  it.each([
    ['8-byte IVs side by side', use8(100n, 10), use8(110n, 10), false],
    ['8-byte IVs that meet in one', use8(100n, 11), use8(110n, 10), true],
    ['8-byte IVs across the wrap', use8(top - 5n, 6), use8(0n, 10), true],
    ['8-byte IVs up to the wrap', use8(top - 5n, 5), use8(0n, 10), false],
    ['one within the other', use8(100n, 1000), use8(500n, 1), true],
    ['no samples', use8(100n, 0), use8(100n, 10), false],
    ['16-byte IVs side by side', use16(7n, 100n, 10), use16(7n, 110n, 10), false],
    ['16-byte IVs that meet in one block', use16(7n, 100n, 11), use16(7n, 110n, 10), true],
    ['16-byte IVs across the wrap', use16(7n, top - 1n, 2), use16(7n, 0n, 1), true],
    ['16-byte IVs of different first halves', use16(7n, 100n, 99), use16(8n, 100n, 99), false],
    ['8-byte beside 16-byte, past its blocks', use8(5n, 10, 20), use16(7n, 20n, 99), false],
    ['8-byte and 16-byte in the last block', use8(5n, 10, 21), use16(7n, 20n, 99), true],
    ['8-byte and 16-byte after the last sample', use8(5n, 2, 21), use16(7n, 20n, 99), false],
  ])('%s', (_name, a, b, expected) => {
    expect(sharesCounterBlock(a, b)).toBe(expected);
    expect(sharesCounterBlock(b, a)).toBe(expected);
  });

  it('agree with counting the blocks one by one', () => {
    const blocksOf = ({ ivSizeBytes, start, sampleCount, blockCount }: StartedCounterUse) => {
      const first = BigInt(`0x${toHex(start)}`);
      const blocks = new Set<string>();
      if (ivSizeBytes === 16) {
        const high = first / top;
        for (let b = 0n; b < blockCount; b++) blocks.add(`${high} ${(first + b) % top}`);
        return blocks;
      }
      for (let s = 0n; s < sampleCount; s++) {
        for (let b = 0; b < blockCount; b++) blocks.add(`${(first + s) % top} ${b}`);
      }
      return blocks;
    };
    const near = fc.integer({ min: -6, max: 6 }).map((n) => (BigInt(n) + top) % top);
    const use = fc.oneof(
      fc.tuple(near, fc.nat(6), fc.nat(6)).map(([start, samples, blocks]) => use8(start, samples, blocks)),
      fc.tuple(near, near, fc.nat(8)).map(([high, low, blocks]) => use16(high, low, blocks)),
    );
    fc.assert(
      fc.property(use, use, (a, b) => {
        const blocksOfB = blocksOf(b);
        const shared = [...blocksOf(a)].some((block) => blocksOfB.has(block));
        expect(sharesCounterBlock(a, b)).toBe(shared);
      }),
      { numRuns: 500 },
    );
  });

  it('are drawn again until they do not meet', () => {
    const draws = ['00000000000003e8', '00000000000003e9', '0000000000000000', '0000000000002710'].map(hex);
    const use: CounterUse = { ivSizeBytes: 8, sampleCount: 1001, blockCount: 1 };
    // the second, 1001, lies in [1000, 2001); the third, 0, reaches 1000; the fourth, 10000, is free
    expect(drawIvStarts([use, use], () => draws.shift()!).map(toHex)).toEqual([
      '00000000000003e8',
      '0000000000002710',
    ]);
    expect(draws).toEqual([]);
  });

  it('are kept where they are known, whatever place the track has, and met by no other', () => {
    const use: CounterUse = { ivSizeBytes: 8, sampleCount: 100, blockCount: 1 };
    const known = { ...use, start: hex('00000000000003e8') };
    // 901 and 1000 meet the 100 samples from 1000 on; 1100 does not
    const draws = ['0000000000000385', '00000000000003e8', '000000000000044c'].map(hex);
    expect(drawIvStarts([use, known], () => draws.shift()!).map(toHex)).toEqual([
      '000000000000044c',
      '00000000000003e8',
    ]);
  });

  it('are random, and of the size asked for', () => {
    const uses: CounterUse[] = [
      { ivSizeBytes: 8, sampleCount: 1, blockCount: 1 },
      { ivSizeBytes: 16, sampleCount: 1, blockCount: 1 },
    ];
    const starts = Array.from({ length: 50 }, () => drawIvStarts(uses)).flat();
    expect(starts.map((start) => start.length)).toEqual(Array.from({ length: 50 }, () => [8, 16]).flat());
    expect(new Set(starts.map(toHex)).size).toBe(100);
  });

  it('fail with a broken random number generator', () => {
    const use: CounterUse = { ivSizeBytes: 8, sampleCount: 1, blockCount: 1 };
    expect(() => drawIvStarts([use, use], (size) => new Uint8Array(size))).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });
});
