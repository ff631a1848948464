import fc from 'fast-check';
import { Log } from 'mp4box';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toHex } from '../../src/bytes/hex.js';
import { PrpackError } from '../../src/errors.js';
import { box, fullBox } from '../../src/isobmff/boxes/box.js';
import { readCodecs } from '../../src/isobmff/codec-reader.js';
import { hex } from './boxes/proofs.js';

// shaka-packager 3.4.2 on x264: encv with avcC and sinf
const VISUAL_FIELDS = `000000000000 0001 00000000000000000000000000000000 0040 0040 00480000 00480000 00000000 0001
  ${'00'.repeat(32)} 0018 ffff`;
const AVC_C = `00000034 61766343 01f4000a ffe1
  0017 67f4000a919b2884d808800000030080000019078912cb  01 0006 68ebe3c44844 fff8f800`;
const SINF = `00000050 73696e66 0000000c 66726d61 61766331 00000014 7363686d 00000000 63656e63 00010000
  00000028 73636869 00000020 74656e63 00000000 00000108 a16e402b9056e371f36d348aa62bb749`;
// ffmpeg on x265 (Eyevinn/mp4ff test data hvc1_fragmented.mp4), its SEI array shortened
const HVC_C = `00000081 68766343 01016000 00009000 00000000 3ff000fc fdf8f800 000f 04
  a0 0001 0018 40010c01ffff01600000030090000003000003003f959809
  a1 0001 002b 42010101600000030090000003000003003fa00502016965959a4932bc05a708000003000800000300c040
  a2 0001 0007 4401c172b46240
  27 0001 0004 4e010500`;
// ffmpeg 5.1, AAC in QuickTime: version 1 of the sound description, esds inside wave
const QUICKTIME_AAC = `000000aa 6d703461 000000000000 0001 0001 000000000000 0001 0010 fffe 0000 ac440000
  00000400 00000000 00000000 00000002
  0000005e 77617665 0000000c 66726d61 6d703461 0000000c 6d703461 00000000
  00000036 65736473 00000000 0380808025 000100 0480808017 40 15 000000 00011d1e 00011d1e 0580808005 120856e500
  0680808001 02 00000008 00000000  00000018 6368616e 00000000 00640001 00000000 00000000`;
// ffmpeg 5.1 with LAME
const MP3 = `00000064 6d703461 000000000000 0001 0000 000000000000 0002 0010 0000 0000 bb800000
  0000002c 65736473 00000000 038080801b 000100 048080800d 6b 150000000002081700020817 0680808001 02
  00000014 62747274 00000000 00020817 00020817`;
const ALAC = `0000005c 616c6163 000000000000 0001 0000 000000000000 0002 0010 0000 0000 bb800000
  00000024 616c6163 00000000 00001000 0010280a 0e020000 00004004 00177000 0000bb80
  00000014 62747274 00000000 00024165 00024165`;

const sizedEntry = (type: string, ...parts: readonly string[]) => toHex(box(type, hex(parts.join(''))));
const avc = (type: string, avcC = AVC_C) => sizedEntry(type, VISUAL_FIELDS, avcC);
const audio = (type: string, ...children: readonly string[]) =>
  sizedEntry(type, '000000000000 0001 0000000000000000 0002 0010 00000000 bb800000', ...children);

/** A movie of one track an argument: handler, then sample entries. */
function movieOf(...tracks: readonly (readonly [handler: string, ...entries: string[]])[]): Uint8Array {
  const traks = tracks.map(([handler, ...entries], index) => {
    const handlerFields = new Uint8Array([0, 0, 0, 0, ...Buffer.from(handler), ...new Uint8Array(13)]);
    const count = new Uint8Array([0, 0, 0, entries.length]);
    const stsd = fullBox('stsd', 0, 0, count, ...entries.map(hex));
    // A constant sample size with a huge count: mp4box would fill memory with it if it saw it.
    const stsz = fullBox('stsz', 0, 0, hex('00000004 ffffffff'));
    const media = box('mdia', fullBox('hdlr', 0, 0, handlerFields), box('minf', box('stbl', stsd, stsz)));
    return box('trak', fullBox('tkhd', 0, 3, tkhdFields(index + 1)), media);
  });
  return box('moov', ...traks);
}

function tkhdFields(trackId: number): Uint8Array {
  const fields = new Uint8Array(80);
  fields[11] = trackId;
  return fields;
}

const only = async (handler: string, entry: string) =>
  (await readCodecs(movieOf([handler, entry])))[0].entries[0];
const hexOf = (nals: readonly Uint8Array[] | undefined) => nals?.map(toHex);

afterEach(() => vi.restoreAllMocks());

describe('readCodecs', () => {
  it('reads AVC, protected or not', async () => {
    const expected = {
      fourcc: 'avc1',
      codec: 'avc1.f4000a',
      kind: 'avc',
      nalLengthSizeBytes: 4,
      parameterSets: [hex('67f4000a919b2884d808800000030080000019078912cb'), hex('68ebe3c44844')],
      width: 64,
      height: 64,
    };
    const tracks = await readCodecs(
      movieOf(['vide', sizedEntry('encv', VISUAL_FIELDS, AVC_C, SINF), avc('avc1')]),
    );
    expect(tracks).toEqual([{ trackId: 1, entries: [expected, expected] }]);
  });

  it('reads HEVC, and only parameter sets out of its arrays', async () => {
    const entry = await only('vide', sizedEntry('hvc1', VISUAL_FIELDS, HVC_C));
    expect(entry).toMatchObject({
      fourcc: 'hvc1',
      codec: 'hvc1.1.6.L63.90',
      kind: 'hevc',
      nalLengthSizeBytes: 4,
    });
    expect(entry.parameterSets?.map((nal) => nal[0])).toEqual([0x40, 0x42, 0x44]);
    expect(hexOf(entry.parameterSets)?.[2]).toBe('4401c172b46240');
  });

  it.each([
    ['dvh1', HVC_C, 'hevc'],
    ['dvhe', HVC_C, 'hevc'],
    ['dva1', AVC_C, 'avc'],
    ['dvav', AVC_C, 'avc'],
  ])('reads Dolby Vision %s by its base codec', async (fourcc, configuration, kind) => {
    // dvcC: version 1.0, profile 5 (7 bits), level 6 (6 bits): 0000101 000110 xxx
    const dvcC = '00000020 64766343 0100 0a35 10000000 0000000000000000 0000000000000000';
    const entry = await only('vide', sizedEntry(fourcc, VISUAL_FIELDS, configuration, dvcC));
    expect(entry).toMatchObject({ fourcc, codec: `${fourcc}.05.06`, kind, nalLengthSizeBytes: 4 });
    expect(entry.parameterSets?.length).toBeGreaterThan(0);
  });

  it('reads Dolby Vision on AV1, and its picture', async () => {
    const dvvC = '00000020 64767643 0100 1435 00000000 0000000000000000 0000000000000000'; // profile 10, level 6
    const av1C = '0000000c 61763143 81000c00';
    expect(await only('vide', sizedEntry('dav1', VISUAL_FIELDS, av1C, dvvC))).toMatchObject({
      codec: 'dav1.10.06',
      width: expect.any(Number),
      configuration: expect.any(Uint8Array),
    });
  });

  it('names Dolby Vision without its configuration after its base codec', async () => {
    expect(await only('vide', avc('dva1'))).toMatchObject({ fourcc: 'dva1', codec: 'dva1.f4000a' });
  });

  it('tells AAC from MP3, in QuickTime too', async () => {
    expect(await only('soun', QUICKTIME_AAC)).toEqual({
      fourcc: 'mp4a',
      codec: 'mp4a.40.2',
      channels: 1,
      sampleRateHz: 44100,
      objectTypeIndication: 0x40,
    });
    expect(await only('soun', MP3)).toMatchObject({
      codec: 'mp4a.6b',
      channels: 2,
      objectTypeIndication: 0x6b,
    });
  });

  it('reads channels and rate of QuickTime version 2 where they are', async () => {
    // Sound Sample Description (Version 2): 3 and 0x00010000 in the old fields; 72, 96000.0 (f64), 6 in the new ones
    const fields = `000000000000 0001 0002 000000000000 0003 0010 fffe 0000 00010000
      00000048 40f7700000000000 00000006 7f000000 00000018 00000000 00000000 00000000`;
    const entry = await only('soun', sizedEntry('mp4a', fields, '0000000c 66726d61 6d703461'));
    expect(entry).toEqual({ fourcc: 'mp4a', codec: 'mp4a', channels: 6, sampleRateHz: 96000 });
  });

  it.each(['ac-3', 'ec-3', 'ac-4', 'Opus', 'fLaC'])('reads %s', async (fourcc) => {
    expect(await only('soun', audio(fourcc))).toEqual({
      fourcc,
      codec: fourcc,
      channels: 2,
      sampleRateHz: 48000,
    });
  });

  it('knows no more than the fourcc of entries that mp4box does not know', async () => {
    expect(await only('soun', ALAC)).toEqual({ fourcc: 'alac', codec: 'alac' });
    expect(await only('soun', audio('.mp3'))).toEqual({ fourcc: '.mp3', codec: '.mp3' });
    expect(await only('text', sizedEntry('wvtt', '000000000000 0001'))).toEqual({
      fourcc: 'wvtt',
      codec: 'wvtt',
    });
    expect(await only('vide', sizedEntry('av01', VISUAL_FIELDS))).toMatchObject({
      fourcc: 'av01',
      codec: 'av01',
    });
  });

  it('reads several tracks and entries in order', async () => {
    const tracks = await readCodecs(
      movieOf(['vide', avc('avc3')], ['soun', MP3, audio('Opus')], ['meta', avc('mett')]),
    );
    expect(tracks.map(({ trackId }) => trackId)).toEqual([1, 2, 3]);
    expect(tracks.map(({ entries }) => entries.map(({ fourcc }) => fourcc))).toEqual([
      ['avc3'],
      ['mp4a', 'Opus'],
      ['mett'],
    ]);
  });

  it('does without the details of an esds that mp4box cannot read', async () => {
    // A descriptor length of 2^28 - 1
    const entry = await only('soun', audio('mp4a', '00000012 65736473 00000000 03ffffff7f00'));
    expect(entry).toMatchObject({ codec: 'mp4a', channels: 2 });
  });

  it.each([
    ['no configuration', ''],
    ['a NAL length of 3 bytes', AVC_C.replace('ffe1', 'fee1')],
    ['a parameter set past the end of its box', AVC_C.replace('0006 68eb', '0020 68eb')],
    ['an empty configuration', '00000008 61766343'],
  ])('refuses AVC with %s', async (_, avcC) => {
    const refusal = expect.objectContaining({ code: 'MALFORMED_INPUT' });
    await expect(readCodecs(movieOf(['vide', avc('avc1', avcC)]))).rejects.toEqual(refusal);
  });

  it('refuses a movie cut anywhere, and leaves the console and the log of mp4box as they were', async () => {
    const consoleError = vi.spyOn(console, 'error');
    const logError = Log.error;
    const movie = movieOf(['vide', avc('avc1')], ['soun', MP3]);
    const firstTrackEnd = 8 + new DataView(movie.buffer, movie.byteOffset).getUint32(8);
    // Where a track ends, a shorter movie is a right one; up to 7 bytes after it are QuickTime's terminator.
    const isRight = (length: number) => [8, firstTrackEnd].some((end) => length >= end && length < end + 8);
    for (let length = 0; length < movie.length; length++) {
      const cut = movie.slice(0, length);
      if (length >= 4) new DataView(cut.buffer).setUint32(0, length);
      const outcome = await readCodecs(cut).catch((error: PrpackError) => error.code);
      expect([length, outcome === 'MALFORMED_INPUT']).toEqual([length, !isRight(length)]);
    }
    expect(consoleError).not.toHaveBeenCalled();
    expect(Log.error).toBe(logError);
  });

  it('returns or refuses whatever bytes are changed', async () => {
    const movie = movieOf(
      ['vide', avc('avc1'), sizedEntry('hvc1', VISUAL_FIELDS, HVC_C)],
      ['soun', QUICKTIME_AAC],
    );
    const change = fc.tuple(fc.nat(movie.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const mutated = movie.slice();
        for (const [at, value] of changes) mutated[at] = value;
        await readCodecs(mutated).catch((error) => expect(error).toBeInstanceOf(PrpackError));
      }),
      { numRuns: 500 },
    );
  });
});
