import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes/hex.js';
import { readAvcC } from '../../../src/isobmff/boxes/avcc.js';
import { expectEveryTruncationRefused, readerOf } from './proofs.js';

// x264 by ffmpeg 5.1, 320x180; the last four bytes are those of High profile (5.3.3.1.2)
const X264 = `00000037 61766343 01 64000c ff e1 001a 6764000cacd941419f9f011000000300100000030320f1429960
  01 0006 68ebe3cb22c0 fdf8f800`;

describe('avcC', () => {
  it('reads parameter sets, and how many bytes the length of a NAL unit has', () => {
    const { nalLengthBytes, sequenceParameterSets, pictureParameterSets } = readAvcC(readerOf(X264));
    expect(nalLengthBytes).toBe(4);
    expect(sequenceParameterSets.map(toHex)).toEqual([
      '6764000cacd941419f9f011000000300100000030320f1429960',
    ]);
    expect(pictureParameterSets.map(toHex)).toEqual(['68ebe3cb22c0']);
    expect(readAvcC(readerOf(X264.replace('ff e1', 'fd e1'))).nalLengthBytes).toBe(2);
  });

  it('refuses every truncation of the parameter sets', () => {
    // 4 bytes of High profile are not read: of 47 bytes, 43 to 46 are enough
    expectEveryTruncationRefused(X264, readAvcC, { legalLengths: [43, 44, 45, 46] });
  });
});
