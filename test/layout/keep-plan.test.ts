import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ByteSource, MemorySource } from '../../src/bytes/source.js';
import { readMovie } from '../../src/isobmff/movie.js';
import { decryptEdits } from '../../src/layout/decrypt-edits.js';
import { encryptEdits } from '../../src/layout/encrypt-edits.js';
import { KeepPlan } from '../../src/layout/keep-plan.js';
import { box, fullBox, text, u8, u16, u32, u64 } from '../support/builder/boxes.js';
import { type FragmentedShape, fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { type Piece, toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { allMedia } from '../support/samples.js';
import { boxIn, render, sourceOf, wholeSamples } from './plans.js';

const PSSH = box('pssh', Buffer.alloc(24)); // 32 bytes
/** sinf: 8, frma 12, schm 20, schi 8 and tenc 32. */
const SINF_BYTES = 80;
/** saiz of one size for all, saio, and senc of 8-byte IVs without subsamples. */
const auxiliaryBytes = (samples: number) => 17 + 20 + 16 + 8 * samples;

function plan(source: ByteSource): KeepPlan {
  const movie = readMovie(source);
  const tracks = movie.tracks.filter(({ samples }) => samples.count > 0);
  return new KeepPlan(movie, source, encryptEdits(movie, tracks.map(wholeSamples), [PSSH]));
}

function encrypted(pieces: readonly Piece[]): { before: Buffer; after: Buffer } {
  const before = toBytes(pieces);
  const source = new MemorySource(before);
  return { before, after: render(plan(source), source) };
}

const lastU32 = (bytes: Buffer) => bytes.readUInt32BE(bytes.length - 4);
const places = (bytes: Buffer, type: string): number[] => {
  const found: number[] = [];
  for (let at = bytes.indexOf(type, 0, 'latin1'); at >= 0; at = bytes.indexOf(type, at + 1, 'latin1'))
    found.push(at - 4);
  return found;
};

describe('KeepPlan of progressive files', () => {
  const track = audioTrackOf([10, 20, 30]);
  const growth = PSSH.length + SINF_BYTES + auxiliaryBytes(3);

  it('moves chunk offsets by what moov grows, and points saio at the first IV', () => {
    const { before, after } = encrypted(progressive([track]));
    expect(growth).toBe(32 + 80 + 77);
    expect(after.length - before.length).toBe(growth);
    expect(lastU32(boxIn(after, 'stco')) - lastU32(boxIn(before, 'stco'))).toBe(growth);
    expect(boxIn(after, 'saio')).toEqual(fullBox('saio', 0, 0, u32(1, places(after, 'senc')[0] + 16)));
    expect(boxIn(after, 'senc')).toEqual(fullBox('senc', 0, 0, u32(3, 0, 0, 0, 1, 0, 2)));
    expect(boxIn(after, 'saiz')).toEqual(fullBox('saiz', 0, 0, u8(8), u32(3)));
    const moov = boxIn(after, 'moov');
    expect(moov.subarray(-PSSH.length)).toEqual(PSSH);
    expect(after.subarray(after.indexOf(moov) + moov.length)).toEqual(before.subarray(-60 - 8));
  });

  it('moves nothing when moov is last', () => {
    const { before, after } = encrypted(progressive([track], { moov: 'last', trailing: u8(1, 2, 3) }));
    expect(boxIn(after, 'stco')).toEqual(boxIn(before, 'stco'));
    expect(boxIn(after, 'saio')).toEqual(fullBox('saio', 0, 0, u32(1, places(after, 'senc')[0] + 16)));
    expect(after.subarray(-3)).toEqual(Buffer.from([1, 2, 3]));
  });

  it('moves only the chunks that lie behind moov', () => {
    // moov between two mdats: made of a file with moov last by putting its first mdat in front.
    const pieces = progressive([track], { moov: 'last', mdats: 2, chunkSamples: 1 });
    const bytes = toBytes(pieces);
    const [first, second] = places(bytes, 'mdat');
    const moovAt = places(bytes, 'moov')[0];
    const moov = Buffer.from(bytes.subarray(moovAt));
    const stcoAt = moov.indexOf('stco', 0, 'latin1') + 4 + 8;
    const offsets = [0, 1, 2].map((i) => moov.readUInt32BE(stcoAt + 4 * i));
    for (const [i, offset] of offsets.entries()) {
      if (offset > second) moov.writeUInt32BE(offset + moov.length, stcoAt + 4 * i);
    }
    const file = Buffer.concat([bytes.subarray(0, second), moov, bytes.subarray(second, moovAt)]);
    const source = new MemorySource(file);
    const after = render(plan(source), source);
    const now = boxIn(after, 'stco');
    const moved = offsets.map((offset) => (offset > second ? offset + moov.length + growth : offset));
    expect([0, 1, 2].map((i) => now.readUInt32BE(16 + 4 * i))).toEqual(moved);
    expect(new Set(moved.map((offset, i) => offset === offsets[i]))).toEqual(new Set([true, false]));
    expect(first).toBeLessThan(moovAt);
  });

  it('moves items of a file-level meta, ISO or QuickTime', () => {
    // iloc version 0, 4-byte offsets and lengths: item 1 has one extent, which is the last byte of the file.
    const meta = (at: number, isFullBox: boolean) => {
      const iloc = fullBox('iloc', 0, 0, u8(0x44, 0), u16(1, 1, 0, 1), u32(at, 1));
      return isFullBox ? fullBox('meta', 0, 0, iloc) : box('meta', iloc);
    };
    for (const isFullBox of [true, false]) {
      const build = (at: number) => progressive([track], { beforeMdat: [meta(at, isFullBox)] });
      const size = toBytes(build(0)).length;
      const { before, after } = encrypted(build(size - 1));
      expect(lastU32(boxIn(before, 'iloc').subarray(0, -4))).toBe(size - 1);
      expect(lastU32(boxIn(after, 'iloc').subarray(0, -4))).toBe(size - 1 + growth);
    }
  });

  it('moves items of a meta inside moov', () => {
    const meta = (at: number) =>
      fullBox('meta', 0, 0, fullBox('iloc', 0, 0, u8(0x44, 0), u16(1, 1, 0, 1), u32(at, 1)));
    const build = (at: number) => progressive([track], { moovBoxes: [meta(at)] });
    const size = toBytes(build(0)).length;
    const { after } = encrypted(build(size - 1));
    expect(lastU32(boxIn(after, 'iloc').subarray(0, -4))).toBe(size - 1 + growth);
  });

  it('refuses an index of parts of segments, whose sizes it cannot follow', () => {
    const ssix = fullBox('ssix', 0, 0, u32(0));
    expect(() => encrypted(progressive([track], { beforeMdat: [ssix] }))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }),
    );
  });
});

describe('KeepPlan beyond 4 GiB', () => {
  const MAX_U32 = 2 ** 32 - 1;
  const two = [audioTrackOf([100], 1), audioTrackOf([100], 2)];
  const growth = PSSH.length + 2 * (SINF_BYTES + auxiliaryBytes(1));
  /** The first track's chunk begins at that offset, the second one's 100 bytes behind it. */
  const startingAt = (offset: number) => {
    const pieces = (hole: number) => progressive(two, { mdatSize: 64, insideMdat: [{ hole }] });
    const without = lastU32(boxIn(toBytes(pieces(0)), 'stco'));
    return sourceOf(pieces(offset - without));
  };
  const moovOf = (source: ByteSource) => {
    const keep = plan(source);
    const parts = keep.pieces(readMovie(source).moovRun, source).map((piece) => {
      if (piece.kind !== 'literal') throw new Error('moov is not new');
      return piece.bytes;
    });
    return { keep, moov: Buffer.concat(parts) };
  };

  it('keeps 32-bit offsets as long as they fit', () => {
    const { moov } = moovOf(startingAt(MAX_U32 - growth - 100));
    expect(places(moov, 'co64')).toEqual([]);
    const [first, second] = places(moov, 'stco');
    expect(moov.readUInt32BE(first + 16)).toBe(MAX_U32 - 100);
    expect(moov.readUInt32BE(second + 16)).toBe(MAX_U32);
  });

  it('widens only the track that needs it', () => {
    const { moov, keep } = moovOf(startingAt(MAX_U32 - growth - 99));
    expect(places(moov, 'stco')).toHaveLength(1);
    expect(moov.readUInt32BE(places(moov, 'stco')[0] + 16)).toBe(MAX_U32 - 99 + 4);
    expect(moov.readBigUInt64BE(places(moov, 'co64')[0] + 16)).toBe(BigInt(MAX_U32 + 1 + 4));
    expect(keep.sizeBytes).toBe(MAX_U32 + 1 + 4 + 100);
  });

  it('widens a track that only the widening of another pushes over', () => {
    // Four bytes more for the second track's offset are what the first one lacked.
    const { moov } = moovOf(startingAt(MAX_U32 - growth - 3));
    expect(places(moov, 'stco')).toEqual([]);
    const [first, second] = places(moov, 'co64');
    expect(moov.readBigUInt64BE(first + 16)).toBe(BigInt(MAX_U32 - 3 + 8));
    expect(moov.readBigUInt64BE(second + 16)).toBe(BigInt(MAX_U32 - 3 + 8 + 100));
  });

  it('writes 64-bit saio where moov lies there, and only there', () => {
    const pieces = progressive([audioTrackOf([10])], {
      moov: 'last',
      mdatSize: 64,
      insideMdat: [{ hole: 2 ** 32 }],
    });
    const source = sourceOf(pieces);
    const { keep, moov } = moovOf(source);
    const moovAt = keep.segmentStartBytes[readMovie(source).moovRun];
    expect(moovAt).toBeGreaterThan(2 ** 32);
    const saio = boxIn(moov, 'saio');
    expect(saio).toEqual(fullBox('saio', 1, 0, u32(1), u64(moovAt + places(moov, 'senc')[0] + 16)));
  });
});

describe('KeepPlan of fragments', () => {
  const track = audioTrackOf([10, 20, 30, 40]);
  const shape: FragmentedShape = { fragmentSamples: 2, sidx: 'flat', mfra: true };
  const moofGrowth = auxiliaryBytes(2);
  const moovGrowth = PSSH.length + SINF_BYTES;

  it('moves runs, segment sizes and random access points', () => {
    expect(moofGrowth).toBe(69);
    const { before, after } = encrypted(fragmented([track], shape));
    expect(after.length - before.length).toBe(moovGrowth + 2 * moofGrowth);
    const dataOffset = (bytes: Buffer) => boxIn(bytes, 'trun').readInt32BE(16);
    expect(dataOffset(after)).toBe(dataOffset(before) + moofGrowth);
    // sidx version 0: two references of 12 bytes at the end
    const sizes = (bytes: Buffer) => [24, 12].map((back) => bytes.readUInt32BE(bytes.length - back));
    expect(sizes(boxIn(after, 'sidx'))).toEqual(
      sizes(boxIn(before, 'sidx')).map((size) => size + moofGrowth),
    );
    // tfra version 1: entries of 8 bytes time, 8 bytes offset and 3 bytes
    const moofs = [0, 1].map((i) => Number(boxIn(after, 'tfra').readBigUInt64BE(24 + 19 * i + 8)));
    expect(moofs).toEqual(places(after, 'moof'));
    expect(boxIn(after, 'saio')).toEqual(
      fullBox('saio', 0, 0, u32(1, places(after, 'senc')[0] + 16 - places(after, 'moof')[0])),
    );
  });

  it('moves absolute bases', () => {
    const { after } = encrypted(fragmented([track], { ...shape, base: 'absolute' }));
    const [first, second] = places(after, 'tfhd').map((at) => Number(after.readBigUInt64BE(at + 16)));
    expect([first, second]).toEqual(places(after, 'moof'));
  });

  it('grows a segment of several fragments by all of them', () => {
    const bytes = (pieces: Piece[]) => boxIn(toBytes(pieces), 'sidx').readUInt32BE(32);
    const pieces = fragmented([track], { ...shape, sidx: 'spanning' });
    const { after } = encrypted(pieces);
    expect(boxIn(after, 'sidx').readUInt32BE(32)).toBe(bytes(pieces) + 2 * moofGrowth);
  });

  it('adds no boxes to fragments without samples of the track', () => {
    const { after } = encrypted(fragmented([track, { ...audioTrackOf([5, 5], 2) }], { fragmentSamples: 2 }));
    // The second fragment holds the first track alone: three senc in all, and three saio.
    expect(places(after, 'senc')).toHaveLength(3);
    expect(places(after, 'saio')).toHaveLength(3);
  });

  it('refuses auxiliary information of another kind, which it could not move', () => {
    const pieces = fragmented([track], { fragmentSamples: 4 }).map((piece) => {
      if (!(piece instanceof Uint8Array) || Buffer.from(piece).toString('latin1', 4, 8) !== 'moof')
        return piece;
      const saio = fullBox('saio', 0, 1, text('abcd'), u32(0, 1, 0));
      return box('moof', piece.subarray(8, 24), box('traf', piece.subarray(32), saio));
    });
    expect(() => encrypted(pieces)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        details: expect.objectContaining({ boxPath: 'moof/traf[0]/saio' }),
      }),
    );
  });
});

describe('decryptEdits', () => {
  it.each(allMedia())('undo encryptEdits byte for byte: $name', ({ path }) => {
    const before = readFileSync(path);
    const source = new MemorySource(before);
    const movie = readMovie(source);
    const tracks = movie.tracks.filter(
      ({ samples, handler }) => samples.count > 0 && ['vide', 'soun'].includes(handler),
    );
    const edits = encryptEdits(movie, tracks.map(wholeSamples), [PSSH]);
    const after = render(new KeepPlan(movie, source, edits), source);
    expect(places(after, 'senc').length).toBeGreaterThan(0);
    const encryptedSource = new MemorySource(after);
    const again = readMovie(encryptedSource);
    const protectedTracks = new Set(again.tracks.filter(({ id }) => tracks.some((track) => track.id === id)));
    const back = new KeepPlan(again, encryptedSource, decryptEdits(again, encryptedSource, protectedTracks));
    expect(render(back, encryptedSource).equals(before)).toBe(true);
  });
});
