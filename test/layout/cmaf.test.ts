import { describe, expect, it } from 'vitest';
import { FragmentedPlan, fragmentationOf } from '../../src/layout/fragmented-plan.js';
import { presentationOf } from '../../src/layout/presentation.js';
import { emsgBox } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import type { Piece } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';
import { boxesIn } from '../support/mp4-reader.js';
import { render, wholeSamples } from './plans.js';

const ONE = 1024 / 48000;

/** A CMAF track file with fragments of two samples. */
function cmaf(pieces: readonly Piece[], isCmaf = true, segmentStarts?: readonly number[]) {
  const { movie, source } = movieOf(pieces);
  const plan = new FragmentedPlan({
    movie,
    source,
    encryptions: movie.tracks.map(wholeSamples),
    fragmentation: fragmentationOf(presentationOf(movie, source), 2 * ONE),
    psshBoxes: [],
    isCmaf,
    segmentStarts,
  });
  const bytes = render(plan, source);
  return { plan, movie, bytes, top: boxesIn(bytes) };
}

it('says that it is a CMAF track, whatever the brands of the input are', () => {
  const { bytes, top } = cmaf(progressive([audioTrackOf([10, 20])], { brand: 'M4A ' }));
  expect(bytes.toString('latin1', 8, top[0].size)).toBe('iso6\0\0\0\0iso6cmfcdashmp41');
});

it('carries nothing over but the track and its events (ISO/IEC 23000-19 7.3)', () => {
  const pieces = fragmented([audioTrackOf([10, 20])], { fragmentSamples: 1, unknown: true });
  pieces.splice(2, 0, emsgBox({ time: 7 }));
  const types = (isCmaf: boolean) => cmaf(pieces, isCmaf).top.map(({ type }) => type);
  expect(types(false)).toContain('xyz1');
  expect(types(true)).toEqual(['ftyp', 'moov', 'sidx', 'emsg', 'moof', 'mdat']);
});

it('knows where its parts are', () => {
  const { plan, top } = cmaf(progressive([audioTrackOf([10, 20, 30, 40, 50])]));
  const [ftyp, moov, sidx] = top;
  expect(plan.places).toEqual({ initBytes: ftyp.size + moov.size, indexBytes: sidx.size });
  const moofs = top.filter(({ type }) => type === 'moof').map(({ offset }) => offset);
  expect([...plan.segmentStartBytes.subarray(1, 4)]).toEqual(moofs);
  expect(plan.sizeBytes).toBe(top[top.length - 1].offset + top[top.length - 1].size);
});

it('knows which bytes of a fragment hold its first sample', () => {
  const { plan, top } = cmaf(progressive([audioTrackOf([10, 20, 30, 40, 50])]));
  const moofs = top.filter(({ type }) => type === 'moof');
  // the moof, eight bytes of mdat, and the first, third and fifth sample
  expect([0, 1, 2].map((i) => plan.firstSampleRange(i))).toEqual(
    [10, 30, 50].map((bytes, i) => ({
      startBytes: moofs[i].offset,
      endBytes: moofs[i].offset + moofs[i].size + 8 + bytes,
    })),
  );
});

it('knows when its fragments are seen, and when the last one ends', () => {
  const track = audioTrackOf([10, 20, 30, 40, 50]);
  const timesOf = (one: BuiltTrack) => {
    const { plan, movie } = cmaf(progressive([one]));
    return [...plan.fragmentTimes(movie.tracks[0])];
  };
  expect(timesOf(track)).toEqual([0, 2048, 4096, 5120]);
  // The second sample of each pair is shown 724 ticks early, at 300: before the first one of its pair, at 500.
  const samples = track.samples.map((one, i) => ({ ...one, cto: i % 2 === 0 ? 500 : -724 }));
  expect(timesOf({ ...track, samples })).toEqual([300, 2348, 4596, 5620]);
  // An edit that begins at 1024: nothing is seen before 0.
  expect(timesOf({ ...track, edits: [{ duration: 85, mediaTime: 1024 }] })).toEqual([0, 1024, 3072, 4096]);
});

describe('segments', () => {
  const pieces = () => progressive([audioTrackOf([10, 20, 30, 40, 50])]);

  it('begin with styp, and have no index', () => {
    const { plan, top, bytes } = cmaf(pieces(), true, [0, 2]);
    const types = top.map(({ type }) => type).join(' ');
    expect(types).toBe('ftyp moov styp moof mdat moof mdat styp moof mdat');
    expect(plan.places.indexBytes).toBe(0);
    expect(plan.warnings).toEqual([]);
    // size, type, major brand, minor version, compatible brands
    expect(bytes.toString('latin1', top[2].offset, top[2].offset + 24)).toBe(
      '\0\0\0\x18stypmsdh\0\0\0\0msdhcmfs',
    );
    const starts = [top[2], top[5], top[7]].map(({ offset }) => offset);
    expect([...plan.segmentStartBytes.subarray(1, 4)]).toEqual(starts);
    expect(plan.sizeBytes).toBe(bytes.length);
  });

  it('have the same header and fragments as one file', () => {
    const without = ({ bytes, top }: ReturnType<typeof cmaf>, type: string) =>
      Buffer.concat(
        top
          .filter((box) => box.type !== type)
          .map(({ offset, size }) => bytes.subarray(offset, offset + size)),
      );
    expect(without(cmaf(pieces(), true, [0, 2]), 'styp')).toEqual(without(cmaf(pieces()), 'sidx'));
  });

  it('know which bytes of a fragment hold its first sample, without styp', () => {
    const { plan, top } = cmaf(pieces(), true, [0, 2]);
    const moofs = top.filter(({ type }) => type === 'moof').map(({ offset }) => offset);
    expect([0, 1, 2].map((i) => plan.firstSampleRange(i).startBytes)).toEqual(moofs);
  });
});
