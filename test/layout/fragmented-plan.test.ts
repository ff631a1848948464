import { describe, expect, it } from 'vitest';
import { type ByteSource, MemorySource } from '../../src/bytes/source.js';
import { type Movie, readMovie } from '../../src/isobmff/movie.js';
import { trackOfSamples } from '../../src/isobmff/sync-samples.js';
import { FragmentedPlan, fragmentationOf, fragmentationOfTrack } from '../../src/layout/fragmented-plan.js';
import { movieOfTrack, presentationOf } from '../../src/layout/presentation.js';
import { groupRunsOf, writeGroups } from '../../src/layout/sample-groups.js';
import { box, emsgBox, fullBox, text, u8, u16, u32, u64 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import { type Piece, toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { boxesIn } from '../support/mp4-reader.js';
import { boxIn, render, sourceOf, wholeSamples } from './plans.js';

const PSSH = box('pssh', Buffer.alloc(24));

interface Planned {
  readonly plan: FragmentedPlan;
  readonly bytes: Buffer;
  /** The top-level boxes of the output, by name. */
  readonly order: string[];
  readonly boxes: (type: string) => Buffer[];
}

/** Fragments of the given duration, the tracks of these ids encrypted. */
function planned(pieces: readonly Piece[], seconds: number, encryptedIds: number[] = [1]): Planned {
  const source = new MemorySource(toBytes(pieces));
  const movie = readMovie(source);
  const tracks = movie.tracks.filter(({ id }) => encryptedIds.includes(id));
  const plan = new FragmentedPlan({
    movie,
    source,
    encryptions: tracks.map(wholeSamples),
    fragmentation: fragmentationOf(presentationOf(movie, source), seconds),
    psshBoxes: [PSSH],
  });
  const bytes = render(plan, source);
  const top = boxesIn(bytes);
  return {
    plan,
    bytes,
    order: top.map(({ type }) => type),
    boxes: (type) =>
      top
        .filter((found) => found.type === type)
        .map(({ offset, size }) => bytes.subarray(offset, offset + size)),
  };
}

function clearPlan(movie: Movie, source: ByteSource): FragmentedPlan {
  const fragmentation = fragmentationOf(presentationOf(movie, source), 2);
  return new FragmentedPlan({ movie, source, encryptions: [], fragmentation, psshBoxes: [] });
}

/** 1024/48000 s a sample: with this duration every sample is a fragment, with twice as much every two. */
const ONE = 1024 / 48000;

describe('FragmentedPlan', () => {
  it('writes a fragment as the standard has it', () => {
    const { order, boxes, bytes } = planned(progressive([audioTrackOf([10, 20, 30])]), 2);
    expect(order).toEqual(['ftyp', 'moov', 'sidx', 'moof', 'mdat']);
    const tfhd = fullBox('tfhd', 0, 0x2002a, u32(1, 1, 1024, 0x2000000)); // 28 bytes
    const tfdt = fullBox('tfdt', 1, 0, u64(0)); // 20 bytes
    // moof 8, mfhd 16, traf 8, trun 12 + 8 + 12, saiz 17, saio 20, senc 16 + 24
    const moofBytes = 8 + 16 + 8 + 28 + tfdt.length + 32 + 17 + 20 + 40;
    const trun = fullBox('trun', 0, 0x201, u32(3, moofBytes + 8, 10, 20, 30));
    const saiz = fullBox('saiz', 0, 0, u8(8), u32(3));
    const saio = fullBox('saio', 0, 0, u32(1, moofBytes - 24));
    const senc = fullBox('senc', 0, 0, u32(3, 0, 0, 0, 1, 0, 2));
    const traf = box('traf', tfhd, tfdt, trun, saiz, saio, senc);
    expect(boxes('moof')[0]).toEqual(box('moof', fullBox('mfhd', 0, 0, u32(1)), traf));
    expect(boxes('mdat')[0].subarray(8)).toEqual(
      Buffer.concat(audioTrackOf([10, 20, 30]).samples.map(({ data }) => data)),
    );
    // One segment from the end of sidx to the end of the file, which begins with a sync sample.
    const segment = bytes.length - bytes.indexOf(boxes('moof')[0]);
    expect(boxes('sidx')[0]).toEqual(
      fullBox('sidx', 0, 0, u32(1, 48000, 0, 0), u16(0, 1), u32(segment, 3 * 1024, 0x90000000)),
    );
  });

  it('announces every fragment in sidx, in its size and duration', () => {
    const { boxes, plan } = planned(progressive([audioTrackOf([10, 20, 30])]), 2 * ONE);
    expect(plan.fragmentCount).toBe(2);
    const sizes = [0, 1].map((i) => boxes('moof')[i].length + boxes('mdat')[i].length);
    const references = u32(sizes[0], 2048, 0x90000000, sizes[1], 1024, 0x90000000);
    expect(boxes('sidx')[0].subarray(32)).toEqual(references);
    expect(boxes('moof').map((moof) => boxIn(moof, 'mfhd').readUInt32BE(12))).toEqual([1, 2]);
  });

  it('empties the sample tables, tells the whole duration in mehd and none elsewhere', () => {
    const { boxes } = planned(progressive([audioTrackOf([10, 20, 30])]), 2);
    const [moov] = boxes('moov');
    expect(moov.subarray(-PSSH.length)).toEqual(PSSH);
    for (const type of ['stts', 'stsc', 'stco'])
      expect(boxIn(moov, type)).toEqual(fullBox(type, 0, 0, u32(0)));
    expect(boxIn(moov, 'stsz')).toEqual(fullBox('stsz', 0, 0, u32(0, 0)));
    expect(boxIn(moov, 'mvhd').readUInt32BE(24)).toBe(0);
    expect(boxIn(moov, 'tkhd').readUInt32BE(28)).toBe(0);
    expect(boxIn(moov, 'mdhd').readUInt32BE(24)).toBe(0);
    // 3 * 1024 / 48000 s are 64 of the movie's milliseconds.
    expect(boxIn(moov, 'mehd')).toEqual(fullBox('mehd', 0, 0, u32(64)));
    expect(boxIn(moov, 'trex')).toEqual(fullBox('trex', 0, 0, u32(1, 1, 0, 0, 0)));
  });

  it('makes one edit to the end of an edit list, and a delay of the empty edits before it', () => {
    const edits = [
      { duration: 20, mediaTime: -1 },
      { duration: 43, mediaTime: 1024 },
    ];
    const { boxes } = planned(progressive([{ ...audioTrackOf([10, 20, 30]), edits }]), 2);
    expect(boxIn(boxes('moov')[0], 'elst')).toEqual(fullBox('elst', 0, 0, u32(1, 0, 1024), u16(1, 0)));
    // 20 of the movie's milliseconds are 960 ticks of 1/48000 s.
    expect(boxIn(boxes('moof')[0], 'tfdt').readBigUInt64BE(12)).toBe(960n);
    // earliest_presentation_time: 960 and the first composition time, 0, less the media time, but not below 0
    expect(boxes('sidx')[0].readUInt32BE(20)).toBe(0);
  });

  it('keeps negative composition offsets, and begins sidx at what is shown first', () => {
    const track = audioTrackOf([10, 20]);
    const samples = track.samples.map((one, i) => ({ ...one, cto: [500, -300][i] }));
    const { boxes } = planned(progressive([{ ...track, samples }]), 2);
    const trun = boxIn(boxes('moof')[0], 'trun');
    expect(trun.readUInt32BE(8)).toBe(0x1000a01); // version 1; sizes and composition offsets
    expect([0, 1].map((i) => trun.readInt32BE(20 + 8 * i + 4))).toEqual([500, -300]);
    // The first sample is shown at 500, the second at 1024 - 300 = 724.
    expect(boxes('sidx')[0].readUInt32BE(20)).toBe(500);
  });

  it('puts all tracks into a fragment, one after the other, and leaves those out that have nothing in it', () => {
    const tracks: BuiltTrack[] = [
      audioTrackOf([1, 2], 1),
      audioTrackOf([4, 8, 16, 32], 2),
      audioTrackOf([], 3),
    ];
    const { boxes } = planned(progressive(tracks), 2 * ONE, [1, 2]);
    const trafs = boxes('moof').map(
      (moof) => boxesIn(moof.subarray(8)).filter(({ type }) => type === 'traf').length,
    );
    expect(trafs).toEqual([1 + 1]);
    const mdat = boxes('mdat')[0];
    expect(mdat.length).toBe(8 + 3 + 60);
    const moof = boxes('moof')[0];
    const offsets = [
      boxIn(moof, 'trun'),
      boxIn(moof, 'trun', moof.lastIndexOf('trun', undefined, 'latin1') - 8),
    ];
    expect(offsets.map((trun) => trun.readInt32BE(16))).toEqual([moof.length + 8, moof.length + 8 + 3]);
    const saios = [
      boxIn(moof, 'saio'),
      boxIn(moof, 'saio', moof.lastIndexOf('saio', undefined, 'latin1') - 8),
    ];
    const sencs = [moof.indexOf('senc', 0, 'latin1'), moof.lastIndexOf('senc', undefined, 'latin1')];
    expect(saios.map((saio) => saio.readUInt32BE(16))).toEqual(sencs.map((at) => at - 4 + 16));
  });

  it('names the sample entry of each fragment', () => {
    const track = audioTrackOf([1, 2, 3]);
    const samples = track.samples.map((one, i) => ({ ...one, entry: i === 2 ? 1 : 0 }));
    const entries = [...track.entries, ...track.entries];
    const { boxes, bytes } = planned(progressive([{ ...track, entries, samples }]), 2);
    expect(boxes('moof').map((moof) => boxIn(moof, 'tfhd').readUInt32BE(16))).toEqual([1, 2]);
    expect(bytes.toString('latin1').match(/enca/g)).toHaveLength(2);
  });

  it('says of samples what sdtp says, else that sync samples depend on none and others on some', () => {
    const track = { ...audioTrackOf([1, 2, 3]) };
    const samples = track.samples.map((one, i) => ({ ...one, sync: i === 0 }));
    const { boxes } = planned(progressive([{ ...track, samples }]), 2);
    const moof = boxes('moof')[0];
    expect(boxIn(moof, 'trun').readUInt32BE(8)).toBe(0x205); // first-sample-flags
    expect(boxIn(moof, 'trun').readUInt32BE(20)).toBe(0x02000000);
    expect(boxIn(moof, 'tfhd').readUInt32BE(24)).toBe(0x01010000);
  });

  it('takes times of fragments over', () => {
    const pieces = fragmented([audioTrackOf([1, 2, 3, 4])], { fragmentSamples: 2 });
    const second = pieces
      .filter((piece) => piece instanceof Uint8Array && Buffer.from(piece).includes('tfdt'))
      .at(-1) as Buffer;
    second.writeBigUInt64BE(2n ** 33n, second.indexOf('tfdt') + 8);
    const { boxes } = planned(pieces, 2);
    const tfdts = boxes('moof').map((moof) => boxIn(moof, 'tfdt'));
    expect(tfdts).toHaveLength(2);
    expect(tfdts[1]).toEqual(fullBox('tfdt', 1, 0, u64(2 ** 33)));
  });

  it('carries boxes along, before the fragment whose media follows them, and drops padding and indexes', () => {
    const shape = { fragmentSamples: 1, sidx: 'each', mfra: true, unknown: true } as const;
    const pieces = fragmented([audioTrackOf([5, 6])], shape);
    const emsg = emsgBox({ time: 7 });
    pieces.splice(2, 0, emsg, box('free', u32(0)), box('styp', u32(0)));
    const { order, boxes } = planned(pieces, ONE);
    expect(order).toEqual(['ftyp', 'moov', 'sidx', 'emsg', 'moof', 'mdat', 'xyz1', 'moof', 'mdat', 'xyz1']);
    expect(boxes('emsg')).toEqual([emsg]);
    const first = emsg.length + boxes('moof')[0].length + boxes('mdat')[0].length;
    expect(boxes('sidx')[0].readUInt32BE(32)).toBe(first);
  });

  it('reads no more than the header of a box that it carries', () => {
    const large: Piece[] = [
      Buffer.concat([u32(1), text('uuid'), u64(2 ** 40), Buffer.alloc(16)]),
      { hole: 2 ** 40 - 32 },
    ];
    const source = sourceOf([...progressive([audioTrackOf([5])], { moov: 'last' }), ...large]);
    const movie = readMovie(source);
    const plan = clearPlan(movie, source);
    expect(plan.sizeBytes).toBeGreaterThan(2 ** 40);
    expect(plan.pieces(2)).toEqual([
      { kind: 'copy', inputBytes: source.sizeBytes - 2 ** 40, lengthBytes: 2 ** 40 },
    ]);
  });

  it('writes sample groups of the whole file fragment by fragment', () => {
    // Four samples: none, group 1 twice, group 2.
    const sbgp = fullBox('sbgp', 0, 0, text('roll'), u32(3, 1, 0, 2, 1, 1, 2));
    const sgpd = fullBox('sgpd', 1, 0, text('roll'), u32(2, 2), u16(0xffff, 0xfffe));
    const pieces = withInStbl(progressive([audioTrackOf([1, 2, 3, 4])], { moov: 'last' }), sgpd, sbgp);
    const { boxes, plan } = planned(pieces, 2 * ONE);
    expect(boxIn(boxes('moov')[0], 'sgpd')).toEqual(sgpd);
    expect(boxes('moov')[0].includes('sbgp')).toBe(false);
    expect(boxes('moof').map((moof) => boxIn(moof, 'sbgp'))).toEqual([
      fullBox('sbgp', 0, 0, text('roll'), u32(2, 1, 0, 1, 1)),
      fullBox('sbgp', 0, 0, text('roll'), u32(2, 1, 1, 1, 2)),
    ]);
    expect(plan.warnings).toEqual([]);
  });

  it('knows the sample groups of some samples of a track', () => {
    // Six samples: none, group 1 twice, group 2, and two that no run has.
    const sbgp = fullBox('sbgp', 0, 0, text('roll'), u32(3, 1, 0, 2, 1, 1, 2));
    const pieces = withInStbl(
      progressive([audioTrackOf([1, 2, 3, 4, 5, 6])], { moov: 'last' }),
      fullBox('sgpd', 1, 0, text('roll'), u32(2, 2), u16(0xffff, 0xfffe)),
      sbgp,
    );
    const { tracks, moov } = readMovie(new MemorySource(toBytes(pieces)));
    const boxesOf = (kept: readonly number[]) =>
      writeGroups(groupRunsOf(trackOfSamples(tracks[0], kept), moov), 0, kept.length).map((bytes) =>
        Buffer.from(bytes),
      );
    expect(boxesOf([0, 2, 3, 5])).toEqual([
      fullBox('sbgp', 0, 0, text('roll'), u32(4, 1, 0, 1, 1, 1, 2, 1, 0)),
    ]);
    expect(boxesOf([0, 4])).toEqual([]);
  });

  it('names what it cannot carry', () => {
    const subs = fullBox('subs', 0, 0, u32(0));
    const pieces = withInStbl(progressive([audioTrackOf([1])], { moov: 'last' }), subs, box('free'));
    expect(planned(pieces, 2).plan.warnings).toEqual([
      expect.stringMatching(/not carried over: subs\. Use layout: 'keep'/),
    ]);
    const sbgp = fullBox('sbgp', 0, 0, text('rap '), u32(1, 1, 1));
    const moof = (piece: Piece) =>
      piece instanceof Uint8Array && Buffer.from(piece).toString('latin1', 4, 8) === 'moof'
        ? box('moof', piece.subarray(8, 24), box('traf', piece.subarray(32), sbgp))
        : piece;
    expect(planned(fragmented([audioTrackOf([1])]).map(moof), 2).plan.warnings).toEqual([
      expect.stringMatching(/rap /),
    ]);
  });

  it.each([
    ['ISO', (iloc: Buffer) => fullBox('meta', 0, 0, iloc)],
    ['QuickTime', (iloc: Buffer) => box('meta', iloc)],
  ])('refuses items of an %s meta whose data it would lose, and carries others', (_, metaOf) => {
    const item = (method: number) => fullBox('iloc', 1, 0, u8(0x44, 0), u16(1, 1, method, 0, 1), u32(0, 1));
    const file = (method: number) => progressive([audioTrackOf([1])], { beforeMdat: [metaOf(item(method))] });
    expect(() => planned(file(0), 2)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
    expect(planned(file(1), 2).order).toEqual(['ftyp', 'moov', 'sidx', 'meta', 'moof', 'mdat']);
  });

  it('refuses fragments that no run could address', () => {
    const tracks = [1, 2, 3, 4, 5].map((id) => ({
      ...audioTrackOf([], id),
      samples: [{ data: Buffer.alloc(0), duration: 1024 }],
    }));
    // Sizes are claims here: each track has one sample of 450 MB in a file of holes.
    const pieces = progressive(tracks, { moov: 'last' });
    const bytes = toBytes(pieces);
    const large = 450 * 2 ** 20;
    let at = -1;
    for (let track = 0; track < 5; track++) {
      at = bytes.indexOf('stsz', at + 1, 'latin1');
      bytes.writeUInt32BE(large, at + 16);
    }
    const source = sourceOf([bytes, u32(large + 8), text('mdat'), { hole: large }]);
    const movie = readMovie(source);
    const plan = () => clearPlan(movie, source);
    expect(plan).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        message: expect.stringContaining('fragment 1'),
      }),
    );
  });

  it('keeps the brands of the input, and says that of its own layout first', () => {
    const { boxes } = planned(progressive([audioTrackOf([1])], { brand: 'M4A ' }), 2);
    expect(boxes('ftyp')[0].toString('latin1', 8)).toBe('iso6\0\0\0\0iso6mp41M4A isomiso2');
  });
});

/** The file with more boxes at the end of its only `stbl`; `moov` must be last, so that nothing moves. */
function withInStbl(pieces: readonly Piece[], ...added: Buffer[]): Piece[] {
  const bytes = toBytes(pieces);
  const more = Buffer.concat(added);
  let end = bytes.length;
  let from = 0;
  for (const type of ['moov', 'trak', 'mdia', 'minf', 'stbl']) {
    from = bytes.indexOf(type, from, 'latin1');
    const size = bytes.readUInt32BE(from - 4);
    end = from - 4 + size;
    bytes.writeUInt32BE(size + more.length, from - 4);
  }
  return [bytes.subarray(0, end), more, bytes.subarray(end)];
}

describe('an output of one track', () => {
  it('has that track alone, cut where all are cut, and no fragment without samples', () => {
    const source = new MemorySource(
      toBytes(progressive([audioTrackOf([7, 8, 9, 10, 11], 1), audioTrackOf([20, 30], 2)])),
    );
    const presentation = presentationOf(readMovie(source), source);
    const whole = fragmentationOf(presentation, ONE);
    expect(whole.cuts.count).toBe(5);
    for (const [place, track] of presentation.entries()) {
      const movie = movieOfTrack(track);
      const fragmentation = fragmentationOfTrack(whole, place);
      const plan = new FragmentedPlan({
        movie,
        source,
        encryptions: movie.tracks.map(wholeSamples),
        fragmentation,
        psshBoxes: [],
      });
      const output = readMovie(new MemorySource(render(plan, source)));
      expect(output.tracks.map(({ id }) => id)).toEqual([track.track.id]);
      expect(output.fragments.count).toBe([5, 2][place]);
      const { samples } = output.tracks[0];
      expect([...samples.sizes.subarray(0, samples.count)]).toEqual([
        ...track.track.samples.sizes.subarray(0, track.track.samples.count),
      ]);
      expect([...fragmentation.cuts.decodeTime[0]]).toEqual(
        [...whole.cuts.decodeTime[place]].slice(0, fragmentation.cuts.count),
      );
    }
  });
});
