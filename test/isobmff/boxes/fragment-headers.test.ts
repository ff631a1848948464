import { describe, expect, it } from 'vitest';
import { readMehd, writeMehd } from '../../../src/isobmff/boxes/mehd.js';
import { readMfhd, writeMfhd } from '../../../src/isobmff/boxes/mfhd.js';
import { readTfdt, TFDT_SIZE_BYTES, writeTfdt } from '../../../src/isobmff/boxes/tfdt.js';
import { patchTfhd, readTfhd, writeTfhd } from '../../../src/isobmff/boxes/tfhd.js';
import { readTrex, writeTrex } from '../../../src/isobmff/boxes/trex.js';
import { expectBox, expectEveryTruncationRefused, expectMalformed, hex, readerOf } from './proofs.js';

describe('tfhd', () => {
  // ffmpeg 5.1, -movflags frag_keyframe+empty_moov: base data offset and three defaults
  const FFMPEG = '00000024 74666864 00000039 00000001 0000000000000325 00000200 000005de 01010000';
  // shaka-packager 3.4.2 with key rotation: description index, duration and flags, default-base-is-moof
  const SHAKA = '0000001c 74666864 0002002a 00000001 00000001 00000400 00000000';

  it('reads what peers write', () => {
    expect(readTfhd(readerOf(FFMPEG))).toEqual({
      trackId: 1,
      baseDataOffset: 0x325,
      defaultSampleDuration: 512,
      defaultSampleSize: 1502,
      defaultSampleFlags: 0x01010000,
      durationIsEmpty: false,
      defaultBaseIsMoof: false,
    });
    expect(readTfhd(readerOf(SHAKA))).toEqual({
      trackId: 1,
      sampleDescriptionIndex: 1,
      defaultSampleDuration: 1024,
      defaultSampleFlags: 0,
      durationIsEmpty: false,
      defaultBaseIsMoof: true,
    });
  });

  it('writes what peers wrote, and the flag without a field', () => {
    for (const peer of [FFMPEG, SHAKA]) expectBox(writeTfhd(readTfhd(readerOf(peer))), peer);
    const empty = { trackId: 2, durationIsEmpty: true, defaultBaseIsMoof: true };
    expectBox(writeTfhd(empty), '00000010 74666864 00030000 00000002');
  });

  it('moves the base data offset and nothing else', () => {
    const moved = FFMPEG.replace('0000000000000325', '0000000123456789');
    expectBox(
      patchTfhd(hex(FFMPEG), (offset) => offset - 0x325 + 0x123456789),
      moved,
    );
    expectBox(
      patchTfhd(hex(SHAKA), () => 0),
      SHAKA,
    );
  });

  it('refuses every truncation', () => {
    expectEveryTruncationRefused(FFMPEG, readTfhd);
    expectEveryTruncationRefused(SHAKA, readTfhd);
  });
});

describe('tfdt', () => {
  it('reads version 0 and 1 and writes version 1', () => {
    // shaka-packager 3.4.2
    const shaka = '00000010 74666474 00000000 0000b400';
    expect(readTfdt(readerOf(shaka))).toEqual({ baseMediaDecodeTime: 0xb400n });
    // Eyevinn/mp4ff test data cbcs_audio.mp4
    const wide = '00000014 74666474 01000000 0000000000075300';
    expect(readTfdt(readerOf(wide))).toEqual({ baseMediaDecodeTime: 0x75300n });
    expectBox(writeTfdt({ baseMediaDecodeTime: 0x75300n }), wide);
    expect(writeTfdt({ baseMediaDecodeTime: 2n ** 63n })).toHaveLength(TFDT_SIZE_BYTES);
    expectEveryTruncationRefused(shaka, readTfdt);
    expectEveryTruncationRefused(wide, readTfdt);
    expectMalformed(() => readTfdt(readerOf(wide.replace('01000000', '02000000'))));
  });
});

describe('trex', () => {
  it('reads and writes what shaka-packager writes', () => {
    const shaka = '00000020 74726578 00000000 00000001 00000001 00000400 00000000 00000000';
    expect(readTrex(readerOf(shaka))).toEqual({
      trackId: 1,
      defaultSampleDescriptionIndex: 1,
      defaultSampleDuration: 1024,
      defaultSampleSize: 0,
      defaultSampleFlags: 0,
    });
    expectBox(writeTrex(readTrex(readerOf(shaka))), shaka);
    expectEveryTruncationRefused(shaka, readTrex);
  });
});

describe('mehd', () => {
  it('reads and writes both versions', () => {
    // shaka-packager 3.4.2
    const shaka = '00000010 6d656864 00000000 00015c88';
    expect(readMehd(readerOf(shaka))).toEqual({ fragmentDuration: 0x15c88n });
    expectBox(writeMehd({ fragmentDuration: 0x15c88n }), shaka);
    // ISO/IEC 14496-12 8.8.2: 64 bits in version 1
    const wide = '00000014 6d656864 01000000 0000000100000000';
    expect(readMehd(readerOf(wide))).toEqual({ fragmentDuration: 0x100000000n });
    expectBox(writeMehd({ fragmentDuration: 0x100000000n }), wide);
    expectBox(writeMehd({ fragmentDuration: 0xffffffffn }), '00000010 6d656864 00000000 ffffffff');
    expectEveryTruncationRefused(shaka, readMehd);
    expectEveryTruncationRefused(wide, readMehd);
  });
});

describe('mfhd', () => {
  it('reads and writes what ffmpeg 5.1 writes', () => {
    const ffmpeg = '00000010 6d666864 00000000 00000001';
    expect(readMfhd(readerOf(ffmpeg))).toEqual({ sequenceNumber: 1 });
    expectBox(writeMfhd({ sequenceNumber: 1 }), ffmpeg);
    expectEveryTruncationRefused(ffmpeg, readMfhd);
  });
});
