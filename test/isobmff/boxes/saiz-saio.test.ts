import { describe, expect, it } from 'vitest';
import { patchSaio, readSaio, sizeOfSaio, writeSaio } from '../../../src/isobmff/boxes/saio.js';
import { readSaiz, saizOf, sizeOfSaiz, writeSaiz } from '../../../src/isobmff/boxes/saiz.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectHugeCountRefused,
  expectMalformed,
  hex,
  readerOf,
} from './proofs.js';

describe('saiz', () => {
  // shaka-packager 3.4.2, cenc video: 8 + 2 + 6 = 16 bytes a sample
  const SHAKA = '00000011 7361697a 00000000 10 00000008';
  // Eyevinn/mp4ff test data moof_enc.m4s, cut to its first 3 of 96 samples: 8 + 2 + 2 * 6 = 22, then 16
  const SIZES = '0000001c 7361697a 00000001 63656e63 00000000 00 00000003 161010';

  it('reads and writes what peers write', () => {
    expect(readSaiz(readerOf(SHAKA))).toEqual({ defaultSampleInfoSize: 16, sampleCount: 8 });
    expect(readSaiz(readerOf(SIZES))).toEqual({
      auxInfoType: 'cenc',
      auxInfoTypeParameter: 0,
      defaultSampleInfoSize: 0,
      sampleCount: 3,
      sizes: new Uint8Array([22, 16, 16]),
    });
    for (const peer of [SHAKA, SIZES]) {
      const saiz = readSaiz(readerOf(peer));
      expectBox(writeSaiz(saiz), peer);
      expect(sizeOfSaiz(saiz)).toBe(writeSaiz(saiz).length);
    }
  });

  it('takes the short form when all sizes are the same', () => {
    expect(saizOf(new Uint8Array([16, 16]))).toEqual({ defaultSampleInfoSize: 16, sampleCount: 2 });
    expect(saizOf(new Uint8Array([16, 22])).sizes).toEqual(new Uint8Array([16, 22]));
    expect(saizOf(new Uint8Array([0, 0])).sizes).toEqual(new Uint8Array([0, 0]));
    expect(saizOf(new Uint8Array())).toEqual({
      defaultSampleInfoSize: 0,
      sampleCount: 0,
      sizes: new Uint8Array(),
    });
  });

  it('refuses every truncation, and sizes that are not there', () => {
    expectEveryTruncationRefused(SHAKA, readSaiz);
    expectEveryTruncationRefused(SIZES, readSaiz);
    expectHugeCountRefused('00000000 00 ffffffff 10', readSaiz);
  });
});

describe('saio', () => {
  // shaka-packager 3.4.2
  const SHAKA = '00000014 7361696f 00000000 00000001 000000f1';
  // Eyevinn/mp4ff test data moof_enc.m4s
  const VERSION_1 = '00000020 7361696f 01000001 63656e63 00000000 00000001 00000000000005c9';

  it('reads what peers write', () => {
    expect(readSaio(readerOf(SHAKA))).toEqual({ offsets: [0xf1] });
    expect(readSaio(readerOf(VERSION_1))).toEqual({
      auxInfoType: 'cenc',
      auxInfoTypeParameter: 0,
      offsets: [0x5c9],
    });
  });

  it('moves every offset, keeps every other byte, and becomes version 1 where it must', () => {
    const odd = SHAKA.replace('00000014', '00000015').replace(' 00000000', ' 00abcdee').concat(' ff');
    const by = (bytes: number) => (offset: number) => offset + bytes;
    expectBox(patchSaio(hex(odd), by(0x10)), odd.replace('000000f1', '00000101'));
    expectBox(patchSaio(hex(VERSION_1), by(1)), VERSION_1.replace('05c9', '05ca'));
    expectBox(patchSaio(hex(SHAKA), by(2 ** 32)), '00000018 7361696f 01000000 00000001 00000001000000f1');
  });

  it('writes version 0 up to 32 bits and version 1 past them', () => {
    expectBox(writeSaio({ offsets: [0xf1] }), SHAKA);
    expectBox(writeSaio({ offsets: [0xffffffff] }), '00000014 7361696f 00000000 00000001 ffffffff');
    expectBox(
      writeSaio({ offsets: [1, 0x100000000] }),
      '00000020 7361696f 01000000 00000002 0000000000000001 0000000100000000',
    );
    expectBox(
      writeSaio({ offsets: [5], auxInfoType: 'cbcs' }),
      '0000001c 7361696f 00000001 63626373 00000000 00000001 00000005',
    );
  });

  it('knows the size of what it writes', () => {
    for (const offsets of [[], [1], [0xffffffff, 2], [0x100000000], [1, 2 ** 40, 3]]) {
      for (const kind of [{}, { auxInfoType: 'cenc' }]) {
        const size = sizeOfSaio(offsets.length, Math.max(0, ...offsets), kind);
        expect(writeSaio({ offsets, ...kind })).toHaveLength(size);
      }
    }
  });

  it('refuses every truncation, a count without entries and an offset larger than a file', () => {
    expectEveryTruncationRefused(SHAKA, readSaio);
    expectEveryTruncationRefused(VERSION_1, readSaio);
    expectHugeCountRefused('00000000 ffffffff 00000000', readSaio);
    expectMalformed(() => readSaio(readerOf('00000018 7361696f 01000000 00000001 0020000000000000')));
    expectMalformed(() => readSaio(readerOf('00000014 7361696f 02000000 00000001 000000f1')));
  });
});
