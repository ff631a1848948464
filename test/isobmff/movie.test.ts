import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FileSource, MemorySource } from '../../src/bytes/source.js';
import { FragmentReader, readMovie, readMovieInParts } from '../../src/isobmff/movie.js';
import { DecodeTimes } from '../../src/isobmff/sample-table.js';
import { box, header, u32 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { movieOf } from '../support/movies.js';
import { allMedia, testMedia } from '../support/samples.js';

const TWO = [audioTrackOf([1, 2, 3], 1), audioTrackOf([], 7)];

describe('readMovie', () => {
  it('reads tracks and where moov is', () => {
    const { movie, bytes } = movieOf(progressive(TWO, { moov: 'last' }));
    expect(
      movie.tracks.map(({ id, handler, index, samplesInMoov }) => [id, handler, index, samplesInMoov]),
    ).toEqual([
      [1, 'soun', 0, 3],
      [7, 'soun', 1, 0],
    ]);
    expect(movie.ftyp).toMatchObject({ majorBrand: 'isom' });
    expect(movie.moov.startBytes).toBe(bytes.indexOf('moov') - 4);
    expect(movie).toMatchObject({ moovRun: 2, isFragmented: false, mvhd: { timescaleHz: 1000 } });
  });

  it('has the very nodes of the tree in the tracks', () => {
    const { movie } = movieOf(progressive(TWO));
    for (const [i, track] of movie.tracks.entries()) {
      const trak = movie.moovNode.children.filter(({ type }) => type === 'trak')[i];
      expect(track.node).toBe(trak);
      const stsd = track.stbl.children.find(({ type }) => type === 'stsd')!;
      expect(stsd.children[0]).toBe(track.entries[0].node);
    }
  });

  it('puts samples of fragments behind those of moov', () => {
    const source = new FileSource(testMedia('moov-and-moofs.mp4'));
    const movie = readMovie(source);
    source.close();
    for (const track of movie.tracks) {
      expect(track.samplesInMoov).toBeGreaterThan(0);
      expect(track.samples.count).toBeGreaterThan(track.samplesInMoov);
    }
    expect(movie.isFragmented).toBe(true);
  });

  it('does without ftyp', () => {
    const bytes = toBytes(progressive(TWO, { moov: 'last' })).subarray(28);
    bytes.writeUInt32BE(bytes.readUInt32BE(bytes.indexOf('stco') + 12) - 28, bytes.indexOf('stco') + 12);
    expect(readMovie(new MemorySource(bytes)).ftyp).toBeUndefined();
  });

  it.each([
    ['an empty file', () => Buffer.alloc(0), 'NOT_MP4', 'copied'],
    ['no moov', () => box('mdat'), 'MALFORMED_INPUT', 'not finished'],
    [
      'a media segment alone',
      () => Buffer.concat([box('moof'), box('mdat')]),
      'MALFORMED_INPUT',
      'init segment',
    ],
    ['two moovs', () => Buffer.concat([box('moov'), box('moov')]), 'MALFORMED_INPUT', ''],
    ['no tracks', () => withoutTraks(), 'MALFORMED_INPUT', 'cmov'],
    ['a track id twice', () => toBytes(progressive([TWO[0], { ...TWO[1], id: 1 }])), 'MALFORMED_INPUT', ''],
    ['media in another file', () => external(), 'UNSUPPORTED_FEATURE', 'self-contained'],
    [
      'a moov of 97 MiB',
      () => Buffer.concat([header('moov', 97 * 2 ** 20, 32), Buffer.alloc(97 * 2 ** 20)]),
      'UNSUPPORTED_FEATURE',
      '',
    ],
  ])('refuses %s', (_, make, code, remedy) => {
    expect(() => readMovie(new MemorySource(make()))).toThrow(
      expect.objectContaining({
        code,
        details: expect.objectContaining({ remedy: expect.stringContaining(remedy) }),
      }),
    );
  });

  it('counts what all tracks claim together', () => {
    // Each of 40 tracks claims as many samples of no bytes in particular as half of the file has bytes.
    const tracks = Array.from({ length: 40 }, (_, i) => audioTrackOf([1], i + 1));
    const bytes = toBytes(progressive(tracks));
    const claim = bytes.length >> 1;
    for (let at = bytes.indexOf('stsz'); at >= 0; at = bytes.indexOf('stsz', at + 1)) {
      bytes.set(u32(1, claim), at + 8);
      const stts = bytes.lastIndexOf('stts', at);
      bytes.set(u32(1, claim), stts + 8);
      const stsc = bytes.lastIndexOf('stsc', at);
      bytes.set(u32(1, 1, claim), stsc + 8);
      bytes.writeUInt32BE(0, bytes.indexOf('stco', at) + 12);
    }
    expect(() => readMovie(new MemorySource(bytes))).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        message: expect.stringMatching(/trak\[[12]\].*more samples/),
      }),
    );
  });

  it('reads an init segment, which has tracks and no samples', () => {
    const movie = readMovie(new MemorySource(toBytes(fragmented(TWO).slice(0, 2))));
    expect(movie).toMatchObject({ isFragmented: true, fragments: { count: 0 } });
    expect(movie.tracks.map(({ samples }) => samples.count)).toEqual([0, 0]);
  });
});

function withoutTraks(): Buffer {
  const bytes = toBytes(progressive(TWO));
  for (let at = bytes.indexOf('trak'); at >= 0; at = bytes.indexOf('trak')) bytes.write('free', at);
  return bytes;
}

function external(): Buffer {
  const bytes = toBytes(progressive(TWO));
  bytes.writeUInt32BE(0, bytes.indexOf('url ') + 4); // the flag that says: in this file
  return bytes;
}

describe('readMovieInParts', () => {
  it.each(allMedia())('gives the samples of $name as reading it at once does', ({ path }) => {
    const source = new MemorySource(readFileSync(path));
    const whole = readMovie(source);
    const times = whole.tracks.map(({ samples }) => new DecodeTimes(samples));
    const seen = whole.tracks.map(() => 0);
    for (const part of readMovieInParts(source, 1)) {
      expect(part.fragments.count).toBeLessThanOrEqual(1);
      for (const [i, { samples }] of part.tracks.entries()) {
        const partTimes = new DecodeTimes(samples);
        for (let sample = 0; sample < samples.count; sample++, seen[i]++) {
          expect(samples.offsets[sample]).toBe(whole.tracks[i].samples.offsets[seen[i]]);
          expect(partTimes.next()).toBe(times[i].next());
        }
      }
    }
    expect(seen).toEqual(whole.tracks.map(({ samples }) => samples.count));
  });
});

describe('FragmentReader', () => {
  const pieces = fragmented([audioTrackOf([1, 2, 3, 4], 1), audioTrackOf([5, 6], 2)], { fragmentSamples: 2 });
  const { movie: whole, source, bytes } = movieOf(pieces);
  const init = readMovie(new MemorySource(bytes.subarray(0, bytes.indexOf('moof') - 4)));
  const fromBytes = bytes.indexOf('moof') - 4;

  it('reads the samples of fragments alone, part after part', () => {
    const reader = new FragmentReader(init);
    for (const movie of [reader.read(source, fromBytes), reader.read(source, fromBytes)]) {
      expect(movie.moovRun).toBe(-1);
      expect(movie.fragments.count).toBe(2);
      expect(movie.tracks.map(({ samples }) => [...samples.sizes])).toEqual([
        [1, 2, 3, 4],
        [5, 6],
      ]);
      expect(movie.tracks.map(({ samples }) => [...samples.offsets])).toEqual(
        whole.tracks.map(({ samples }) => [...samples.offsets]),
      );
    }
  });

  it('takes moof boxes that were read before as they are', () => {
    const reader = new FragmentReader(init);
    const { moofs } = reader.read(source, fromBytes).fragments;
    const again = reader.read(source, fromBytes, moofs);
    expect(again.fragments.moofs!.map((moof, i) => moof === moofs![i])).toEqual([true, true]);
    expect(again.tracks.map(({ samples }) => samples.count)).toEqual([4, 2]);
  });

  it('leaves a track as it is of which a fragment has no samples', () => {
    const last = bytes.lastIndexOf('moof') - 4;
    const movie = new FragmentReader(init).read(source, last);
    expect(movie.tracks.map(({ samples }) => [...samples.sizes])).toEqual([[3, 4], []]);
  });
});
