import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/source.js';
import { KEPT_MOOF_BYTES, moofAt, readMoof } from '../../src/isobmff/fragments.js';
import { readMovie } from '../../src/isobmff/movie.js';
import { RunKind } from '../../src/isobmff/top-level.js';
import { box, fullBox, text, u32, u64 } from '../support/builder/boxes.js';
import { type FragmentedShape, fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { type Piece, toBytes } from '../support/builder/pieces.js';
import { movieOf } from '../support/movies.js';

const SIZES = [10, 20, 30, 40];
const DATA = Buffer.concat(audioTrackOf(SIZES).samples.map(({ data }) => data));

/** Two tracks of two samples a fragment, of the same contents. */
const build = (shape: FragmentedShape) =>
  movieOf(fragmented([audioTrackOf(SIZES, 1), audioTrackOf(SIZES, 2)], { fragmentSamples: 2, ...shape }));

/** A file of one track and one fragment whose `traf` holds these boxes; its mdat holds 100 bytes. */
function withTraf(make: (moofAt: number, dataAt: number) => Uint8Array[]): Piece[] {
  const [ftyp, moov] = fragmented([audioTrackOf([1])]) as Uint8Array[];
  const moofAt = ftyp.length + moov.length;
  const moof = (dataAt: number) =>
    box('moof', fullBox('mfhd', 0, 0, u32(1)), box('traf', ...make(moofAt, dataAt)));
  return [ftyp, moov, moof(moofAt + moof(0).length + 8), box('mdat', Buffer.alloc(100))];
}

describe('readFragments', () => {
  it.each<[string, FragmentedShape]>([
    ['moof', { base: 'moof' }],
    ['an absolute offset', { base: 'absolute' }],
    ['where the data before ends', { base: 'implied' }],
    ['moof, several runs a track fragment', { runs: 2 }],
    ['where the data before ends, several track fragments', { base: 'implied', trafs: 2 }],
  ])('finds the samples of runs that count from %s', (_, shape) => {
    const { movie, bytes } = build(shape);
    for (const { samples } of movie.tracks) {
      expect([...samples.sizes]).toEqual(SIZES);
      const found = [...samples.offsets].map((offset, i) =>
        bytes.subarray(offset, offset + samples.sizes[i]),
      );
      expect(Buffer.concat(found)).toEqual(DATA);
    }
  });

  it('tells which samples each track fragment holds', () => {
    const { fragments, topLevel } = build({ trafs: 2 }).movie;
    expect(fragments.count).toBe(2);
    expect([...fragments.runs].map((run) => topLevel.kinds[run])).toEqual([RunKind.Moof, RunKind.Moof]);
    expect([...fragments.firstTraf]).toEqual([0, 4, 8]);
    expect([...fragments.trafTrack]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...fragments.trafFirstSample]).toEqual([0, 1, 0, 1, 2, 3, 2, 3]);
    expect([...fragments.trafSampleCount]).toEqual(Array(8).fill(1));
  });

  it('takes defaults of tfhd, and of trex where tfhd has none', () => {
    const run = (dataOffset: number) => fullBox('trun', 0, 0x1, u32(2, dataOffset));
    const own = withTraf((moofAt, dataAt) => [
      fullBox('tfhd', 0, 0x2003a, u32(1, 1, 7, 50, 0x10000)),
      run(dataAt - moofAt),
    ]);
    const { samples } = movieOf(own).movie.tracks[0];
    expect([[...samples.sizes], [...samples.durations]]).toEqual([
      [50, 50],
      [7, 7],
    ]);
    const bytes = toBytes(
      withTraf((moofAt, dataAt) => [fullBox('tfhd', 0, 0x20000, u32(1)), run(dataAt - moofAt)]),
    );
    bytes.set(u32(9, 30), bytes.indexOf('trex') + 16);
    const inherited = readMovie(new MemorySource(bytes)).tracks[0].samples;
    expect([[...inherited.sizes], [...inherited.durations]]).toEqual([
      [30, 30],
      [9, 9],
    ]);
  });

  it('begins a run without an offset where the one before ends, and the first at the base', () => {
    const run = (...sizes: number[]) => fullBox('trun', 0, 0x200, u32(sizes.length, ...sizes));
    const { movie, bytes } = movieOf(
      withTraf((_, dataAt) => [fullBox('tfhd', 0, 0x1, u32(1), u64(dataAt)), run(10, 20), run(30)]),
    );
    const dataAt = bytes.indexOf('mdat') + 4;
    expect([...movie.tracks[0].samples.offsets]).toEqual([dataAt, dataAt + 10, dataAt + 30]);
  });

  it.each<[string, (moofAt: number, dataAt: number) => Uint8Array[], string]>([
    ['a track without trak', () => [fullBox('tfhd', 0, 0, u32(9))], 'moof/traf[0]/tfhd'],
    ['no tfhd', () => [], 'moof/traf[0]/tfhd'],
    [
      'data behind the end',
      (moofAt, dataAt) => [
        fullBox('tfhd', 0, 0x20000, u32(1)),
        fullBox('trun', 0, 0x201, u32(1, dataAt - moofAt + 1, 100)),
      ],
      'moof/traf[0]/trun',
    ],
    [
      'a decode time beyond 2^53',
      () => [fullBox('tfhd', 0, 0x20000, u32(1)), fullBox('tfdt', 1, 0, u64(2n ** 53n))],
      'moof/traf[0]/tfdt',
    ],
    [
      'a sample entry that is not there',
      (moofAt, dataAt) => [
        fullBox('tfhd', 0, 0x20002, u32(1, 2)),
        fullBox('trun', 0, 0x201, u32(1, dataAt - moofAt, 1)),
      ],
      'moov/trak[0]/mdia/minf/stbl/stsd',
    ],
  ])('refuses %s', (_, make, boxPath) => {
    expect(() => movieOf(withTraf(make))).toThrow(
      expect.objectContaining({ code: 'MALFORMED_INPUT', details: expect.objectContaining({ boxPath }) }),
    );
  });

  it('names the groups that fragments tell', () => {
    const sgpd = fullBox('sgpd', 1, 0, text('roll'), u32(2, 0));
    const sbgp = (type: string) => fullBox('sbgp', 0, 0, text(type), u32(0));
    const file = withTraf(() => [fullBox('tfhd', 0, 0, u32(1)), sgpd, sbgp('roll'), sbgp('rap ')]);
    expect(movieOf(file).movie.fragments.groupTypes).toEqual(['roll', 'rap ']);
  });
});

describe('Moof', () => {
  it('tells bases and ends in bytes of the file', () => {
    const { movie, source, bytes } = build({ base: 'implied' });
    const read = () => readMoof(source, movie.topLevel, movie.fragments.runs[0], () => undefined);
    const moof = read();
    const { layouts } = moof;
    const dataAt = bytes.indexOf('mdat') + 4;
    expect(layouts.map(({ baseBytes }) => baseBytes)).toEqual([moof.node.startBytes, dataAt + 30]);
    expect(layouts.map(({ truns }) => truns.map(({ dataBytes, endBytes }) => [dataBytes, endBytes]))).toEqual(
      [[[dataAt, dataAt + 30]], [[dataAt + 30, dataAt + 60]]],
    );
    expect(read().bases).toEqual([moof.node.startBytes, dataAt + 30]);
  });
});

describe('moofAt', () => {
  /** Two fragments whose `moof` boxes have so many bytes together. */
  function padded(moofBytes: number) {
    const file = fragmented([audioTrackOf([3, 3])], { fragmentSamples: 1 });
    const isMoof = (piece: Piece): piece is Uint8Array =>
      piece instanceof Uint8Array && Buffer.from(piece.subarray(4, 8)).toString() === 'moof';
    const ownBytes = file.filter(isMoof).reduce((sum, { length }) => sum + length, 0);
    const free = box('free', Buffer.alloc((moofBytes - ownBytes) / 2 - 8));
    return movieOf(
      file.map((piece) => (isMoof(piece) ? box('moof', Buffer.from(piece.subarray(8)), free) : piece)),
    );
  }

  it.each([
    [0, true],
    [2, false],
  ])('gives each as it stands in the file, kept or, at %i bytes beyond, read again', (beyond, isKept) => {
    const { movie, source } = padded(KEPT_MOOF_BYTES + beyond);
    expect(movie.fragments.count).toBe(2);
    expect(movie.fragments.moofs !== undefined).toBe(isKept);
    for (const [index, run] of movie.fragments.runs.entries()) {
      const read = readMoof(source, movie.topLevel, run, () => undefined);
      expect(isDeepStrictEqual(moofAt(movie, source, index), read)).toBe(true); // toEqual takes seconds for megabytes
    }
  });
});
