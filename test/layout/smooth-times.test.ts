import { describe, expect, it } from 'vitest';
import { fragmentationOf, fragmentationOfTrack } from '../../src/layout/fragmented-plan.js';
import { presentationOf } from '../../src/layout/presentation.js';
import { type CutTrack, smoothTimes } from '../../src/layout/smooth-times.js';
import { audioTrackOf, type BuiltSample, type BuiltTrack } from '../support/builder/movie.js';
import { progressive } from '../support/builder/progressive.js';
import { rendition } from '../support/ladder.js';
import { movieOf } from '../support/movies.js';

/** The track alone in a movie, in fragments of two samples. */
function cut(track: BuiltTrack): CutTrack {
  const { movie, source } = movieOf(progressive([track]));
  const seconds = (2 * track.samples[0].duration) / track.timescale;
  const { cuts } = fragmentationOfTrack(fragmentationOf(presentationOf(movie, source), seconds), 0);
  return { movie, track: movie.tracks[0], cuts };
}

/** Pictures of 1/25 s at 12800 Hz with these composition offsets. */
function video(offsets: readonly number[], mediaTime?: number): BuiltTrack {
  const samples = offsets.map((cto): BuiltSample => ({ data: Buffer.alloc(4), duration: 512, cto }));
  const track = { ...rendition(320, 180), timescale: 12800, samples, edits: [] };
  return mediaTime === undefined ? track : { ...track, edits: [{ duration: 0, mediaTime }] };
}

const timesOf = (...tracks: BuiltTrack[]) => smoothTimes([tracks.map(cut)])[0];

describe('smoothTimes', () => {
  it('counts in ticks of ten million a second, so that no rounding adds up', () => {
    const [times] = timesOf(audioTrackOf([1, 2, 3, 4, 5]));
    // 1024/48000 s are 213333.3 ticks
    expect([...times.durations]).toEqual([213333, 213334, 213333, 213333, 213334]);
    expect([...times.starts]).toEqual([0, 426667, 853333]);
    expect(times.end).toBe(1066667);
    expect(times.compositionOffsets).toBeUndefined();
  });

  it('keeps rounding from growing over long decode times', () => {
    const track = audioTrackOf([1, 2]);
    const day = 24 * 3600 * 48000;
    const samples = [{ ...track.samples[0], duration: day }, track.samples[1]];
    expect(timesOf({ ...track, samples })[0].end).toBe(24 * 3600 * 1e7 + 213333);
  });

  it('begins at the sample that is decoded first, and keeps tracks together', () => {
    // Pictures are shown 80 ms after they are decoded; the edit has that begin at 0. The edit of the sound leaves out 1024 of 48000.
    const sound = { ...audioTrackOf([1, 2, 3, 4]), edits: [{ duration: 0, mediaTime: 1024 }] };
    const [[pictures], [speech]] = smoothTimes([[cut(video([1024, 2048, 1024, 0], 1024))], [cut(sound)]]);
    expect(pictures.starts[0]).toBe(0);
    expect([...pictures.compositionOffsets!]).toEqual([800000, 1600000, 800000, 0]);
    // So the first picture is shown at 80 ms, and with it the second frame of sound.
    expect(speech.starts[0] + speech.durations[0]).toBe(800000);
  });

  it('has no negative composition offsets', () => {
    const [times] = timesOf(video([0, 512, -512, 0]));
    expect([...times.compositionOffsets!]).toEqual([400000, 800000, 0, 400000]);
    expect([...times.starts]).toEqual([0, 800000]);
  });

  it('lets renditions of a stream wait equally long, so that their fragments begin together', () => {
    const [withB, without] = timesOf(video([1024, 2048, 1024, 0], 1024), video([0, 0, 0, 0]));
    expect([...without.starts]).toEqual([...withB.starts]);
    expect([...without.compositionOffsets!]).toEqual([800000, 800000, 800000, 800000]);
    expect(without.starts[0] + without.compositionOffsets![0]).toBe(800000);
    expect(withB.starts[0] + withB.compositionOffsets![0]).toBe(800000);
  });

  it('delays what an empty edit delays', () => {
    const late: BuiltTrack = {
      ...audioTrackOf([1, 2]),
      edits: [
        { duration: 500, mediaTime: -1 },
        { duration: 0, mediaTime: 0 },
      ],
    };
    const [[pictures], [speech]] = smoothTimes([[cut(video([0, 0]))], [cut(late)]]);
    expect([pictures.starts[0], speech.starts[0]]).toEqual([0, 5_000_000]);
  });
});
