import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../../src/bytes/source.js';
import { readMovie, readMovieInParts } from '../../../src/isobmff/movie.js';
import { SegmentCheck } from '../../../src/packager/check/segment-check.js';
import { box, emsgBox } from '../../support/builder/boxes.js';
import { fragmented } from '../../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack } from '../../support/builder/movie.js';
import { toBytes } from '../../support/builder/pieces.js';
import { boxesIn } from '../../support/mp4-reader.js';

const STYP = box('styp', Buffer.from('msdh\0\0\0\0msdhcmfs', 'latin1'));

/** Six samples of 1024 ticks in fragments of one, a segment begun by every second. */
function made(
  change: (track: BuiltTrack) => BuiltTrack = (track) => track,
  hasStyp = true,
  events: readonly Buffer[] = [],
) {
  const track = change(audioTrackOf([10, 20, 30, 40, 50, 60]));
  const pieces = fragmented([track], { fragmentSamples: 1 });
  const bytes = toBytes(pieces);
  const moofs = boxesIn(bytes).filter(({ type }) => type === 'moof');
  const parts: Buffer[] = [bytes.subarray(0, moofs[0].offset)];
  const startBytes: number[] = [];
  for (const [i, { offset }] of moofs.entries()) {
    const size = () => parts.reduce((sum, part) => sum + part.length, 0);
    if (i % 2 === 0) startBytes.push(size());
    if (i % 2 === 0 && hasStyp) parts.push(STYP);
    parts.push(...events);
    parts.push(bytes.subarray(offset, moofs[i + 1]?.offset ?? bytes.length));
  }
  return { bytes: Buffer.concat(parts), expected: { startBytes, startTicks: [0, 2048, 4096], hasStyp } };
}

type Made = ReturnType<typeof made>;

function check({ bytes, expected }: Made, fragmentsAPart = Number.POSITIVE_INFINITY): void {
  const source = new MemorySource(bytes);
  const segments = new SegmentCheck(expected, source);
  for (const part of readMovieInParts(source, fragmentsAPart)) segments.add(part);
  segments.end();
}

describe('SegmentCheck', () => {
  it.each([true, false])('finds segments where they are said to be, with styp: %s', (hasStyp) => {
    const one = made(undefined, hasStyp);
    expect(readMovie(new MemorySource(one.bytes)).tracks[0].samples.count).toBe(6);
    for (const fragments of [1, 2, 3, 64]) expect(() => check(one, fragments)).not.toThrow();
  });

  it.each([true, false])('finds segments with events, with styp: %s', (hasStyp) => {
    const one = made(undefined, hasStyp, [emsgBox({ time: 1 }), emsgBox({ time: 2 })]);
    for (const fragments of [1, 64]) expect(() => check(one, fragments)).not.toThrow();
  });

  it.each<[string, (one: Made) => Made, string]>([
    [
      'another time',
      (one) => ({ ...one, expected: { ...one.expected, startTicks: [0, 2049, 4096] } }),
      'the start of segment 2 is 2048 instead of 2049',
    ],
    [
      'another place',
      (one) => ({ ...one, expected: { ...one.expected, startBytes: [one.expected.startBytes[0] + 1] } }),
      'segment 1 has no styp',
    ],
    [
      'a place with no fragment',
      (one) => ({ ...one, expected: { ...one.expected, startBytes: [0, 1, 2], hasStyp: false } }),
      'the number of segments is 0 instead of 3',
    ],
    ['no styp', (one) => ({ ...made(undefined, false), expected: one.expected }), 'segment 1 has no styp'],
    [
      'a segment that begins with a picture that needs others',
      () =>
        made((track) => ({ ...track, samples: track.samples.map((one, i) => ({ ...one, sync: i !== 2 })) })),
      'segment 2 does not begin with a sync sample',
    ],
  ])('refuses %s', (_, change, problem) => {
    expect(() => check(change(made()))).toThrow(problem);
  });
});
