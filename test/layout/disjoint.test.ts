import { describe, expect, it } from 'vitest';
import type { PrpackError } from '../../src/errors.js';
import { assertDisjointSamples } from '../../src/layout/disjoint.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';

/** Two tracks of two samples of 10 bytes; chunk offsets are counted from the start of the mdat's content. */
function problemWith(first: number, second: number, protectedIds: number[]): PrpackError | undefined {
  const tracks = [audioTrackOf([10, 10], 1), audioTrackOf([10, 10], 2)];
  const { bytes } = movieOf(progressive(tracks, { moov: 'last' }));
  const content = bytes.indexOf('mdat') + 4;
  const stco = [bytes.indexOf('stco'), bytes.lastIndexOf('stco')];
  bytes.writeUInt32BE(content + first, stco[0] + 12);
  bytes.writeUInt32BE(content + second, stco[1] + 12);
  const { movie } = movieOf([bytes]);
  try {
    assertDisjointSamples(movie, new Set(movie.tracks.filter(({ id }) => protectedIds.includes(id))));
    return undefined;
  } catch (error) {
    return error as PrpackError;
  }
}

describe('assertDisjointSamples', () => {
  it.each([
    ['side by side', 0, 20],
    ['side by side, the other way round', 20, 0],
  ])('takes samples %s', (_, first, second) => {
    expect(problemWith(first, second, [1, 2])).toBeUndefined();
  });

  it.each([
    ['of two tracks to protect', 0, 19, [1, 2]],
    ['with a clear track, which begins first', 15, 0, [1]],
    ['with a clear track, which begins later', 0, 15, [1]],
    ['wholly', 5, 5, [2]],
  ])('refuses bytes shared %s', (_, first, second, ids) => {
    expect(problemWith(first, second, ids)).toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      message: expect.stringContaining('shares bytes'),
    });
  });

  it('does not mind what clear tracks share', () => {
    expect(problemWith(5, 5, [])).toBeUndefined();
  });

  it.each([
    ['in the header of mdat', -1],
    ['across the end of mdat', 21],
    ['in moov', 60],
  ])('refuses a sample %s', (_, first) => {
    expect(problemWith(first, 0, [1])).toMatchObject({
      code: 'MALFORMED_INPUT',
      message: expect.stringContaining('does not lie in an mdat'),
    });
  });

  it('refuses an empty sample inside another one of its track, and takes one at its end', () => {
    // One sample a chunk: 20 bytes at 0, then an empty one.
    const problem = (offset: number) => {
      const { bytes } = movieOf(progressive([audioTrackOf([20, 0])], { moov: 'last', chunkSamples: 1 }));
      bytes.writeUInt32BE(bytes.indexOf('mdat') + 4 + offset, bytes.indexOf('stco') + 16);
      const { movie } = movieOf([bytes]);
      return () => assertDisjointSamples(movie, new Set(movie.tracks));
    };
    expect(problem(10)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
    expect(problem(20)).not.toThrow();
  });

  it('remembers the longest of clear samples that overlap', () => {
    // Clear samples at 0 to 100 and 10 to 20; the protected one at 50 is inside the first.
    const tracks = [audioTrackOf([100], 1), audioTrackOf([10], 2), audioTrackOf([10], 3)];
    const { bytes } = movieOf(progressive(tracks, { moov: 'last' }));
    const content = bytes.indexOf('mdat') + 4;
    let at = -1;
    for (const offset of [0, 10, 50]) {
      at = bytes.indexOf('stco', at + 1);
      bytes.writeUInt32BE(content + offset, at + 12);
    }
    const { movie } = movieOf([bytes]);
    expect(() => assertDisjointSamples(movie, new Set([movie.tracks[2]]))).toThrow(
      /sample 0 of track 3 shares bytes with sample 0 of track 1/,
    );
  });
});
