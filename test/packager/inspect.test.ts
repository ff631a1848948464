import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/source.js';
import { type InspectResult, inspect } from '../../src/index.js';
import { readMovie } from '../../src/isobmff/movie.js';
import { readProtections } from '../../src/protection/protection-reader.js';
import { box, fullBox, hex, text, u8, u32, uuidBox } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack } from '../support/builder/movie.js';
import { type Piece, toBytes, writePieces } from '../support/builder/pieces.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, ffmpeg } from '../support/tools.js';

const temporary = temporaryFolder();
const KID1 = '11111111-1111-1111-1111-111111111111';
const KID2 = '22222222-2222-2222-2222-222222222222';
const ZERO = '00000000-0000-0000-0000-000000000000';
const CONSTANT_IV = '000102030405060708090a0b0c0d0e0f';
const PIFF_TENC = '8974dbce-7be7-4c51-84f9-7148f9882554';

const schm = (type: string) => fullBox('schm', 0, 0, text(type), u32(0x10000));
const tencOf = (kid: string, ivSize = 8) => fullBox('tenc', 0, 0, u8(0, 0, 1, ivSize), hex(kid));
const patternTenc = (pattern: number, ivSize: number, ...rest: Uint8Array[]) =>
  fullBox('tenc', 1, 0, u8(0, pattern, 1, ivSize), hex(KID1), ...rest);

/** Four samples of 20 bytes, each 1024/48000 s, in two fragments, under an `enca` entry with these boxes in its `sinf`. */
function fileOf(
  sinfBoxes: readonly Uint8Array[],
  perTraf: (fragment: number) => readonly Uint8Array[] = () => [],
  moovBoxes: Uint8Array[] = [],
): Piece[] {
  const track = audioTrackOf([20, 20, 20, 20]);
  const sinf = box('sinf', box('frma', text('mp4a')), ...sinfBoxes);
  const entries = [box('enca', track.entries[0].subarray(8), sinf)];
  return withTrafBoxes({ ...track, entries }, perTraf, moovBoxes);
}

/** Inserts boxes behind the others of each `traf`; samples lie nowhere in particular, only their protection is read. */
function withTrafBoxes(
  track: BuiltTrack,
  perTraf: (fragment: number) => readonly Uint8Array[],
  moovBoxes: Uint8Array[],
): Piece[] {
  let fragment = 0;
  return fragmented([track], { fragmentSamples: 2, moovBoxes }).map((piece) => {
    if (!(piece instanceof Uint8Array) || Buffer.from(piece).toString('latin1', 4, 8) !== 'moof')
      return piece;
    return box('moof', piece.subarray(8, 24), box('traf', piece.subarray(32), ...perTraf(fragment++)));
  });
}

const senc = (...entries: Uint8Array[]) => fullBox('senc', 0, 0, u32(entries.length), ...entries);
const IVS = senc(u32(0, 1), u32(0, 2));
/** A key group of both samples of a fragment. */
const group = (kid: string, isProtected = 1) => [
  fullBox('sgpd', 1, 0, text('seig'), u32(20, 1), u8(0, 0, isProtected, 8 * isProtected), hex(kid)),
  fullBox('sbgp', 0, 0, text('seig'), u32(1, 2, 0x10001)),
];

/** As decryption reads the file. */
function readAll(pieces: readonly Piece[]): void {
  const source = new MemorySource(toBytes(pieces));
  readProtections(readMovie(source), source);
}

let count = 0;
function written(pieces: readonly Piece[]): string {
  const path = temporary(`${count++}.mp4`);
  writePieces(path, pieces);
  return path;
}

async function look(pieces: readonly Piece[]): Promise<InspectResult['tracks'][number] & InspectResult> {
  const result = await inspect(written(pieces));
  return { ...result, ...result.tracks[0] };
}

describe('inspect names the scheme as the file does', () => {
  it.each([
    ['cenc', [schm('cenc'), box('schi', tencOf(KID1))], { scheme: 'cenc', ivSize: 8 }, IVS],
    [
      'cbc1',
      [schm('cbc1'), box('schi', tencOf(KID1, 16))],
      { scheme: 'cbc1', ivSize: 16 },
      senc(u32(0, 0, 0, 1), u32(0, 0, 0, 2)),
    ],
    [
      'cens with its pattern',
      [schm('cens'), box('schi', patternTenc(0x19, 8))],
      { scheme: 'cens', ivSize: 8, pattern: { cryptByteBlock: 1, skipByteBlock: 9 } },
      IVS,
    ],
    [
      'cbcs with pattern and constant IV',
      [schm('cbcs'), box('schi', patternTenc(0x55, 0, u8(16), hex(CONSTANT_IV)))],
      {
        scheme: 'cbcs',
        ivSize: 0,
        constantIvSize: 16,
        pattern: { cryptByteBlock: 5, skipByteBlock: 5 },
        protectedBytes: 80,
      },
      fullBox('free', 0, 0),
    ],
    [
      'cbcs with a constant IV of 8 bytes and no pattern',
      [schm('cbcs'), box('schi', patternTenc(0, 0, u8(8), hex(CONSTANT_IV.slice(16))))],
      { scheme: 'cbcs', ivSize: 0, constantIvSize: 8 },
      fullBox('free', 0, 0),
    ],
    [
      'PIFF-CTR',
      [schm('piff'), box('schi', uuidBox(PIFF_TENC, 0, 0, u8(0, 0, 1, 8), hex(KID1)))],
      { scheme: 'PIFF-CTR', ivSize: 8 },
      IVS,
    ],
    [
      'PIFF-CBC',
      [schm('piff'), box('schi', uuidBox(PIFF_TENC, 0, 0, u8(0, 0, 2, 8), hex(KID1)))],
      { scheme: 'PIFF-CBC', ivSize: 8 },
      IVS,
    ],
  ])('%s', async (_, sinf, expected, auxiliary) => {
    const track = await look(fileOf(sinf, () => [auxiliary]));
    expect(track).toMatchObject({ ...expected, kid: KID1, encrypted: true, warnings: [] });
    expect(track.keys).toEqual([{ kid: KID1, samples: 4, firstSeconds: 0 }]);
    expect(track.clearSamples).toBe(0);
    for (const field of ['pattern', 'constantIvSize'] as const) {
      if (!(field in expected)) expect(track).not.toHaveProperty(field);
    }
  });

  it('and assumes none where the file names none, in decrypt neither', async () => {
    const pieces = fileOf([box('schi', tencOf(KID1))], () => [IVS]);
    const track = await look(pieces);
    expect(track).not.toHaveProperty('scheme');
    expect(track).toMatchObject({ kid: KID1, encrypted: true });
    expect(track.warnings).toEqual([expect.stringContaining('a scheme that it does not name')]);
    expect(() => readAll(pieces)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_SCHEME' }));
  });

  it('takes the scheme that it can read, where there are several', async () => {
    const track = audioTrackOf([20, 20, 20, 20]);
    const sinf = (...boxes: Uint8Array[]) => box('sinf', box('frma', text('mp4a')), ...boxes);
    const both = [sinf(schm('adkm')), sinf(schm('cenc'), box('schi', tencOf(KID2)))];
    const entries = [box('enca', track.entries[0].subarray(8), ...both)];
    const found = await look(withTrafBoxes({ ...track, entries }, () => [IVS], []));
    expect(found).toMatchObject({ scheme: 'cenc', kid: KID2, warnings: [] });
  });
});

describe('inspect shows what is there', () => {
  const CENC = [schm('cenc'), box('schi', tencOf(KID1))];
  const pssh = box('pssh', u32(0), hex('1077efec-c0b2-4d02-ace3-3c1e52e2fb4b'), u32(0));
  const multiKeySeig = fullBox('sgpd', 1, 0, text('seig'), u32(20, 1), u8(0x80, 0, 1, 8), hex(KID2));
  const extendedSeig = fullBox('sgpd', 1, 0, text('seig'), u32(20, 1), u8(0x40, 0, 1, 8), hex(KID2));
  const versioned = (version: number) =>
    fullBox('tenc', version, 0, u8(0, 0, 1, 8), hex(KID1), Buffer.alloc(8));
  const auxKind = [text('cenc'), u32(1)];

  it.each<[string, Uint8Array[], Uint8Array[], string, RegExp]>([
    ['no IVs', CENC, [], 'MALFORMED_INPUT', /IVs of protected samples are missing/],
    ['IVs of one sample', CENC, [senc(u32(0, 1))], 'MALFORMED_INPUT', /the protection of 1 samples/],
    [
      'auxiliary information behind the end of the file',
      CENC,
      [fullBox('saiz', 0, 0, u8(8), u32(2)), fullBox('saio', 0, 0, u32(1, 1_000_000))],
      'TRUNCATED_INPUT',
      /ends|end/,
    ],
    ['a senc that ends too early', CENC, [fullBox('senc', 0, 0, u32(2), u32(0))], 'MALFORMED_INPUT', /fit/],
    [
      'a key group that is not there',
      CENC,
      [group(KID2)[1], IVS],
      'MALFORMED_INPUT',
      /there is no key group/,
    ],
    ['a foreign scheme', [schm('adkm')], [], 'UNSUPPORTED_SCHEME', /'adkm'/],
    [
      'tenc of version 2',
      [schm('cenc'), box('schi', versioned(2))],
      [IVS],
      'UNSUPPORTED_FEATURE',
      /tenc: version 2, for an extended encryption pattern/,
    ],
    ['several keys by seig', CENC, [multiKeySeig, IVS], 'UNSUPPORTED_FEATURE', /multi-key encryption/],
    [
      'a long pattern by seig',
      CENC,
      [extendedSeig, IVS],
      'UNSUPPORTED_FEATURE',
      /extended encryption pattern/,
    ],
    [
      'several keys by senc',
      CENC,
      [fullBox('senc', 1, 0, u32(2), u32(0, 1, 0, 2))],
      'UNSUPPORTED_FEATURE',
      /multi-key encryption/,
    ],
    [
      'several keys by auxiliary information',
      CENC,
      [fullBox('saiz', 0, 1, ...auxKind, u8(8), u32(2)), fullBox('saio', 0, 1, ...auxKind, u32(1, 0))],
      'UNSUPPORTED_FEATURE',
      /multi-key encryption/,
    ],
  ])('with %s, which decrypt refuses', async (_, sinf, auxiliary, code, message) => {
    const pieces = fileOf(sinf, () => auxiliary, [pssh]);
    const found = await look(pieces);
    expect(found.warnings).toEqual([expect.stringMatching(message)]);
    expect(found).toMatchObject({ encrypted: true, samples: 4, codec: 'mp4a.40.2' });
    expect(found.pssh).toHaveLength(1);
    expect(found).not.toHaveProperty('protectedBytes');
    if (sinf === CENC) expect(found).toMatchObject({ scheme: 'cenc', kid: KID1, ivSize: 8 });
    expect(() => readAll(pieces)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('with a pssh box that is damaged, beside one that is not', async () => {
    const damaged = box('pssh', u32(0), hex('1077efec-c0b2-4d02-ace3-3c1e52e2fb4b'), u32(99));
    const found = await look(fileOf(CENC, () => [IVS], [damaged, pssh]));
    expect(found.pssh).toHaveLength(1);
    expect(found.warnings).toEqual([expect.stringMatching(/^A pssh box in moov cannot be read: /)]);
    expect(found).toMatchObject({ kid: KID1, protectedBytes: 80 });
  });

  it('of another track as well', async () => {
    const [first, second] = [1, 2].map((id) => {
      const track = audioTrackOf([20, 20], id);
      const scheme =
        id === 1 ? [schm('adkm')] : [schm('cbcs'), box('schi', patternTenc(0, 0, u8(16), hex(CONSTANT_IV)))];
      const sinf = box('sinf', box('frma', text('mp4a')), ...scheme);
      return { ...track, entries: [box('enca', track.entries[0].subarray(8), sinf)] };
    });
    const { tracks, warnings } = await inspect(written(fragmented([first, second])));
    expect(tracks).toMatchObject([
      { scheme: 'adkm', encrypted: true, keys: [], clearSamples: 0 },
      { scheme: 'cbcs', protectedBytes: 40, keys: [{ kid: KID1, samples: 2 }] },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^Track 1 /)]);
  });
});

describe('inspect counts samples by key', () => {
  // One sample lasts 1024/48000 s; a fragment has two.
  const secondFragment = 2048 / 48000;

  it('under rotation, with a tenc whose KID is zero', async () => {
    const kids = [KID1, KID2];
    const found = await look(
      fileOf([schm('cenc'), box('schi', tencOf(ZERO))], (i) => [...group(kids[i]), IVS]),
    );
    expect(found.kid).toBe(ZERO);
    expect(found.keys).toEqual([
      { kid: KID1, samples: 2, firstSeconds: 0 },
      { kid: KID2, samples: 2, firstSeconds: secondFragment },
    ]);
    expect(found.clearSamples).toBe(0);
  });

  it('also where IVs are missing', async () => {
    const kids = [KID1, KID2];
    const found = await look(fileOf([schm('cenc'), box('schi', tencOf(ZERO))], (i) => group(kids[i])));
    expect(found.warnings).toHaveLength(1);
    expect(found.keys?.map(({ kid, samples }) => [kid, samples])).toEqual([
      [KID1, 2],
      [KID2, 2],
    ]);
  });

  it.each([
    ['a group that is not protected', group(ZERO, 0)],
    [
      'the default group of a sgpd of version 2, of 2015',
      [fullBox('sgpd', 2, 0, text('seig'), u32(20, 1, 1), u8(0, 0, 0, 0), hex(ZERO))],
    ],
    [
      'the default group of a sgpd of version 2, of 2012',
      [fullBox('sgpd', 2, 0, text('seig'), u32(1, 1), u8(0, 0, 0, 0), hex(ZERO))],
    ],
    [
      'the default group, counted as in fragments',
      [fullBox('sgpd', 2, 0, text('seig'), u32(20, 0x10001, 1), u8(0, 0, 0, 0), hex(ZERO))],
    ],
    [
      'subsamples that protect nothing',
      [fullBox('senc', 0, 2, u32(2), ...[1, 2].map((iv) => [u32(0, iv), hex('0001 0014 00000000')]))],
    ],
  ])('with a clear lead by %s', async (_, lead) => {
    const found = await look(
      fileOf([schm('cenc'), box('schi', tencOf(KID1))], (i) => (i === 0 ? lead : [IVS])),
    );
    expect(found).toMatchObject({ warnings: [], clearSamples: 2, protectedBytes: 40 });
    expect(found.keys).toEqual([{ kid: KID1, samples: 2, firstSeconds: secondFragment }]);
  });

  it('with a clear lead by a sample entry of its own', async () => {
    const {
      entries: [clear],
      ...track
    } = audioTrackOf([20, 20, 20, 20]);
    const sinf = box('sinf', box('frma', text('mp4a')), schm('cenc'), box('schi', tencOf(KID1)));
    const entries = [box('enca', clear.subarray(8), sinf), clear];
    const samples = track.samples.map((one, i) => ({ ...one, entry: i < 2 ? 1 : 0 }));
    const found = await look(
      withTrafBoxes({ ...track, entries, samples }, (i) => (i === 0 ? [] : [IVS]), []),
    );
    expect(found).toMatchObject({ warnings: [], clearSamples: 2, scheme: 'cenc', kid: KID1 });
    expect(found.keys).toEqual([{ kid: KID1, samples: 2, firstSeconds: secondFragment }]);
  });

  it('of hundreds of keys', async () => {
    const kids = Array.from({ length: 300 }, (_, i) => `${i + 1000}`.padStart(32, '0'));
    const {
      entries: [clear],
      ...track
    } = audioTrackOf(kids.map(() => 16));
    const sinf = box('sinf', box('frma', text('mp4a')), schm('cenc'), box('schi', tencOf(ZERO)));
    const groups = (kid: string) => [
      fullBox('sgpd', 1, 0, text('seig'), u32(20, 1), u8(0, 0, 1, 8), hex(kid)),
      fullBox('sbgp', 0, 0, text('seig'), u32(1, 1, 0x10001)),
    ];
    let i = 0;
    const pieces = fragmented([{ ...track, entries: [box('enca', clear.subarray(8), sinf)] }], {
      fragmentSamples: 1,
    }).map((piece) => {
      if (!(piece instanceof Uint8Array) || Buffer.from(piece).toString('latin1', 4, 8) !== 'moof')
        return piece;
      const more = [...groups(kids[i++]), senc(u32(0, 1))];
      return box('moof', piece.subarray(8, 24), box('traf', piece.subarray(32), ...more));
    });
    const found = await look(pieces);
    expect(found.keys).toHaveLength(300);
    expect(found.warnings).toEqual([]);
  });
});

describeWith(['ffmpeg'], 'inspect of what ffmpeg encrypts into fragments, without IVs', () => {
  it('shows scheme and KID with a warning for each track', async () => {
    const path = temporary('ffmpeg.mp4');
    ffmpeg(
      ...['-i', sample('bars.mp4'), '-c', 'copy', '-encryption_scheme', 'cenc-aes-ctr'],
      ...['-encryption_key', '00'.repeat(16), '-encryption_kid', '22'.repeat(16)],
      ...['-movflags', 'frag_keyframe+empty_moov+default_base_moof', path],
    );
    const { tracks, warnings } = await inspect(path);
    expect(tracks.map(({ scheme, kid }) => [scheme, kid])).toEqual([
      ['cenc', KID2],
      ['cenc', KID2],
    ]);
    expect(warnings).toHaveLength(2);
  });
});
