import { describe, expect, it } from 'vitest';
import { ac4Codecs, readDac4 } from '../../../src/isobmff/boxes/dac4.js';
import { expectEveryTruncationRefused, readerOf } from './proofs.js';

// Payloads of streams of a Dolby encoder, from the tests of shaka-packager, which say the same of them
const STEREO = '00000028 64616334 20a40140 0000001f ffffffe0 0112f800 00084000 004a0200 00006213 2b700080';
const SURROUND = '00000024 64616334 20a60160 0000001f ffffffe0 010ef900 00090000 11ca0200 0011c080';
const IMMERSIVE =
  '0000002b 64616334 20a00160 0000001f ffffffe0 01151380 00005840 0031fca0 2000031d 40400000 0800c0';
const HEADPHONES =
  '0000003c 64616334 20a40240 0000001f ffffffe0 0212f880 00004200 00025010 00000310 995ba040 0112f880 00004200 00025010 00000310 995b8040';

describe('dac4', () => {
  it.each([
    ['stereo', STEREO, 'ac-4.02.01.00', 0x1],
    ['5.1', SURROUND, 'ac-4.02.01.01', 0x47],
    ['5.1.2', IMMERSIVE, 'ac-4.02.01.03', 0xc7],
    ['stereo for headphones, with a second presentation', HEADPHONES, 'ac-4.02.02.00', 0x1],
  ])('reads %s', (_, box, codecs, channelMask) => {
    const read = readDac4(readerOf(box))!;
    expect([ac4Codecs(read), read.channelMask]).toEqual([codecs, channelMask]);
  });

  it('passes the id of a programme by', () => {
    // As STEREO, with b_program_id, a short id, b_uuid and a UUID: 1 + 16 + 1 + 128 bits behind the first 24,
    // 66 bits of bit rates, and the byte filled up: 24 + 146 + 66 = 236, and 4 bits.
    const bits = `0010000010100100000000011${'01'.repeat(8)}1${'10'.repeat(64)}${'0'.repeat(66)}0000`;
    const bytes = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0'));
    const payload = `${bytes.join('')}0112f80000084000004a`;
    const box = `${(8 + payload.length / 2).toString(16).padStart(8, '0')}64616334${payload}`;
    expect(readDac4(readerOf(box))).toMatchObject({ presentationVersion: 1, mdcompat: 0, channelMask: 1 });
  });

  it('says nothing of streams and presentations of the first versions', () => {
    expect(readDac4(readerOf('0000000b 64616334 206401'))).toBeUndefined(); // bitstream_version 1
    expect(readDac4(readerOf(STEREO.replaceAll(' ', '').replace('e00112', 'e00012')))).toBeUndefined();
  });

  it('refuses every truncation before what it reads', () => {
    // 12 bytes, 2 of the presentation's version and size, and 58 bits of it
    const needed = 12 + 2 + 8;
    expectEveryTruncationRefused(
      `${(8 + needed).toString(16).padStart(8, '0')}${STEREO.replaceAll(' ', '').slice(8, 2 * (8 + needed))}`,
      readDac4,
    );
  });
});
