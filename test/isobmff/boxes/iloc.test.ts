import { describe, expect, it } from 'vitest';
import type { ByteReader } from '../../../src/bytes/reader.js';
import { patchIloc, readIloc } from '../../../src/isobmff/boxes/iloc.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectHugeCountRefused,
  expectMalformed,
  hex,
  readerOf,
} from './proofs.js';

// ffmpeg 5.1, AVIF: one item, one extent at 0x121
const AVIF = '0000001e 696c6f63 00000000 4400 0001 0001 0000 0001 00000121 000002a8';

// ISO/IEC 14496-12 8.11.3, version 1, sizes 4 4 4 4: an item of two extents over a base, one in idat, one elsewhere
const VERSION_1 = `00000064 696c6f63 01000000 4444 0003
  0001 0000 0000 00001000 0002  00000000 00000010 00000020  00000000 00000100 00000030
  0002 0001 0000 00000000 0001  00000000 00000010 00000020
  0003 0000 0001 00000000 0001  00000000 00000010 00000020`;

// Version 2, sizes 8 0 0 0: 32-bit item ids, 64-bit offsets, length 0 for the whole file
const VERSION_2 = '00000024 696c6f63 02000000 8000 00000001 00010000 0000 0000 0001 0000000100000000';

// Version 0, sizes 0 4 8 0: the base offset alone says where
const BASE_ONLY = '00000022 696c6f63 00000000 0480 0001 0001 0000 0000000000000500 0001 00000009';

const readAll = (reader: ByteReader) => [...readIloc(reader)];
const shift = (offset: number) => offset + 0x40;

describe('iloc', () => {
  it('reads what ffmpeg writes', () => {
    expect(readAll(readerOf(AVIF))).toEqual([
      { itemId: 1, constructionMethod: 0, dataReferenceIndex: 0, offset: 0x121, length: 0x2a8 },
    ]);
  });

  it('reads all versions and field sizes', () => {
    const extent = { itemId: 1, constructionMethod: 0, dataReferenceIndex: 0 };
    expect(readAll(readerOf(VERSION_1))).toEqual([
      { ...extent, offset: 0x1010, length: 0x20 },
      { ...extent, offset: 0x1100, length: 0x30 },
      { itemId: 2, constructionMethod: 1, dataReferenceIndex: 0, offset: 0x10, length: 0x20 },
      { itemId: 3, constructionMethod: 0, dataReferenceIndex: 1, offset: 0x10, length: 0x20 },
    ]);
    expect(readAll(readerOf(VERSION_2))).toEqual([
      { ...extent, itemId: 0x10000, offset: 2 ** 32, length: 0 },
    ]);
    expect(readAll(readerOf(BASE_ONLY))).toEqual([{ ...extent, offset: 0x500, length: 9 }]);
  });

  it('refuses an item behind the end of any file', () => {
    // Version 1, sizes 8 0 8 0: base and offset of 2^53 - 1 and 1
    const item = '0001 0000 0000 001fffffffffffff 0001';
    const iloc = `00000028 696c6f63 01000000 8080 0001 ${item} 0000000000000001`;
    expectMalformed(() => readAll(readerOf(iloc)));
    expect(() => patchIloc(hex(iloc), shift)).toThrow(expect.objectContaining({ code: 'MALFORMED_INPUT' }));
  });

  it('moves offsets into the file and nothing else', () => {
    expectBox(patchIloc(hex(AVIF), shift), AVIF.replace('00000121', '00000161'));
    expectBox(patchIloc(hex(VERSION_1), shift), VERSION_1.replace('00001000', '00001040'));
    expectBox(patchIloc(hex(VERSION_2), shift), VERSION_2.replace('0000000100000000', '0000000100000040'));
    expectBox(patchIloc(hex(BASE_ONLY), shift), BASE_ONLY.replace('0500', '0540'));
    expectBox(
      patchIloc(hex(AVIF), (offset) => offset),
      AVIF,
    );
  });

  it('moves extents of one item by different amounts', () => {
    const map = (offset: number) => offset + (offset < 0x1100 ? 0x40 : 0x50);
    // base 0x1000 + 0x40; second extent 0x1100 + 0x50 - 0x1040 = 0x110
    const moved = VERSION_1.replace('00001000', '00001040').replace('00000100 00000030', '00000110 00000030');
    expectBox(patchIloc(hex(VERSION_1), map), moved);
  });

  it('refuses offsets that do not fit', () => {
    const unsupported = expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' });
    expect(() => patchIloc(hex(AVIF), () => 2 ** 32)).toThrow(unsupported);
    // The second extent would come to stand before the base.
    expect(() => patchIloc(hex(VERSION_1), (offset) => (offset < 0x1100 ? 0x5000 : 0x10))).toThrow(
      unsupported,
    );
  });

  it('meets extents without bytes once, however many are counted', () => {
    const many = '00000016 696c6f63 00000000 0000 0001 0001 0000 ffff';
    expect(readAll(readerOf(many))).toHaveLength(1);
  });

  it('refuses every truncation, unknown field sizes, and counts without entries', () => {
    for (const box of [AVIF, VERSION_1, VERSION_2, BASE_ONLY]) expectEveryTruncationRefused(box, readAll);
    expectMalformed(() => readAll(readerOf(AVIF.replace('4400', '3400'))));
    expectHugeCountRefused('02000000 4400 ffffffff', readAll);
    expectHugeCountRefused('00000000 4400 0001 0001 0000 ffff 00000000', readAll);
  });
});
