import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/source.js';
import type { PrpackError } from '../../src/errors.js';
import { readMovie } from '../../src/isobmff/movie.js';
import { type ReadProtection, readProtections } from '../../src/protection/protection-reader.js';
import { box, fullBox, hex, text, u8, u16, u32, uuidBox } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { type Protection, protect } from '../support/builder/protect.js';

const KID1 = '11111111-1111-1111-1111-111111111111';
const KID2 = '22222222-2222-2222-2222-222222222222';
const KID3 = '33333333-3333-3333-3333-333333333333';
const WHOLE: Protection = { style: 'cenc', ivSize: 8, clearBytes: 0, kid: KID1, keyHex: '00'.repeat(16) };
const PIFF_SENC = 'a2394f52-5a9b-4f14-a244-6c427c648df4';

function read(pieces: Parameters<typeof toBytes>[0]): ReadProtection {
  const source = new MemorySource(toBytes(pieces));
  return readProtections(readMovie(source), source)[0];
}

function problemOf(work: () => unknown): PrpackError {
  try {
    work();
  } catch (error) {
    return error as PrpackError;
  }
  throw new Error('nothing was thrown');
}

/** An `enca` entry around the entry that `audioTrackOf` makes. */
function enca(kid: string, { ivSize = 8, isProtected = 1, scheme = 'cenc', pattern = 0 } = {}): Uint8Array {
  const [entry] = audioTrackOf([1]).entries;
  const tenc = fullBox('tenc', 0, 0, u8(0, pattern, isProtected, ivSize), hex(kid));
  const schm = fullBox('schm', 0, 0, text(scheme), u32(0x10000));
  return box('enca', entry.subarray(8), box('sinf', box('frma', text('mp4a')), schm, box('schi', tenc)));
}

/** Four samples of 10 bytes, the last two of the second entry. */
function trackOf(...entries: Uint8Array[]): BuiltTrack {
  const { samples, ...track } = audioTrackOf([10, 10, 10, 10]);
  return {
    ...track,
    entries,
    samples: samples.map((one, i) => ({ ...one, entry: Math.min(i >> 1, entries.length - 1) })),
  };
}

/** `senc` of 8-byte IVs 0, 1, 2, … without subsamples. */
function senc(count: number): Buffer {
  return fullBox('senc', 0, 0, u32(count), ...Array.from({ length: count }, (_, i) => u32(0, i)));
}

function progressiveWith(track: BuiltTrack, ...trakBoxes: Uint8Array[]) {
  return progressive([{ ...track, trakBoxes }], { chunkSamples: 2 });
}

/**
 * The fragmented file of a track, two samples a fragment, with more boxes in each `traf`: samples of these files lie
 * nowhere in particular, only their protection is read.
 */
function fragmentsWith(
  track: BuiltTrack,
  perTraf: (index: number) => readonly Uint8Array[],
  moovBoxes: Uint8Array[] = [],
) {
  const pieces = fragmented([track], { fragmentSamples: 2, moovBoxes });
  let index = 0;
  return pieces.map((piece) => {
    if (!(piece instanceof Uint8Array) || Buffer.from(piece).toString('latin1', 4, 8) !== 'moof')
      return piece;
    const mfhd = piece.subarray(8, 24);
    const traf = piece.subarray(32);
    return box('moof', mfhd, box('traf', traf, ...perTraf(index++)));
  });
}

/** `sgpd` of version 1 with one `seig` entry, and `sbgp` that puts so many samples into it. */
function keyGroup(count: number, kid: string, { ivSize = 8, isProtected = 1 } = {}): Uint8Array[] {
  return [
    fullBox('sgpd', 1, 0, text('seig'), u32(20, 1), u8(0, 0, isProtected, ivSize), hex(kid)),
    fullBox('sbgp', 0, 0, text('seig'), u32(1, count, 0x10001)),
  ];
}

describe('readProtections', () => {
  it('reads IVs of senc in the order of the samples', () => {
    const protection = read(
      fragmented([protect(audioTrackOf([5, 6, 7]), WHOLE)], { fragmentSamples: 2, aux: 'senc' }),
    );
    expect(protection).toMatchObject({
      scheme: 'cenc',
      kids: [KID1],
      keyNumbers: undefined,
      subsamples: undefined,
    });
    // IVs as the builder makes them: fffffff0, then the index of the sample.
    const ivs = hex('fffffff000000000 fffffff000000001 fffffff000000002');
    expect(protection.ivPlan).toEqual({ kind: 'listed', ivSizeBytes: 8, ivs: Uint8Array.from(ivs) });
  });

  it('reads subsamples, and leaves those of an empty sample out', () => {
    const track = { ...audioTrackOf([50, 0, 60]), handler: 'soun' };
    const protection = read(fragmented([protect(track, { ...WHOLE, clearBytes: 40 })], { aux: 'senc' }));
    expect([...protection.subsamples!.clearBytes]).toEqual([40, 0, 40]);
    expect([...protection.subsamples!.protectedBytes]).toEqual([10, 0, 20]);
    expect([...protection.subsamples!.starts]).toEqual([0, 1, 2, 3]);
    const entries = [
      [u32(0, 1), u16(1, 40), u32(10)],
      [u32(0, 2), u16(0)],
      [u32(0, 3), u16(0)],
    ];
    const box3 = fullBox('senc', 0, 2, u32(3), ...entries);
    const plain = { ...audioTrackOf([50, 0, 60]), entries: [enca(KID1)] };
    const bare = read(progressiveWith(plain, box3));
    expect([...bare.subsamples!.starts]).toEqual([0, 1, 1, 2]);
    expect([...bare.subsamples!.protectedBytes]).toEqual([10, 60]);
  });

  it('gives the samples of each protected entry their own key', () => {
    const { kids, keyNumbers } = read(progressiveWith(trackOf(enca(KID1), enca(KID2)), senc(4)));
    expect(kids).toEqual([KID1, KID2]);
    expect([...keyNumbers!]).toEqual([1, 1, 2, 2]);
  });

  it('takes the samples of a clear entry for clear, also when they come first', () => {
    const [clear] = audioTrackOf([1]).entries;
    const { kids, keyNumbers, ivPlan } = read(progressiveWith(trackOf(clear, enca(KID2)), senc(4)));
    expect(kids).toEqual([KID2]);
    expect([...keyNumbers!]).toEqual([0, 0, 1, 1]);
    expect(ivPlan).toMatchObject({ kind: 'listed', ivSizeBytes: 8 });
  });

  it('needs no key for a default that no sample follows', () => {
    const groups = [keyGroup(2, KID2), keyGroup(2, KID3)];
    const { kids, keyNumbers } = read(fragmentsWith(trackOf(enca(KID1)), (i) => [...groups[i], senc(2)]));
    expect(kids).toEqual([KID2, KID3]);
    expect([...keyNumbers!]).toEqual([1, 1, 2, 2]);
  });

  it('follows the default behind the last sample of a group', () => {
    const { kids, keyNumbers } = read(
      fragmentsWith(trackOf(enca(KID1)), () => [...keyGroup(1, KID2), senc(2)]),
    );
    expect(kids).toEqual([KID2, KID1]);
    expect([...keyNumbers!]).toEqual([1, 2, 1, 2]);
  });

  it('takes a clear lead whose fragments have no IVs, and IV sizes from groups alone', () => {
    const lead = keyGroup(2, KID1, { ivSize: 0, isProtected: 0 });
    const own = keyGroup(2, KID2, { ivSize: 16 });
    const ivs = fullBox('senc', 0, 0, u32(2), u32(0, 0, 0, 1), u32(0, 0, 0, 2));
    // senc of the lead: two entries of no bytes
    const aux = [fullBox('senc', 0, 0, u32(2)), ivs];
    const track = trackOf(enca(KID1, { isProtected: 0, ivSize: 0 }));
    const { kids, keyNumbers, ivPlan } = read(fragmentsWith(track, (i) => [...[lead, own][i], aux[i]]));
    expect(kids).toEqual([KID2]);
    expect([...keyNumbers!]).toEqual([0, 0, 1, 1]);
    const listed = Buffer.concat([Buffer.alloc(32), u32(0, 0, 0, 1, 0, 0, 0, 2)]);
    expect(ivPlan).toEqual({ kind: 'listed', ivSizeBytes: 16, ivs: Uint8Array.from(listed) });
  });

  it('refuses IV sizes that change, and schemes that differ', () => {
    const groups = [keyGroup(2, KID2), keyGroup(2, KID3, { ivSize: 16 })];
    const mixed = fragmentsWith(trackOf(enca(KID1)), (i) => [
      ...groups[i],
      i === 0 ? senc(2) : fullBox('senc', 0, 0, u32(2), u32(0, 0, 0, 1), u32(0, 0, 0, 2)),
    ]);
    expect(problemOf(() => read(mixed)).code).toBe('UNSUPPORTED_FEATURE');
    const schemes = progressiveWith(trackOf(enca(KID1), enca(KID2, { scheme: 'cbc1' })), senc(4));
    expect(problemOf(() => read(schemes)).code).toBe('UNSUPPORTED_SCHEME');
  });

  it('refuses tenc of version 0 with a pattern, where the scheme has patterns: readers disagree about it', () => {
    const withPattern = (scheme: string) =>
      progressiveWith(trackOf(enca(KID1, { scheme, pattern: 0x19 })), senc(4));
    expect(read(withPattern('cenc')).pattern).toEqual({ cryptByteBlock: 0, skipByteBlock: 0 });
    expect(problemOf(() => read(withPattern('cens')))).toMatchObject({
      code: 'MALFORMED_INPUT',
      details: { boxPath: expect.stringMatching(/enca\/sinf\/schi\/tenc$/) },
    });
  });

  it('refuses a group that is not there', () => {
    const sbgp = fullBox('sbgp', 0, 0, text('seig'), u32(1, 2, 0x10002));
    const file = fragmentsWith(trackOf(enca(KID1)), () => [keyGroup(2, KID2)[0], sbgp, senc(2)]);
    expect(problemOf(() => read(file))).toMatchObject({
      code: 'MALFORMED_INPUT',
      details: { boxPath: 'moof/traf[0]/sbgp', received: 0x10002 },
    });
  });

  it('lets PIFF fragments override the track: cipher, IV size and KID', () => {
    const track = trackOf(enca(KID1, { isProtected: 0, ivSize: 0 }));
    const override = (algorithm: number, ivSize: number, ...ivs: Uint8Array[]) =>
      uuidBox(PIFF_SENC, 0, 1, u8(0, 0, algorithm, ivSize), hex(KID3), u32(2), ...ivs);
    const file = (second: Uint8Array) =>
      fragmentsWith(track, (i) => [i === 0 ? override(1, 8, u32(0, 7, 0, 8)) : second]);
    const { kids, keyNumbers, ivPlan } = read(file(override(0, 0)));
    expect(kids).toEqual([KID3]);
    expect([...keyNumbers!]).toEqual([1, 1, 0, 0]);
    expect(ivPlan).toMatchObject({
      ivs: Uint8Array.from(Buffer.concat([u32(0, 7, 0, 8), Buffer.alloc(16)])),
    });
    expect(problemOf(() => read(file(override(2, 8, u32(0, 7, 0, 8))))).code).toBe('UNSUPPORTED_SCHEME');
  });

  it('finds IVs through saiz and saio when there is no senc', () => {
    const track = { ...audioTrackOf([10, 10]), entries: [enca(KID1)] };
    const auxiliary = (offset: number) => [
      fullBox('saiz', 0, 0, u8(8), u32(2)),
      fullBox('saio', 0, 0, u32(1, offset)),
    ];
    // The IVs lie behind the 28 bytes of mdat, in a box of their own; saio counts from the start of the moof.
    const moofBytes = fragmentsWith(track, () => auxiliary(0))[2] as Uint8Array;
    const pieces = fragmentsWith(track, () => auxiliary(moofBytes.length + 28 + 8));
    const protection = read([...pieces, box('free', u32(0, 5, 0, 6))]);
    expect(protection.ivPlan).toMatchObject({ ivs: Uint8Array.from(u32(0, 5, 0, 6)) });
  });

  it.each([
    ['no IVs at all', [], 'MALFORMED_INPUT'],
    ['IVs of too few samples', [senc(3)], 'MALFORMED_INPUT'],
    [
      'IVs of another size',
      [fullBox('senc', 0, 0, u32(4), ...Array.from({ length: 4 }, () => u32(0, 0, 0, 1)))],
      'MALFORMED_INPUT',
    ],
    [
      'subsamples that are not the sample',
      [fullBox('senc', 0, 2, u32(4), ...Array.from({ length: 4 }, () => [u32(0, 1), u16(1, 1), u32(10)]))],
      'MALFORMED_INPUT',
    ],
  ])('refuses %s', (_, boxes, code) => {
    expect(problemOf(() => read(progressiveWith(trackOf(enca(KID1)), ...boxes))).code).toBe(code);
  });
});
