import { describe, expect, it } from 'vitest';
import { cutFragments, type FragmentCuts } from '../../src/layout/fragment-cuts.js';
import { box, u16, u32 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltSample, type BuiltTrack } from '../support/builder/movie.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';

/** Samples of one byte; `S` is a sync sample, `n` is not. */
function video(pattern: string, duration: number, timescale: number, id = 1): BuiltTrack {
  const samples = [...pattern].map(
    (letter): BuiltSample => ({ data: Buffer.from('x'), duration, sync: letter === 'S' }),
  );
  return { ...audioTrackOf([], id), handler: 'vide', timescale, entries: [AVC], samples };
}
const AVC = box('avc1', u32(0), u16(0, 1), Buffer.alloc(70));

function audio(count: number, duration = 1024, id = 2): BuiltTrack {
  const track = audioTrackOf(Array(count).fill(1), id);
  return { ...track, samples: track.samples.map((one) => ({ ...one, duration })) };
}

function cut(tracks: BuiltTrack[], seconds: number, reference = 0): FragmentCuts {
  const { movie } = movieOf(progressive(tracks));
  return cutFragments(movie.tracks, reference, seconds);
}

const firsts = ({ firstSample }: FragmentCuts) => firstSample.map((column) => [...column]);
const times = ({ decodeTime }: FragmentCuts) => decodeTime.map((column) => [...column]);

describe('cutFragments', () => {
  it('cuts at the first sync sample after the duration, and not before', () => {
    // 1 s a sample: sync samples at 0, 1, 3, 4 and 7 s; two seconds are over at 3 s, then at 7 s.
    const cuts = cut([video('SSnSSnnSn', 100, 100)], 2);
    expect(cuts.count).toBe(3);
    expect(firsts(cuts)).toEqual([[0, 3, 7, 9]]);
    expect(times(cuts)).toEqual([[0, 300, 700]]);
  });

  it('takes 48 frames of 1001/24000 s for two seconds', () => {
    // 48 frames last 48048/24000 = 2.002 s with 1001 ticks a frame, and 1.998 s with 999: short by less than half a frame.
    expect(firsts(cut([video(`S${'n'.repeat(47)}`.repeat(3), 1001, 24000)], 2))).toEqual([[0, 48, 96, 144]]);
    expect(firsts(cut([video(`S${'n'.repeat(47)}`.repeat(3), 999, 24000)], 2))).toEqual([[0, 48, 96, 144]]);
    // 1.98 s is short by 0.02 s, half a frame and more: 980 ticks a frame are 47040 of 48000 ticks.
    expect(firsts(cut([video(`S${'n'.repeat(47)}`.repeat(4), 980, 24000)], 2))).toEqual([[0, 96, 192]]);
  });

  it('puts a sample of another track into the last fragment that starts no later', () => {
    // Video is cut at 2 s and 4 s; audio samples of 1024/48000 s: 93 * 1024 = 95232 < 96000 = 2 s, so sample 94 is the
    // first behind 2 s; 187 * 1024 = 191488 < 192000 = 4 s, so sample 188 is the first behind 4 s.
    const cuts = cut([video('SSSSSS', 1, 1), audio(282)], 2);
    expect(firsts(cuts)).toEqual([
      [0, 2, 4, 6],
      [0, 94, 188, 282],
    ]);
    expect(times(cuts)[1]).toEqual([0, 94 * 1024, 188 * 1024]);
  });

  it('starts a sample at the very time of the cut in the new fragment', () => {
    // 1/3 s is no binary fraction: 30000/90000 and 16000/48000 must still be equal.
    const cuts = cut([video('SSSSSS', 30000, 90000), audio(6, 16000)], 1 / 3);
    expect(firsts(cuts)[1]).toEqual(firsts(cuts)[0]);
  });

  it('cuts audio on its own at its own samples', () => {
    // Two seconds less half a sample are 95488 ticks: 94 samples of 1024 are 96256, 93 are 95232.
    expect(firsts(cut([audio(200)], 2))).toEqual([[0, 94, 188, 200]]);
  });

  it('does not cut where nothing but the first sample is a sync sample', () => {
    expect(firsts(cut([video(`S${'n'.repeat(99)}`, 1, 1)], 2))).toEqual([[0, 100]]);
  });

  it('has no fragment without samples, and leaves tracks without samples out of all', () => {
    const cuts = cut([video('SSSS', 1, 1), { ...audio(0), samples: [] }], 2);
    expect(firsts(cuts)).toEqual([
      [0, 2, 4],
      [0, 0, 0],
    ]);
  });

  it('starts a fragment wherever a track changes its sample entry', () => {
    const [track] = [video('SnnnSnnn', 1, 1)];
    const samples = track.samples.map((one, i) => ({ ...one, entry: i < 6 ? 0 : 1 }));
    const cuts = cut([{ ...track, entries: [AVC, AVC], samples }], 4);
    expect(firsts(cuts)).toEqual([[0, 4, 6, 8]]);
  });

  it('refuses a change of sample entry between samples of the same time', () => {
    const track = video('SSSS', 1, 1);
    const samples = track.samples.map((one, i) => ({
      ...one,
      entry: i < 2 ? 0 : 1,
      duration: i === 1 ? 0 : 1,
    }));
    expect(() => cut([{ ...track, entries: [AVC, AVC], samples }], 2)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', message: expect.stringContaining('sample 2') }),
    );
  });
});

/** Fragments of two samples whose `tfdt` is what `timeOf` says. */
function withTimes(track: BuiltTrack, timeOf: (index: number) => number) {
  let index = 0;
  const pieces = fragmented([track], { fragmentSamples: 2 });
  for (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) continue;
    const at = Buffer.from(piece).indexOf('tfdt', 0, 'latin1');
    if (at > 0) Buffer.from(piece.buffer, piece.byteOffset).writeBigUInt64BE(BigInt(timeOf(index++)), at + 8);
  }
  return movieOf(pieces).movie;
}

describe('cutFragments where decode times of fragments do not add up', () => {
  const track = video('SSSSSSSS', 100, 100);
  const cutAt = (timeOf: (index: number) => number) => {
    const movie = withTimes(track, timeOf);
    return cutFragments(movie.tracks, 0, 100);
  };

  it('starts at the first decode time', () => {
    const cuts = cutAt((index) => 5000 + index * 200);
    expect(times(cuts)).toEqual([[5000]]);
    expect([...cuts.durations[0]]).toEqual(Array(8).fill(100));
  });

  it('takes differences of less than a sample into the duration before', () => {
    // The second fragment begins 30 ticks late, the third 20 early after that: at 230, 410 and 610.
    const cuts = cutAt((index) => [0, 230, 410, 610][index]);
    expect(cuts.count).toBe(1);
    expect([...cuts.durations[0]]).toEqual([100, 130, 100, 80, 100, 100, 100, 100]);
  });

  it('begins a fragment where there is a gap', () => {
    const cuts = cutAt((index) => [0, 200, 900, 1100][index]);
    expect(firsts(cuts)).toEqual([[0, 4, 8]]);
    expect(times(cuts)).toEqual([[0, 900]]);
    expect([...cuts.durations[0]]).toEqual(Array(8).fill(100));
  });

  it('refuses times that go back', () => {
    expect(() => cutAt((index) => [0, 200, 0, 200][index])).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE', message: expect.stringContaining('sample 4') }),
    );
  });
});
