import { describe, expect, it } from 'vitest';
import { NON_SYNC } from '../../src/isobmff/sample-table.js';
import { syncSamplesOf, trackOfSamples } from '../../src/isobmff/sync-samples.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';

/** Six samples of 1024 ticks, every third a sync sample, shown 100 ticks and more after they are decoded. */
function track() {
  const built = audioTrackOf([10, 20, 30, 40, 50, 60]);
  const samples = built.samples.map((one, i) => ({ ...one, sync: i % 3 === 0, cto: 100 + i }));
  return movieOf(progressive([{ ...built, samples }])).movie.tracks[0];
}

describe('trackOfSamples', () => {
  it('keeps places, sizes and times of samples, each until the next', () => {
    const whole = track();
    const { samples, sampleNumbers } = trackOfSamples(whole, syncSamplesOf(whole));
    expect([...sampleNumbers!]).toEqual([0, 3]);
    expect([...samples.offsets]).toEqual([whole.samples.offsets[0], whole.samples.offsets[3]]);
    expect([...samples.sizes]).toEqual([10, 40]);
    expect([...samples.durations]).toEqual([3 * 1024, 3 * 1024]);
    expect([...samples.compositionOffsets!]).toEqual([100, 103]);
    expect([...samples.flags!].map((flags) => flags & NON_SYNC)).toEqual([0, 0]);
    expect(samples.entryRuns).toEqual([{ firstSample: 0, entryIndex: 1 }]);
    expect([samples.timeJumps, samples.byOffset]).toEqual([[], undefined]);
  });

  it('says when the first one is decoded, where that is not at 0', () => {
    const { samples } = trackOfSamples(track(), [2, 5]);
    expect(samples.timeJumps).toEqual([{ firstSample: 0, decodeTime: 2 * 1024 }]);
    expect([...samples.durations]).toEqual([3 * 1024, 1024]);
  });

  it('knows which sample entry is whose, and the order of samples in the file', () => {
    const whole = track();
    const { samples } = trackOfSamples(
      {
        ...whole,
        samples: {
          ...whole.samples,
          offsets: Float64Array.of(90, 80, 70, 60, 50, 40),
          entryRuns: [
            { firstSample: 0, entryIndex: 1 },
            { firstSample: 2, entryIndex: 2 },
            { firstSample: 3, entryIndex: 1 },
          ],
        },
      },
      [1, 2, 4, 5],
    );
    expect(samples.entryRuns).toEqual([
      { firstSample: 0, entryIndex: 1 },
      { firstSample: 1, entryIndex: 2 },
      { firstSample: 2, entryIndex: 1 },
    ]);
    expect([...samples.byOffset!]).toEqual([3, 2, 1, 0]);
  });
});

it('all samples are sync samples where nothing says which are', () => {
  const { samples, ...rest } = track();
  expect(syncSamplesOf({ ...rest, samples: { ...samples, flags: undefined } })).toEqual([0, 1, 2, 3, 4, 5]);
});
