import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PrpackError } from '../../../src/errors.js';
import { encryptStream } from '../../../src/index.js';
import { fragmented } from '../../support/builder/fragmented.js';
import { audioTrackOf, tracksOf } from '../../support/builder/movie.js';
import { toBytes } from '../../support/builder/pieces.js';
import { testKeys } from '../../support/jobs.js';
import { testMedia } from '../../support/samples.js';
import { Collected, streamOf } from './streams.js';

const small = toBytes(fragmented([audioTrackOf([100, 20, 300, 40])], { fragmentSamples: 2 }));

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await encryptStream({ input: streamOf(bytes), output: new Collected(), keys: testKeys });
    return 'done';
  } catch (error) {
    if (error instanceof PrpackError) return error.code;
    throw error;
  }
}

/** Offsets at which a top-level box of the stream ends. */
function boxEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    at += bytes.readUInt32BE(at);
    ends.push(at);
  }
  return ends;
}

describe('a stream that ends early', () => {
  it('is truncated wherever it ends, but behind a fragment', async () => {
    const ends = boxEnds(small);
    const moovEnd = ends[1];
    const fragmentEnds = ends.filter((_, i) => i >= 2 && i % 2 === 1);
    // Around every edge of a box, and here and there between them.
    for (let length = 0; length <= small.length; length++) {
      if (length % 13 > 0 && !ends.some((end) => Math.abs(end - length) <= 9)) continue;
      const expected =
        length === 0
          ? 'NOT_MP4'
          : length === moovEnd
            ? 'NOTHING_TO_ENCRYPT'
            : fragmentEnds.includes(length)
              ? 'done'
              : 'TRUNCATED_INPUT';
      expect(await codeOf(small.subarray(0, length)), `${length} bytes`).toBe(expected);
    }
  });
});

describe('a stream with wrong bytes', () => {
  const video = toBytes(fragmented(tracksOf(testMedia('moov-last.mp4'), 6), { fragmentSamples: 3 }));

  it.each([
    ['audio', small],
    ['audio and video', video],
  ])('%s: is encrypted or refused, and never a defect', async (_, original) => {
    // The media itself is not what is read by rules here: boxes are.
    const boxes = boxEnds(original);
    const end = Math.min(original.length, boxes[2]! + 400);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: end - 1 }), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (changes) => {
          const bytes = Buffer.from(original);
          for (const [at, value] of changes) bytes[at] = value;
          const code = await codeOf(bytes);
          expect(['INTERNAL', 'OUTPUT_CHECK_FAILED']).not.toContain(code);
        },
      ),
      { numRuns: 60 },
    );
  });
});
