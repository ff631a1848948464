import { describe, expect, it } from 'vitest';
import { readColr } from '../../../src/isobmff/boxes/colr.js';
import { readElng } from '../../../src/isobmff/boxes/elng.js';
import { readKind } from '../../../src/isobmff/boxes/kind.js';
import { readPasp } from '../../../src/isobmff/boxes/pasp.js';
import { expectEveryTruncationRefused, expectMalformed, readerOf } from './proofs.js';

// ffmpeg 5.1, -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc: full_range_flag 0
const NCLX = '00000013 636f6c72 6e636c78 0009 0010 0009 00';
// the same into .mov: no full_range_flag
const NCLC = '00000012 636f6c72 6e636c63 0009 0010 0009';
const ICC = '00000010 636f6c72 70726f66 00000000';
// ffmpeg, -aspect 16:9 of 720x576
const PASP = '00000010 70617370 00000040 0000002d';
// by ISO/IEC 14496-12 8.4.6: no peer at hand writes it
const ELNG = `00000012 656c6e67 00000000 64652d415400`;
// ffmpeg 5.1, -disposition:a:0 comment
const KIND = `0000002f 6b696e64 00000000 75726e3a6d7065673a646173683a726f6c653a3230313100 636f6d6d656e7461727900`;

describe('colr', () => {
  it('reads code points of ISO and QuickTime, and none of an ICC profile', () => {
    expect(readColr(readerOf(NCLX))).toEqual({ primaries: 9, transfer: 16, matrix: 9 });
    expect(readColr(readerOf(NCLC))).toEqual({ primaries: 9, transfer: 16, matrix: 9 });
    expect(readColr(readerOf(ICC))).toBeUndefined();
  });

  it('refuses every truncation of what it reads', () => {
    expectEveryTruncationRefused(NCLC, readColr);
    expectEveryTruncationRefused(NCLX, readColr, { legalLengths: [10] }); // without the flag, which nobody asks for
  });
});

describe('pasp', () => {
  it('reads what ffmpeg writes', () => {
    expect(readPasp(readerOf(PASP))).toEqual({ hSpacing: 64, vSpacing: 45 });
  });

  it('refuses every truncation', () => {
    expectEveryTruncationRefused(PASP, readPasp);
  });
});

describe('elng', () => {
  it('reads the tag up to its end, or to the end of the box', () => {
    expect(readElng(readerOf(ELNG))).toBe('de-AT');
    expect(readElng(readerOf('00000011 656c6e67 00000000 64652d4154'))).toBe('de-AT');
    expect(readElng(readerOf('0000000c 656c6e67 00000000'))).toBe('');
  });

  it('refuses a box without version, and another one', () => {
    expectMalformed(() => readElng(readerOf('0000000b 656c6e67 000000')));
    expect(() => readElng(readerOf('0000000c 656c6e67 01000000'))).toThrow();
  });
});

describe('kind', () => {
  it('reads scheme and value', () => {
    expect(readKind(readerOf(KIND))).toEqual({ schemeUri: 'urn:mpeg:dash:role:2011', value: 'commentary' });
  });

  it('takes a missing value for an empty one', () => {
    expect(readKind(readerOf('0000000f 6b696e64 00000000 75726e'))).toEqual({ schemeUri: 'urn', value: '' });
  });

  it('refuses a box without version', () => {
    expectMalformed(() => readKind(readerOf('0000000a 6b696e64 0000')));
  });
});
