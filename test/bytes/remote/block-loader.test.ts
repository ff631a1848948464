import { describe, expect, it } from 'vitest';
import { BlockLoader, type FetchAhead, type ReadRange } from '../../../src/bytes/remote/block-loader.js';
import { inMemory } from '../../../src/bytes/remote/block-stores.js';

const BLOCK = 10;
const ONE_AHEAD: FetchAhead = { runBlocks: 16, requests: 1 };
const SIZE = 1003;
const file = Uint8Array.from({ length: SIZE }, (_, at) => at % 251);

function loaderOf(slots: number, read: ReadRange, sizeBytes = SIZE, ahead = ONE_AHEAD) {
  const bytes = new Uint8Array(slots * BLOCK);
  const loader = new BlockLoader(read, sizeBytes, inMemory(bytes, BLOCK), ahead);
  const load = async (block: number) => {
    const slot = await loader.load(block);
    const length = Math.min(BLOCK, sizeBytes - block * BLOCK);
    return bytes.slice(slot * BLOCK, slot * BLOCK + length);
  };
  return { load };
}

/** Reads from memory, by pieces of 7 bytes, and remembers the ranges. */
function recording() {
  const ranges: [number, number][] = [];
  const read: ReadRange = async (start, end, onBytes) => {
    ranges.push([start, end]);
    for (let at = start; at < end; at += 7) {
      await Promise.resolve();
      onBytes(file.subarray(at, Math.min(at + 7, end)));
    }
  };
  return { ranges, read };
}

const blockOf = (block: number) => file.slice(block * BLOCK, (block + 1) * BLOCK);

describe('BlockLoader', () => {
  it('asks for more at a time while the reader goes on, and for nothing twice', async () => {
    const { ranges, read } = recording();
    const { load } = loaderOf(64, read);
    for (let block = 0; block * BLOCK < SIZE; block++) expect(await load(block)).toEqual(blockOf(block));
    const lengths = ranges.map(([start, end]) => end - start);
    expect(lengths.slice(0, 3)).toEqual([20, 20, 40]); // what is wanted now, and ahead of it
    expect(Math.max(...lengths)).toBe(160);
    expect(lengths.reduce((a, b) => a + b, 0)).toBe(SIZE);
  });

  it('asks for one block where the reader jumps', async () => {
    const { ranges, read } = recording();
    const { load } = loaderOf(64, read);
    for (const block of [50, 3, 99, 20]) expect(await load(block)).toEqual(blockOf(block));
    expect(ranges).toEqual([
      [500, 510],
      [30, 40],
      [990, 1000],
      [200, 210],
    ]);
  });

  it('gives up the blocks that were not used for longest', async () => {
    const { ranges, read } = recording();
    const { load } = loaderOf(3, read);
    for (const block of [10, 20, 30, 10, 40, 10]) await load(block);
    expect(ranges.map(([start]) => start)).toEqual([100, 200, 300, 400]);
    await load(20);
    expect(ranges.at(-1)).toEqual([200, 210]);
  });

  it('waits for room when all slots are on their way', async () => {
    const waiting: (() => void)[] = [];
    const read: ReadRange = async (start, end, onBytes) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      onBytes(file.subarray(start, end));
    };
    const { load } = loaderOf(2, read);
    const first = load(0); // with block 1: both slots
    const far = load(50);
    waiting[0]!();
    await first;
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]!();
    expect(await far).toEqual(blockOf(50));
  });

  it('forgets what failed, and tries it again', async () => {
    let failures = 1;
    const { read } = recording();
    const { load } = loaderOf(4, async (start, end, onBytes) => {
      if (failures-- > 0) throw new Error('broken');
      return read(start, end, onBytes);
    });
    await expect(load(7)).rejects.toThrow('broken');
    expect(await load(7)).toEqual(blockOf(7));
  });

  it('keeps what came before a failure', async () => {
    const { load } = loaderOf(4, async (start, _, onBytes) => {
      onBytes(file.subarray(start, start + BLOCK));
      throw new Error('broken');
    });
    expect(await load(0)).toEqual(blockOf(0));
    expect(await load(1)).toEqual(blockOf(1));
  });
});
