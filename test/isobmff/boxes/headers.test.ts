import { describe, expect, it } from 'vitest';
import { readDref } from '../../../src/isobmff/boxes/dref.js';
import { withDuration, withTimescale } from '../../../src/isobmff/boxes/duration.js';
import { readFtyp, writeFtyp } from '../../../src/isobmff/boxes/ftyp.js';
import { readHdlr } from '../../../src/isobmff/boxes/hdlr.js';
import { readMdhd } from '../../../src/isobmff/boxes/mdhd.js';
import { readMvhd } from '../../../src/isobmff/boxes/mvhd.js';
import { readTkhd } from '../../../src/isobmff/boxes/tkhd.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectHugeCountRefused,
  expectMalformed,
  hex,
  readerOf,
} from './proofs.js';

// All boxes without another origin: ffmpeg 5.1
const MATRIX = '00010000 00000000 00000000 00000000 00010000 00000000 00000000 00000000 40000000';
const MVHD_END = `00010000 0100 0000 00000000 00000000 ${MATRIX} ${'00'.repeat(24)} 00000002`;
const MVHD = `0000006c 6d766864 00000000 00000000 00000000 000003e8 00000140 ${MVHD_END}`;
const MVHD_1 = `00000078 6d766864 01000000 0000000000000000 0000000000000000 000003e8 0000000100000000 ${MVHD_END}`;
const TKHD_END = `00000000 00000000 0000 0000 0000 0000 ${MATRIX} 00400000 00400000`;
const TKHD = `0000005c 746b6864 00000003 00000000 00000000 00000001 00000000 00000140 ${TKHD_END}`;
const TKHD_1 = `00000068 746b6864 01000003 0000000000000000 0000000000000000 00000001 00000000 0000000100000000 ${TKHD_END}`;
const MDHD = '00000020 6d646864 00000000 00000000 00000000 00003200 00001000 55c4 0000';
const MDHD_1 =
  '0000002c 6d646864 01000000 0000000000000000 0000000000000000 00003200 0000000100000000 55c4 0000';

describe('mvhd', () => {
  it('reads both versions', () => {
    expect(readMvhd(readerOf(MVHD))).toEqual({ timescaleHz: 1000, durationTicks: 320n });
    expect(readMvhd(readerOf(MVHD_1))).toEqual({ timescaleHz: 1000, durationTicks: 2n ** 32n });
    expectEveryTruncationRefused(MVHD, readMvhd);
    expectEveryTruncationRefused(MVHD_1, readMvhd);
  });

  it('knows when the duration is not known, and refuses a timescale of 0', () => {
    expect(readMvhd(readerOf(MVHD.replace('00000140', 'ffffffff'))).durationTicks).toBeUndefined();
    const unknown = MVHD_1.replace('0000000100000000', 'ffffffffffffffff');
    expect(readMvhd(readerOf(unknown)).durationTicks).toBeUndefined();
    expectMalformed(() => readMvhd(readerOf(MVHD.replace('000003e8', '00000000'))));
  });
});

describe('tkhd', () => {
  it('reads both versions', () => {
    const tkhd = { isEnabled: true, trackId: 1, width: 64, height: 64 };
    expect(readTkhd(readerOf(TKHD))).toEqual({ ...tkhd, durationTicks: 320n });
    expect(readTkhd(readerOf(TKHD_1))).toEqual({ ...tkhd, durationTicks: 2n ** 32n });
    expectEveryTruncationRefused(TKHD, readTkhd);
    expectEveryTruncationRefused(TKHD_1, readTkhd);
    expectMalformed(() => readTkhd(readerOf(TKHD.replace('00000001', '00000000'))));
  });
});

describe('mdhd', () => {
  it('reads both versions', () => {
    const mdhd = { timescaleHz: 12800, language: 'und' };
    expect(readMdhd(readerOf(MDHD))).toEqual({ ...mdhd, durationTicks: 4096n });
    expect(readMdhd(readerOf(MDHD_1))).toEqual({ ...mdhd, durationTicks: 2n ** 32n });
    expectEveryTruncationRefused(MDHD, readMdhd);
    expectEveryTruncationRefused(MDHD_1, readMdhd);
    expectMalformed(() => readMdhd(readerOf(MDHD.replace('00003200', '00000000'))));
  });

  it('reads languages as three letters, and QuickTime numbers as unknown', () => {
    // e = 5, n = 14, g = 7: 00101 01110 00111
    expect(readMdhd(readerOf(MDHD.replace('55c4', '15c7'))).language).toBe('eng');
    expect(readMdhd(readerOf(MDHD.replace('55c4', '0000'))).language).toBe('und');
    expect(readMdhd(readerOf(MDHD.replace('55c4', '7fff'))).language).toBe('und');
  });
});

describe('another duration', () => {
  it.each([
    ['mvhd', MVHD, '00000140'],
    ['tkhd', TKHD, '00000140'],
    ['mdhd', MDHD, '00001000'],
  ] as const)('changes only the duration of %s version 0', (type, box, duration) => {
    expectBox(withDuration(type, hex(box), 0n), box.replace(duration, '00000000'));
    expectBox(withDuration(type, hex(box), 0xfffffffen), box.replace(duration, 'fffffffe'));
  });

  it.each([
    ['mvhd', MVHD, MVHD_1],
    ['tkhd', TKHD, TKHD_1],
    ['mdhd', MDHD, MDHD_1],
  ] as const)('turns %s into version 1 when it needs more bits, and keeps version 1', (type, box, wide) => {
    expectBox(withDuration(type, hex(box), 2n ** 32n), wide);
    expectBox(withDuration(type, hex(wide), 7n), wide.replace('0000000100000000', '0000000000000007'));
  });

  it('changes only the timescale of mdhd, in both versions', () => {
    for (const box of [MDHD, MDHD_1]) {
      const { timescaleHz } = readMdhd(readerOf(box));
      const hexOf = (ticks: number) => ticks.toString(16).padStart(8, '0');
      expectBox(withTimescale(hex(box), 10_000_000), box.replace(hexOf(timescaleHz), hexOf(10_000_000)));
    }
  });

  it('does not write a 32-bit duration that would read as unknown', () => {
    expect(withDuration('mdhd', hex(MDHD), 0xffffffffn)[8]).toBe(1);
  });
});

describe('hdlr', () => {
  const ISO =
    '0000002d 68646c72 00000000 00000000 76696465 00000000 00000000 00000000 566964656f48616e646c657200';
  const QUICKTIME =
    '0000002d 68646c72 00000000 6d686c72 76696465 00000000 00000000 00000000 0c566964656f48616e646c6572';

  it('reads names that end in a zero and names led by their length', () => {
    const hdlr = { handlerType: 'vide', name: 'VideoHandler' };
    expect(readHdlr(readerOf(ISO))).toEqual(hdlr);
    expect(readHdlr(readerOf(QUICKTIME))).toEqual(hdlr);
    expect(readHdlr(readerOf(QUICKTIME.replace('6d686c72', '00000000')))).toEqual(hdlr);
  });

  it('does without a name or its end', () => {
    expect(readHdlr(readerOf(`${ISO.replace('2d', '20').slice(0, 71)}`)).name).toBe('');
    const endless = ISO.replace('0000002d', '0000002c').slice(0, -2);
    expect(readHdlr(readerOf(endless)).name).toBe('VideoHandler');
    expect(readHdlr(readerOf(QUICKTIME.replace('0c56', 'ff56'))).handlerType).toBe('vide');
  });

  it('refuses every truncation before the name', () => {
    const nameLengths = Array.from({ length: 13 }, (_, index) => 24 + index);
    expectEveryTruncationRefused(ISO, readHdlr, { legalLengths: nameLengths });
  });
});

describe('dref', () => {
  const BOX = '0000001c 64726566 00000000 00000001 0000000c 75726c20 00000001';
  // ISO/IEC 14496-12 8.7.2: media in this file, then in another
  const TWO = `0000002a 64726566 00000000 00000002
    0000000c 75726c20 00000001  0000000e 75726c20 00000000 6100`;

  it('tells media in the file from media elsewhere', () => {
    expect(readDref(readerOf(BOX))).toEqual({ entries: [{ type: 'url ', isSelfContained: true }] });
    expect(readDref(readerOf(TWO)).entries.map((entry) => entry.isSelfContained)).toEqual([true, false]);
  });

  it('refuses every truncation, and counts that lie', () => {
    expectEveryTruncationRefused(BOX, readDref);
    expectEveryTruncationRefused(TWO, readDref);
    expectHugeCountRefused('00000000 ffffffff 0000000c 75726c20 00000001', readDref);
    expectMalformed(() => readDref(readerOf(TWO.replace('0000000c 75726c20', '0000001a 75726c20'))));
  });
});

describe('ftyp', () => {
  const BOX = '00000020 66747970 69736f6d 00000200 69736f6d 69736f32 61766331 6d703431';

  it('reads and writes', () => {
    const ftyp = readFtyp(readerOf(BOX));
    expect(ftyp).toEqual({
      majorBrand: 'isom',
      minorVersion: 512,
      compatibleBrands: ['isom', 'iso2', 'avc1', 'mp41'],
    });
    expectBox(writeFtyp(ftyp), BOX);
  });

  it('refuses a cut major brand or version; brands may be any number', () => {
    const legalLengths = Array.from({ length: 16 }, (_, index) => 8 + index);
    expectEveryTruncationRefused(BOX, readFtyp, { legalLengths });
  });
});
