import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/bytes/hex.js';
import { FileSource } from '../../src/bytes/source.js';
import { box, fullBox } from '../../src/isobmff/boxes/box.js';
import { findDescribedTracks } from '../../src/isobmff/entry-fields.js';
import { readForeignEntries } from '../../src/isobmff/foreign-entries.js';
import { readMovie } from '../../src/isobmff/movie.js';
import { readPlainEntries } from '../../src/isobmff/plain-entries.js';
import { ROOT } from '../support/samples.js';
import { hex } from './boxes/proofs.js';

const VISUAL_FIELDS = `000000000000 0001 00000000000000000000000000000000 0780 0438 00480000 00480000 00000000 0001
  ${'00'.repeat(32)} 0018 ffff`;
const AUDIO_FIELDS = '000000000000 0001 0000000000000000 0002 0010 00000000 bb800000';
const AVC_C = `00000034 61766343 01f4000a ffe1
  0017 67f4000a919b2884d808800000030080000019078912cb  01 0006 68ebe3c44844 fff8f800`;
const SINF = `00000050 73696e66 0000000c 66726d61 61766331 00000014 7363686d 00000000 63656e63 00010000
  00000028 73636869 00000020 74656e63 00000000 00000108 a16e402b9056e371f36d348aa62bb749`;
const sized = (type: string, ...parts: readonly string[]) => toHex(box(type, hex(parts.join(''))));
const video = (type: string, ...children: readonly string[]) => sized(type, VISUAL_FIELDS, ...children);
const audio = (type: string, ...children: readonly string[]) => sized(type, AUDIO_FIELDS, ...children);

/** @param profile space, tier and profile; compatibility, constraints and level follow */
const hvcC = (profile: string) =>
  sized(
    'hvcC',
    `01 ${profile} f000fc fdf8f800 000f 04 a0 0001 0005 40010c01ff a1 0001 000b 4201010160000003009000`,
    'a2 0001 0007 4401c172b46240 27 0001 0006 4e0105aabb80',
  );
const HVC_C = hvcC('01 60000000 900000000000 3f');
const esds = (body: string) => toHex(fullBox('esds', 0, 0, hex(body)));
/** A descriptor, its size in four bytes as ffmpeg writes it. */
const descriptor = (tag: string, body: string) =>
  `${tag} 808080${hex(body).length.toString(16).padStart(2, '0')} ${body}`;
const streamOf = (objectType: string, specific?: string) => {
  const info = specific === undefined ? '' : descriptor('05', specific);
  const decoder = descriptor('04', `${objectType} 15 000000 00011d1e 00011d1e ${info}`);
  return esds(descriptor('03', `0001 00 ${decoder} ${descriptor('06', '02')}`));
};

const PASP = '00000010 70617370 00000001 00000001';

const movieOf = (...tracks: readonly (readonly [handler: string, ...entries: string[]])[]) =>
  box(
    'moov',
    ...tracks.map(([handler, ...entries], index) => {
      const handlerFields = new Uint8Array([0, 0, 0, 0, ...Buffer.from(handler), ...new Uint8Array(13)]);
      const stsd = fullBox('stsd', 0, 0, new Uint8Array([0, 0, 0, entries.length]), ...entries.map(hex));
      const tkhd = new Uint8Array(80);
      tkhd[11] = index + 1;
      const media = box('mdia', fullBox('hdlr', 0, 0, handlerFields), box('minf', box('stbl', stsd)));
      return box('trak', fullBox('tkhd', 0, 3, tkhd), media);
    }),
  );

/** What both readers say; plain values, so that they can be compared. */
async function readBoth(bytes: Uint8Array, startBytes = 0) {
  const slice = { bytes, startBytes };
  const tracks = findDescribedTracks(slice);
  return {
    plain: readPlainEntries(tracks, slice),
    foreign: await readForeignEntries(tracks, slice).catch((error: Error) => error),
  };
}

const PLAIN: readonly (readonly [name: string, handler: string, entry: string, codec: string | undefined])[] =
  [
    ['AVC', 'vide', video('avc1', AVC_C, PASP), 'avc1.f4000a'],
    [
      'AVC with parameter sets in the samples',
      'vide',
      video('avc3', '0000000f 61766343 01640028 ffe0 00'),
      'avc3.640028',
    ],
    ['AVC, encrypted', 'vide', video('encv', AVC_C, SINF), 'avc1.f4000a'],
    ['HEVC', 'vide', video('hvc1', HVC_C), 'hvc1.1.6.L63.90'],
    [
      'HEVC of a profile space and the high tier',
      'vide',
      video('hev1', hvcC('e2 20000000 b0000000000c 99')),
      'hev1.C2.4.H153.b0.0.0.0.0.c',
    ],
    ['HEVC without constraints', 'vide', video('hvc1', hvcC('01 00000000 000000000000 00')), 'hvc1.1.0.L0'],
    ['Dolby Vision on HEVC', 'vide', video('dvh1', HVC_C), 'dvh1.1.6.L63.90'],
    ['Dolby Vision on AVC', 'vide', video('dvav', AVC_C), 'dvav.f4000a'],
    ['AV1', 'vide', video('av01', '0000000c 61763143 81040c00'), 'av01.0.04M.08'],
    [
      'AV1 of ten bits, high tier',
      'vide',
      video('av01', '00000010 61763143 812cc01a 0a0b0c0d'),
      'av01.1.12H.10',
    ],
    ['AV1 of twelve bits', 'vide', video('dav1', '0000000c 61763143 814d6010'), 'dav1.2.13M.12'],
    ['VP9', 'vide', video('vp09', '00000014 76706343 01000000 001f8201 01010000'), 'vp09.00.31.08'],
    [
      'VP9 of ten bits, level unknown',
      'vide',
      video('vp09', '00000016 76706343 01000000 0200a201 01010002 beef'),
      'vp09.02.00.10',
    ],
    ['AAC', 'soun', audio('mp4a', streamOf('40', '1190')), 'mp4a.40.2'],
    ['USAC, whose type needs more bits', 'soun', audio('mp4a', streamOf('40', 'f9464000')), 'mp4a.40.42'],
    ['MP3', 'soun', audio('mp4a', streamOf('6b')), 'mp4a.6b'],
    ...['ac-3', 'ec-3', 'ac-4', 'Opus', 'fLaC'].map(
      (type) => [type, 'soun', audio(type, '0000000b 64616333 104080'), undefined] as const,
    ),
  ];

/** Entries that mp4box is asked for: it knows them, or refuses them, or has its own view of them. */
const FOREIGN: readonly (readonly [name: string, handler: string, entry: string])[] = [
  ['AVC without configuration', 'vide', video('avc1')],
  ['AVC with two configurations', 'vide', video('avc1', AVC_C, AVC_C)],
  ['a parameter set past the end of its box', 'vide', video('avc1', AVC_C.replace('0006 68eb', '0020 68eb'))],
  ['HEVC whose last compatibility flag is set', 'vide', video('hvc1', hvcC('01 60000001 900000000000 3f'))],
  ['AV1 without its marker', 'vide', video('av01', '0000000c 61763143 01040c00')],
  ['AV1 of a profile to come', 'vide', video('av01', '0000000c 61763143 81640c00')],
  ['VP9 of version 0', 'vide', video('vp09', '00000014 76706343 00000000 001f8201 01010000')],
  ['a codec that is not known here', 'vide', video('mp4v', streamOf('20'))],
  ['audio in a video track', 'vide', sized('mp4a', VISUAL_FIELDS)],
  ['AAC without its configuration', 'soun', audio('mp4a')],
  ['a descriptor that is not known', 'soun', audio('mp4a', esds('0381000000'))],
  ['a size of five bytes', 'soun', audio('mp4a', esds('03 80808080 00'))],
  ['bytes behind the descriptors', 'soun', audio('mp4a', streamOf('40', '1190'), '00')],
];

describe('readPlainEntries', () => {
  it.each(PLAIN)('reads %s as mp4box does', async (_, handler, entry, codec) => {
    const { plain, foreign } = await readBoth(movieOf([handler, entry]), 1000);
    expect(plain?.[0][0].codec).toBe(codec);
    expect(plain).toEqual(foreign);
  });

  it('reads whole movies, with tracks of text', async () => {
    const tracks = PLAIN.map(([, handler, entry]) => [handler, entry] as const);
    const text = ['text', sized('wvtt', '000000000000 0001'), sized('stpp', '000000000000 0001')] as const;
    const { plain, foreign } = await readBoth(movieOf(...tracks, text));
    expect(plain).toHaveLength(PLAIN.length + 1);
    expect(plain).toEqual(foreign);
  });

  it.each(FOREIGN)('leaves %s to mp4box', async (_, handler, entry) => {
    const { plain } = await readBoth(movieOf(['vide', video('avc1', AVC_C)], [handler, entry]));
    expect(plain).toBeUndefined();
  });

  it('agrees with mp4box on whatever it reads of damaged entries', async () => {
    let read = 0;
    const damage = fc.record({
      at: fc.nat(0xffff),
      value: fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), fc.nat(255)),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PLAIN),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        async (row, changes) => {
          const movie = movieOf([row[1], row[2]]);
          const entryBytes = hex(row[2]).length;
          for (const { at, value } of changes) movie[movie.length - 1 - (at % entryBytes)] = value;
          const both = await readBoth(movie).catch(() => undefined); // our own walk refuses it
          if (!both?.plain) return;
          read++;
          expect(both.plain).toEqual(both.foreign);
        },
      ),
      { numRuns: 1500 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it('reads the media of the tests as mp4box does, and most of it', async () => {
    const files = ['samples', 'test/media'].flatMap((folder) =>
      readdirSync(join(ROOT, folder))
        .filter((name) => /\.(mp4|m4a|mov)$/.test(name))
        .map((name) => join(ROOT, folder, name)),
    );
    const left: string[] = [];
    for (const path of files) {
      const source = new FileSource(path);
      const { moov } = readMovie(source);
      source.close();
      const { plain, foreign } = await readBoth(moov.bytes, moov.startBytes);
      if (plain) expect([path, plain]).toEqual([path, foreign]);
      else left.push(path.slice(ROOT.length + 1));
    }
    expect(left).toEqual(['test/media/alac.m4a', 'test/media/quicktime.mov']);
  });
});
