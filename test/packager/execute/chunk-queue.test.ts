import { describe, expect, it } from 'vitest';
import type { OutputChunk } from '../../../src/packager/execute/chunk.js';
import { ChunkQueue } from '../../../src/packager/execute/chunk-queue.js';

/** As many chunks as each output has. */
function queueOf(...counts: number[]): ChunkQueue {
  return new ChunkQueue(
    counts.map((count, output) =>
      Array.from(
        { length: count },
        (_, i): OutputChunk => ({
          output,
          startBytes: i,
          lengthBytes: 1,
          literals: [],
          copies: new Float64Array(0),
        }),
      ).values(),
    ),
  );
}

/** What threads get that ask in this order: output and number of the chunk. */
function taken(queue: ChunkQueue, threads: string): string[] {
  return [...threads].map((thread) => {
    const chunk = queue.next(thread);
    return chunk ? `${chunk.output}.${chunk.startBytes}` : '-';
  });
}

describe('ChunkQueue', () => {
  it('gives one thread all outputs, one after the other', () => {
    expect(taken(queueOf(2, 1, 2), 'aaaaaa')).toEqual(['0.0', '0.1', '1.0', '2.0', '2.1', '-']);
  });

  it('gives each thread an output of its own, and the next when that ends', () => {
    expect(taken(queueOf(4, 1, 2), 'abababa')).toEqual(['0.0', '1.0', '0.1', '2.0', '0.2', '2.1', '0.3']);
  });

  it('lets threads share what is left when all outputs are begun', () => {
    expect(taken(queueOf(5, 1), 'abbabab')).toEqual(['0.0', '1.0', '0.1', '0.2', '0.3', '0.4', '-']);
    expect(taken(queueOf(2), 'abcabc')).toEqual(['0.0', '0.1', '-', '-', '-', '-']);
  });

  it('passes over outputs without chunks', () => {
    expect(taken(queueOf(0, 1, 0), 'aba')).toEqual(['1.0', '-', '-']);
    expect(taken(queueOf(), 'a')).toEqual(['-']);
  });
});
