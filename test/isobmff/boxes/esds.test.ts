import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/bytes/hex.js';
import { readDecoderSpecificInfo, readEsds } from '../../../src/isobmff/boxes/esds.js';
import { expectEveryTruncationRefused, expectMalformed, readerOf } from './proofs.js';

// ffmpeg 5.1, PNG in mp4v: sizes of four bytes, object type 6d
const PNG = `00000036 65736473 00000000 03 80808025 0001 00 04 80808017 6d 15 000000 00011131 00011131
  0580808005 118856e500 06 80808001 02`;
// Every optional field (ISO/IEC 14496-1 7.2.6.5): depends on 7, URL "ab", OCR 9; sizes of one byte; object type 20
const OPTIONAL = '0000001d 65736473 00000000 03 0f 0001 e0 0007 02 6162 0009 04 01 20 0000';

describe('esds', () => {
  it('reads the object type', () => {
    expect(readEsds(readerOf(PNG))).toEqual({ objectTypeIndication: 0x6d });
    expect(readEsds(readerOf(OPTIONAL))).toEqual({ objectTypeIndication: 0x20 });
  });

  it('refuses other descriptors', () => {
    expectMalformed(() => readEsds(readerOf(PNG.replace('03 80808025', '13 80808025'))));
    expectMalformed(() => readEsds(readerOf(PNG.replace('04 80808017', '05 80808017'))));
  });

  it('reads the DecoderSpecificInfo', () => {
    expect(toHex(readDecoderSpecificInfo(readerOf(PNG)))).toBe('118856e500');
    expectMalformed(() => readDecoderSpecificInfo(readerOf(PNG.replace('0580808005', '0680808005'))));
    // 18 as below, 12 numbers of the decoder, 5 tag and size, 5 bytes: 40; the last descriptor is not read
    expectEveryTruncationRefused(PNG, readDecoderSpecificInfo, { legalLengths: [40, 41, 42, 43, 44, 45] });
  });

  it('refuses every truncation before the object type', () => {
    // 4 version and flags, 5 tag and size, 3 ES_ID and flags, 5 tag and size, 1 object type: 18
    expectEveryTruncationRefused(PNG, readEsds, {
      legalLengths: Array.from({ length: 100 }, (_, i) => 18 + i),
    });
  });
});
