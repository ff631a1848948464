import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../../src/bytes/source.js';
import { ChunkFiller } from '../../../src/packager/execute/chunk-filler.js';

const input = Uint8Array.from({ length: 2 ** 20 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

/** Tells of every read where it begins and how long it is. */
class WatchedSource extends MemorySource {
  readonly reads: [offsetBytes: number, lengthBytes: number][] = [];

  override readInto(target: Uint8Array, offsetBytes: number): void {
    this.reads.push([offsetBytes, target.length]);
    super.readInto(target, offsetBytes);
  }
}

/** Fills a chunk with pieces `[inputBytes, lengthBytes]`, one behind the other. */
async function fill(pieces: readonly (readonly [number, number])[], headBytes = 0) {
  const source = new WatchedSource(input);
  const filler = await ChunkFiller.create(source, []);
  const copies: number[] = [];
  let at = headBytes;
  for (const [inputBytes, lengthBytes] of pieces) {
    copies.push(at, inputBytes, lengthBytes);
    at += lengthBytes;
  }
  const literals = headBytes > 0 ? [{ at: 0, bytes: new Uint8Array(headBytes).fill(0xee) }] : [];
  const target = new Uint8Array(at);
  filler.fill({ startBytes: 0, lengthBytes: at, literals, copies: Float64Array.from(copies) }, target);
  const wanted = [
    ...new Uint8Array(headBytes).fill(0xee),
    ...pieces.flatMap(([from, length]) => [...input.subarray(from, from + length)]),
  ];
  expect(Buffer.from(target).equals(Uint8Array.from(wanted))).toBe(true);
  return source.reads;
}

describe('ChunkFiller', () => {
  it('reads short pieces that are near one another at once', async () => {
    const pieces = [
      [100, 300],
      [1000, 5],
      [1005, 8192],
      [17_000, 1],
    ] as const;
    expect(await fill(pieces, 24)).toEqual([[100, 16_901]]);
  });

  it.each([
    [
      'a long piece',
      [
        [0, 100],
        [100, 8193],
        [8293, 100],
      ],
    ],
    [
      'a gap',
      [
        [0, 100],
        [8293, 100],
      ],
    ],
    [
      'a step back',
      [
        [5000, 100],
        [4000, 100],
      ],
    ],
    [
      'bytes that are taken twice',
      [
        [5000, 100],
        [5050, 100],
      ],
    ],
  ] as const)('reads apart what is parted by %s', async (_, pieces) => {
    expect(await fill(pieces)).toEqual(pieces);
  });

  it('reads no more than 256 KiB at once', async () => {
    const pieces = Array.from({ length: 120 }, (_, i) => [i * 8000, 4000] as const);
    const reads = await fill(pieces);
    expect(reads.length).toBe(4);
    for (const [, lengthBytes] of reads) expect(lengthBytes).toBeLessThanOrEqual(2 ** 18);
  });

  it('copes with a chunk that has nothing of the input', async () => {
    expect(await fill([], 10)).toEqual([]);
  });
});
