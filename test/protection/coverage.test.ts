import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encryptStream } from '../../src/index.js';
import { Collected, streamOf } from '../packager/stream/streams.js';
import { u8, u32 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import type { BuiltTrack } from '../support/builder/movie.js';
import { tracksOf } from '../support/builder/movie.js';
import { toBytes, writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, testKeys, tracesOf } from '../support/jobs.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const SEI = 6;

/** The NAL units of a sample with 4-byte lengths. */
function unitsOf(data: Uint8Array): Buffer[] {
  const bytes = Buffer.from(data);
  const units: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    units.push(bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return units;
}

const isSlice = (unit: Buffer) => [1, 5].includes(unit[0] & 31);
const withLength = (unit: Uint8Array) => Buffer.concat([u32(unit.length), unit]);
const sei = (size: number) => Buffer.concat([u8(SEI), Buffer.alloc(size - 1, 0x55)]);

/** The video of a sample file, of which each sample's NAL units were changed. */
function video(change: (units: Buffer[]) => Uint8Array[]): BuiltTrack[] {
  const [track] = tracksOf(sample('bars.mp4'), 30).filter(({ handler }) => handler === 'vide');
  const samples = track.samples.map((one) => ({
    ...one,
    data: Buffer.concat(change(unitsOf(one.data)).map(withLength)),
  }));
  return [{ ...track, samples }];
}

/** Each sample one unit, in which start codes part the units that there were. */
const annexB = (units: Buffer[]) => [Buffer.concat(units.flatMap((unit) => [u8(0, 0, 0, 1), unit]))];
/** The same behind a unit with a type of its own, as when only the first start code was replaced by a length. */
const annexBBehindSei = (units: Buffer[]) => [Buffer.concat([sei(20), ...annexB(units)])];
const onlySei = () => [sei(500)];
/** Slices that end 8 bytes behind the first byte of their header: no cipher block fits. */
const tinySlices = (units: Buffer[]) => units.filter(isSlice).map((unit) => unit.subarray(0, 16));
const largeSei = (units: Buffer[]) => [sei(100_000), ...units];

const REFUSED = [
  ['a byte stream in a NAL unit', annexB, 'MALFORMED_INPUT', /start code/],
  ['a byte stream behind SEI', annexBBehindSei, 'MALFORMED_INPUT', /start code/],
  ['nothing but SEI', onlySei, 'MALFORMED_INPUT', /hold no slice data/],
  ['slices too small', tinySlices, 'UNSUPPORTED_FEATURE', /smaller than a cipher block/],
] as const;

describe('video that would stay clear', () => {
  it.each(REFUSED)('%s is refused, in both layouts', async (name, change, code, message) => {
    const input = temporary(`${name}.mp4`);
    const output = temporary('clear.enc.mp4');
    writePieces(input, progressive(video(change)));
    for (const layout of ['keep', 'fragmented'] as const) {
      await expect(encryptTo(input, output, { layout })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
      expect(tracesOf(output)).toEqual([]);
    }
  });

  it.each(['cbcs', 'cens', 'cbc1'] as const)('is refused under %s too, and audio with it', async (scheme) => {
    const output = temporary(`tiny.${scheme}.mp4`);
    const [audio] = tracksOf(sample('bars.mp4'), 30).filter(({ handler }) => handler === 'soun');
    const tinyAudio = audio.samples.map((one) => ({ ...one, data: one.data.subarray(0, 15) }));
    for (const tracks of [video(tinySlices), [{ ...audio, samples: tinyAudio }]]) {
      const input = temporary(`tiny.${tracks[0].handler}.mp4`);
      writePieces(input, progressive(tracks));
      await expect(encryptTo(input, output, { scheme })).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
      });
      expect(tracesOf(output)).toEqual([]);
    }
  });

  it.each(REFUSED)('%s is refused in a stream', async (_, change, code, message) => {
    const bytes = toBytes(fragmented(video(change)));
    const output = new Collected();
    const failed = encryptStream({ input: streamOf(bytes), output, keys: testKeys });
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('does not leave a stream in quantity before it is refused', async () => {
    const large = video(() => [sei(20_000)]);
    const bytes = toBytes(fragmented(large, { fragmentSamples: 1 }));
    const output = new Collected();
    const failed = encryptStream({ input: streamOf(bytes), output, keys: testKeys });
    await expect(failed).rejects.toMatchObject({ code: 'MALFORMED_INPUT' });
    const moofs = output.bytes.toString('latin1').split('moof').length - 1;
    expect(moofs).toBe(3); // 3 × 20,004 bytes are less than 64 KiB, 4 are more
  });

  it('names the sample and the place of the start code', async () => {
    const input = temporary('place.mp4');
    writePieces(input, progressive(video(annexB)));
    const bytes = readFileSync(input);
    const first = bytes.indexOf(Buffer.from([0, 0, 0, 1]), bytes.indexOf('mdat'));
    await expect(encryptTo(input, temporary('place.enc.mp4'))).rejects.toMatchObject({
      message: expect.stringMatching(/track 1, sample 0: /),
      details: { offsetBytes: first + 1, clause: 'ISO/IEC 14496-10 7.4.1' },
    });
  });
});

describe('video that is protected in small part', () => {
  const warning =
    /^Only \d\.\d % of the bytes of track 1 are protected \(\d+ of \d+\): .*SEI, which stay clear\.$/;

  const playready = { laUrl: 'https://license.example.com/' };

  it('is encrypted, with a warning that has the figure', async () => {
    const input = temporary('sei.mp4');
    writePieces(input, progressive(video(largeSei)));
    const { warnings } = await encryptTo(input, temporary('sei.enc.mp4'), { playready });
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('is so in a stream, which is judged as a whole', async () => {
    let count = 0;
    const firstTiny = (units: Buffer[]) => (count++ < 2 ? tinySlices(units) : largeSei(units));
    const bytes = toBytes(fragmented(video(firstTiny), { fragmentSamples: 1 }));
    const output = new Collected();
    const { warnings } = await encryptStream({ input: streamOf(bytes), output, keys: testKeys, playready });
    expect(warnings).toEqual([expect.stringMatching(/2 of its 30 samples hold too little slice data/)]);
  });

  it('is not reported where a tenth and more is protected', async () => {
    const { warnings } = await encryptTo(sample('bars.mp4'), temporary('usual.mp4'), { playready });
    expect(warnings).toEqual([]);
  });
});
