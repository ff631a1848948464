import { describe, expect, it } from 'vitest';
import { cutFragments } from '../../src/layout/fragment-cuts.js';
import { earliestTime, movieDurationSeconds, trackDurationSeconds } from '../../src/layout/timing.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';

describe('trackDurationSeconds', () => {
  it('adds up durations', () => {
    const { movie } = movieOf(progressive([audioTrackOf([1, 2, 3])]));
    expect(trackDurationSeconds(movie.tracks[0])).toBe((3 * 1024) / 48000);
  });

  it('counts from the first decode time, gaps included', () => {
    const pieces = fragmented([audioTrackOf([1, 2, 3, 4])], { fragmentSamples: 2 });
    const starts = [48000, 480000];
    for (const piece of pieces) {
      if (piece instanceof Uint8Array && piece.includes(0x74) && Buffer.from(piece).includes('tfdt')) {
        const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
        bytes.writeBigUInt64BE(BigInt(starts.shift()!), bytes.indexOf('tfdt') + 8);
      }
    }
    const { movie } = movieOf(pieces);
    expect(trackDurationSeconds(movie.tracks[0])).toBe((480000 + 2048 - 48000) / 48000);
  });

  it('is 0 without samples', () => {
    const { movie } = movieOf(progressive([audioTrackOf([1]), audioTrackOf([], 2)]));
    expect(trackDurationSeconds(movie.tracks[1])).toBe(0);
  });
});

describe('movieDurationSeconds', () => {
  const patched = (ticks: number) => {
    const { bytes } = movieOf(progressive([audioTrackOf([1, 2, 3])]));
    bytes.writeUInt32BE(ticks, bytes.indexOf('mvhd') + 20);
    return movieOf([bytes]).movie;
  };

  it('is what mvhd says', () => {
    expect(movieDurationSeconds(patched(5000))).toBe(5);
  });

  it.each([0, 0xffffffff])('is that of the samples where mvhd says %i, not known', (ticks) => {
    expect(movieDurationSeconds(patched(ticks))).toBe(0.064);
  });
});

describe('earliestTime', () => {
  const earliest = (ctos: number[], mediaTime: number) => {
    const track = audioTrackOf(ctos.map(() => 1));
    const samples = track.samples.map((one, i) => ({ ...one, cto: ctos[i] }));
    const edits = [
      { duration: 10, mediaTime: -1 },
      { duration: 10, mediaTime },
    ];
    const { movie } = movieOf(progressive([{ ...track, samples, edits }]));
    const cuts = cutFragments(movie.tracks, 0, 10);
    return earliestTime(movie.tracks[0], movie, cuts, 0);
  };

  it.each([
    // Decode times are 0, 1024, 2048; the first edit that is not empty begins at the media time.
    [[2048, 4096, 0], 0, 2048],
    [[3000, 4096, 100], 0, 2148],
    [[2048, 4096, 0], 2048, 0],
    [[2048, 4096, 0], 1000, 1048],
    [[2048, 4096, 0], 9999, 0],
  ])('of offsets %j from media time %i on is %i', (ctos, mediaTime, expected) => {
    expect(earliest(ctos, mediaTime)).toBe(expected);
  });
});
