import { describe, expect, it } from 'vitest';
import { fragmentEditsOf } from '../../src/layout/fragment-edits.js';
import { box, fullBox, u16, u32, u64 } from '../support/builder/boxes.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';

/** Ten samples of 1024/48000 s: 213.3 of the movie's milliseconds. */
const track = audioTrackOf(Array.from({ length: 10 }, () => 5));

function editsFor(edits: { duration: number; mediaTime: number }[]) {
  const { movie } = movieOf(progressive([{ ...track, edits }]));
  return fragmentEditsOf(movie.tracks[0], movie);
}

const toTheEnd = (mediaTime: number) => fullBox('elst', 0, 0, u32(1, 0, mediaTime), u16(1, 0));

describe('the edit list of a track in fragments', () => {
  it('is not there where the input has none', () => {
    const { movie } = movieOf(progressive([track]));
    expect(fragmentEditsOf(movie.tracks[0], movie)).toEqual({ delayTicks: 0, warnings: [] });
  });

  it.each([
    ['covers the whole track', 213, 0],
    ['covers it from a media time on', 192, 1024],
    ['is rounded down by a tick of the movie', 191, 1024],
    ['ends inside the last sample', 200, 0],
    ['says 0 already', 0, 1024],
    ['is longer than the track', 5000, 0],
  ])('goes on to the end when the one edit %s', (_, duration, mediaTime) => {
    const { replacement, delayTicks, warnings } = editsFor([{ duration, mediaTime }]);
    expect(Buffer.from(replacement!.elst)).toEqual(toTheEnd(mediaTime));
    expect({ delayTicks, warnings }).toEqual({ delayTicks: 0, warnings: [] });
  });

  it('goes on to the end with a warning when an edit leaves samples out', () => {
    const { replacement, warnings } = editsFor([{ duration: 100, mediaTime: 0 }]);
    expect(Buffer.from(replacement!.elst)).toEqual(toTheEnd(0));
    // Samples that begin at 101 ms (4848 ticks) or later: 5 to 9, of 106.7 ms.
    expect(warnings).toEqual([expect.stringContaining('leaves out its last 0.11 s')]);
  });

  it('makes a delay of empty edits at the beginning', () => {
    const { replacement, delayTicks, warnings } = editsFor([
      { duration: 100, mediaTime: -1 },
      { duration: 25, mediaTime: -1 },
      { duration: 213, mediaTime: 0 },
    ]);
    expect(Buffer.from(replacement!.elst)).toEqual(toTheEnd(0));
    expect({ delayTicks, warnings }).toEqual({ delayTicks: 6000, warnings: [] }); // 125 ms of 48 kHz
  });

  it('keeps the first of several media edits, with a warning', () => {
    const { replacement, delayTicks, warnings } = editsFor([
      { duration: 10, mediaTime: -1 },
      { duration: 50, mediaTime: 2048 },
      { duration: 50, mediaTime: 0 },
    ]);
    expect(Buffer.from(replacement!.elst)).toEqual(toTheEnd(2048));
    expect(delayTicks).toBe(480);
    expect(warnings).toEqual([expect.stringContaining('cuts, repeats or slows down')]);
  });

  it('warns of another rate', () => {
    const elst = fullBox('elst', 1, 0, u32(1), u64(213, 0), u16(2, 0));
    const { movie } = movieOf(progressive([{ ...track, trakBoxes: [box('edts', elst)] }]));
    expect(fragmentEditsOf(movie.tracks[0], movie).warnings).toHaveLength(1);
  });

  it('stays as it is when nothing is to be seen', () => {
    expect(editsFor([{ duration: 213, mediaTime: -1 }])).toEqual({ delayTicks: 0, warnings: [] });
    expect(editsFor([])).toEqual({ delayTicks: 0, warnings: [] });
  });
});
