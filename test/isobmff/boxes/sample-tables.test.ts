import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/bytes/reader.js';
import { readCtts } from '../../../src/isobmff/boxes/ctts.js';
import { readElst, writeOneEdit } from '../../../src/isobmff/boxes/elst.js';
import { writeEmptyTables } from '../../../src/isobmff/boxes/empty-tables.js';
import { readSdtp } from '../../../src/isobmff/boxes/sdtp.js';
import { patchChunkOffsets, readCo64, readStco, widenStco } from '../../../src/isobmff/boxes/stco.js';
import { readStsc } from '../../../src/isobmff/boxes/stsc.js';
import { readStss } from '../../../src/isobmff/boxes/stss.js';
import { readStsz, readStz2 } from '../../../src/isobmff/boxes/stsz.js';
import { readStts } from '../../../src/isobmff/boxes/stts.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectHugeCountRefused,
  expectMalformed,
  hex,
  readerOf,
} from './proofs.js';

// All boxes without another origin: ffmpeg 5.1, x264 with B frames, 8 samples
const HUGE_TABLE = '00000000 ffffffff 00000001 00000001 00000001';

describe('stts', () => {
  const BOX = '00000018 73747473 00000000 00000001 00000008 00000200';
  it('reads runs', () => {
    expect(readStts(readerOf(BOX))).toEqual({
      sampleCounts: new Uint32Array([8]),
      sampleDeltas: new Uint32Array([512]),
    });
    expectEveryTruncationRefused(BOX, readStts);
    expectHugeCountRefused(HUGE_TABLE, readStts);
  });
});

describe('ctts', () => {
  const UNSIGNED = `00000040 63747473 00000000 00000006 00000001 00000400 00000001 00000800
    00000002 00000200 00000001 00000800 00000002 00000200 00000001 00000400`;
  const SIGNED = `00000040 63747473 01000000 00000006 00000001 00000000 00000001 00000400
    00000002 fffffe00 00000001 00000400 00000002 fffffe00 00000001 00000000`;
  it('reads runs of both versions, as signed numbers', () => {
    const sampleCounts = new Uint32Array([1, 1, 2, 1, 2, 1]);
    expect(readCtts(readerOf(UNSIGNED))).toEqual({
      sampleCounts,
      sampleOffsets: new Int32Array([1024, 2048, 512, 2048, 512, 1024]),
    });
    const sampleOffsets = new Int32Array([0, 1024, -512, 1024, -512, 0]);
    expect(readCtts(readerOf(SIGNED))).toEqual({ sampleCounts, sampleOffsets });
    expect(readCtts(readerOf(SIGNED.replace('01000000', '00000000')))).toEqual({
      sampleCounts,
      sampleOffsets,
    });
    expectEveryTruncationRefused(SIGNED, readCtts);
    expectHugeCountRefused(HUGE_TABLE, readCtts);
  });
});

describe('stsc', () => {
  const BOX = '0000001c 73747363 00000000 00000001 00000001 00000008 00000001';
  it('reads runs of chunks', () => {
    expect(readStsc(readerOf(BOX))).toEqual({
      firstChunks: new Uint32Array([1]),
      samplesPerChunk: new Uint32Array([8]),
      sampleDescriptionIndexes: new Uint32Array([1]),
    });
    expectEveryTruncationRefused(BOX, readStsc);
    expectHugeCountRefused(HUGE_TABLE, readStsc);
  });
});

describe('stsz', () => {
  const BOX = `00000034 7374737a 00000000 00000000 00000008
    000005de 00000025 0000000c 0000000c 0000002c 0000000e 0000000c 00000012`;
  // ISO/IEC 14496-12 8.7.3.2: one size for all
  const CONSTANT = '00000014 7374737a 00000000 00000004 ffffffff';

  it('reads sizes', () => {
    expect(readStsz(readerOf(BOX))).toEqual({
      sampleSize: 0,
      sampleCount: 8,
      sizes: new Uint32Array([1502, 37, 12, 12, 44, 14, 12, 18]),
    });
    expectEveryTruncationRefused(BOX, readStsz);
    expectHugeCountRefused('00000000 00000000 ffffffff 00000001', readStsz);
  });

  it('allocates nothing for a constant size', () => {
    expect(readStsz(readerOf(CONSTANT))).toEqual({ sampleSize: 4, sampleCount: 0xffffffff });
    expectEveryTruncationRefused(CONSTANT, readStsz);
  });
});

describe('stz2', () => {
  // ISO/IEC 14496-12 8.7.3.3: 4 bits with a padded last byte, 8 bits, 16 bits
  const NIBBLES = '00000016 73747a32 00000000 000000 04 00000003 1f a0';
  const BYTES = '00000017 73747a32 00000000 000000 08 00000003 01 ff 10';
  const WORDS = '00000018 73747a32 00000000 000000 10 00000002 0102 ffff';

  it('reads sizes of each width', () => {
    expect(readStz2(readerOf(NIBBLES)).sizes).toEqual(new Uint32Array([1, 15, 10]));
    expect(readStz2(readerOf(BYTES)).sizes).toEqual(new Uint32Array([1, 255, 16]));
    expect(readStz2(readerOf(WORDS)).sizes).toEqual(new Uint32Array([0x102, 0xffff]));
  });

  it('refuses every truncation, other widths, and a count without sizes', () => {
    for (const box of [NIBBLES, BYTES, WORDS]) expectEveryTruncationRefused(box, readStz2);
    for (const width of ['00', '05', '20']) {
      expectMalformed(() => readStz2(readerOf(BYTES.replace(' 08 ', ` ${width} `))));
    }
    expectHugeCountRefused('00000000 00000004 ffffffff 00', readStz2);
  });
});

describe('stco', () => {
  const BOX = '00000014 7374636f 00000000 00000001 00000030';
  // Flags that mean nothing, a 64-bit size, and a byte behind the offsets
  const ODD = '00000001 7374636f 000000000000001d 00abcdef 00000001 00000030 ff';

  it('reads', () => {
    expect(readStco(readerOf(BOX))).toEqual({ chunkOffsets: new Float64Array([0x30]) });
    expectEveryTruncationRefused(BOX, readStco);
    expectHugeCountRefused(HUGE_TABLE, readStco);
  });

  it('gets other offsets, and keeps every other byte', () => {
    const patch = (box: string, offset: number) =>
      patchChunkOffsets(hex(box), 'stco', new Float64Array([offset]));
    expectBox(patch(BOX, 0xffffffff), BOX.replace('00000030', 'ffffffff'));
    expectBox(patch(ODD, 5), ODD.replace('00000030', '00000005'));
    for (const offset of [2 ** 32, -1, 0.5]) expect(() => patch(BOX, offset)).toThrow(RangeError);
  });

  it('becomes a co64 with the same flags and bytes behind the offsets', () => {
    const widen = (box: string) => widenStco(hex(box), new Float64Array([2 ** 32]));
    expectBox(widen(BOX), '00000018 636f3634 00000000 00000001 0000000100000000');
    expectBox(widen(ODD), '00000019 636f3634 00abcdef 00000001 0000000100000000 ff');
  });
});

describe('co64', () => {
  // ISO/IEC 14496-12 8.7.5
  const BOX = '00000020 636f3634 00000000 00000002 0000000000000030 0000001000000000';
  it('gets other offsets, and keeps every other byte', () => {
    const odd = BOX.replace('00000000', '00abcdef');
    expectBox(
      patchChunkOffsets(hex(odd), 'co64', new Float64Array([0x31, 2 ** 40])),
      odd.replace('0000000000000030', '0000000000000031').replace('0000001000000000', '0000010000000000'),
    );
  });

  it('reads', () => {
    expect(readCo64(readerOf(BOX))).toEqual({ chunkOffsets: new Float64Array([0x30, 0x1000000000]) });
    expectEveryTruncationRefused(BOX, readCo64);
    expectHugeCountRefused(HUGE_TABLE, readCo64);
    expectMalformed(() => readCo64(readerOf(BOX.replace('0000001000000000', 'ffffffffffffffff'))));
  });
});

describe('stss', () => {
  const BOX = '00000014 73747373 00000000 00000001 00000001';
  it('reads sample numbers', () => {
    expect(readStss(readerOf(BOX))).toEqual({ sampleNumbers: new Uint32Array([1]) });
    expectEveryTruncationRefused(BOX, readStss);
    expectHugeCountRefused(HUGE_TABLE, readStss);
  });
});

describe('sdtp', () => {
  // Eyevinn/mp4ff test data ed_hevc.mp4
  const BOX = `00000027 73647470 00000000
    20 10 10 18 18 18 18 10 10 18 18 18 10 10 10 18 18 18 10 10 18 18 18 10 10 18 18`;
  it('reads a byte a sample', () => {
    const { dependencies } = readSdtp(readerOf(BOX), 27);
    expect(dependencies).toHaveLength(27);
    expect(dependencies[0]).toBe(0x20); // does not depend on others: an I picture
    expectEveryTruncationRefused(BOX, (reader) => readSdtp(reader, 27));
    expectHugeCountRefused('00000000 20', (reader) => readSdtp(reader, 0xffffffff));
  });
});

describe('elst', () => {
  it('writes one edit in the version that it needs', () => {
    expectBox(writeOneEdit(320n, 1024n), BOX);
    expectBox(
      writeOneEdit(0n, 2n ** 31n),
      '00000024 656c7374 01000000 00000001 0000000000000000 0000000080000000 0001 0000',
    );
    expectBox(
      writeOneEdit(0n, 2n ** 31n - 1n),
      '0000001c 656c7374 00000000 00000001 00000000 7fffffff 0001 0000',
    );
  });

  const BOX = '0000001c 656c7374 00000000 00000001 00000140 00000400 0001 0000';
  // ISO/IEC 14496-12 8.6.6: an empty edit, then media from tick 2^32 on
  const WIDE = `00000038 656c7374 01000000 00000002
    0000000000000064 ffffffffffffffff 0001 0000  0000000200000000 0000000100000000 0000 8000`;

  it('reads both versions', () => {
    expect(readElst(readerOf(BOX))).toEqual({
      segmentDurations: new BigUint64Array([320n]),
      mediaTimes: new BigInt64Array([1024n]),
      mediaRateIntegers: new Int16Array([1]),
      mediaRateFractions: new Int16Array([0]),
    });
    expect(readElst(readerOf(WIDE))).toEqual({
      segmentDurations: new BigUint64Array([100n, 2n ** 33n]),
      mediaTimes: new BigInt64Array([-1n, 2n ** 32n]),
      mediaRateIntegers: new Int16Array([1, 0]),
      mediaRateFractions: new Int16Array([0, -0x8000]),
    });
    expect(readElst(readerOf(BOX.replace('00000400', 'ffffffff'))).mediaTimes[0]).toBe(-1n);
    expectEveryTruncationRefused(BOX, readElst);
    expectEveryTruncationRefused(WIDE, readElst);
    expectHugeCountRefused(HUGE_TABLE, readElst);
  });
});

describe('empty tables', () => {
  it('are the four that shaka-packager 3.4.2 writes', () => {
    expectBox(
      writeEmptyTables(),
      `00000010 73747473 00000000 00000000  00000010 73747363 00000000 00000000
       00000014 7374737a 00000000 00000000 00000000  00000010 7374636f 00000000 00000000`,
    );
  });
});

it('columns keep nothing of the file alive', () => {
  const file = hex('00000000 00000001 00000001');
  const { sampleNumbers } = readStss(new ByteReader(file));
  expect(sampleNumbers.buffer).not.toBe(file.buffer);
});
