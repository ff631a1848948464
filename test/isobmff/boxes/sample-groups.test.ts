import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/bytes/reader.js';
import { readSbgp, sbgpOf, writeSbgp } from '../../../src/isobmff/boxes/sbgp.js';
import { readSeig, writeSeig } from '../../../src/isobmff/boxes/seig.js';
import { readSgpd, writeSeigSgpd, writeSgpd } from '../../../src/isobmff/boxes/sgpd.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectFourthEditionRefused,
  expectHugeCountRefused,
  expectMalformed,
  hex,
  readerOf,
} from './proofs.js';

// shaka-packager 3.4.2 with key rotation
const SHAKA_SEIG = `0000002c 73677064 01000000 73656967 00000014 00000001
  00000108 a16e402b9056e371f36d348aa62bb749`;
const SHAKA_ROLL = '0000001a 73677064 01000000 726f6c6c 00000002 00000001 ffff';
const SHAKA_SBGP = '0000001c 73626770 00000000 73656967 00000001 0000002d 00010001';

// ISO/IEC 14496-12 8.9.3.2: version 2 adds the default group; length 0 puts one before each entry
const VERSION_2 = `0000005d 73677064 02000000 73656967 00000000 00000001 00000002
  00000014 00000000 000102030405060708090a0b0c0d0e0f
  00000025 00190100 101112131415161718191a1b1c1d1e1f 10 202122232425262728292a2b2c2d2e2f`;

const CLEAR = {
  cryptByteBlock: 0,
  skipByteBlock: 0,
  isProtected: false,
  perSampleIvSize: 0,
  kid: '00010203-0405-0607-0809-0a0b0c0d0e0f',
};
const CONSTANT_IV = {
  cryptByteBlock: 1,
  skipByteBlock: 9,
  isProtected: true,
  perSampleIvSize: 0,
  kid: '10111213-1415-1617-1819-1a1b1c1d1e1f',
  constantIv: hex('202122232425262728292a2b2c2d2e2f'),
};

describe('sgpd', () => {
  it('reads and writes key groups as shaka-packager writes them', () => {
    const sgpd = readSgpd(readerOf(SHAKA_SEIG));
    const seig = {
      cryptByteBlock: 0,
      skipByteBlock: 0,
      isProtected: true,
      perSampleIvSize: 8,
      kid: 'a16e402b-9056-e371-f36d-348aa62bb749',
    };
    expect(sgpd.seig).toEqual([seig]);
    expectBox(writeSgpd(sgpd), SHAKA_SEIG);
    expectBox(writeSeigSgpd([seig]), SHAKA_SEIG);
  });

  it('keeps entries of other grouping types as bytes', () => {
    const sgpd = readSgpd(readerOf(SHAKA_ROLL));
    expect(sgpd).toEqual({ groupingType: 'roll', entries: [new Uint8Array([0xff, 0xff])] });
    expectBox(writeSgpd(sgpd), SHAKA_ROLL);
  });

  it('reads and writes version 2 with entries of different lengths', () => {
    const sgpd = readSgpd(readerOf(VERSION_2));
    expect(sgpd.defaultGroupDescriptionIndex).toBe(1);
    expect(sgpd.seig).toEqual([CLEAR, CONSTANT_IV]);
    expectBox(writeSgpd(sgpd), VERSION_2);
  });

  // ISO/IEC 14496-12:2012 8.9.3.2 has no default_length in version 2
  it('reads version 2 without lengths, as the edition of 2012 has it', () => {
    const one = `0000002c 73677064 02000000 73656967 00000001 00000001
      00000108 a16e402b9056e371f36d348aa62bb749`;
    expect(readSgpd(readerOf(one))).toMatchObject({
      defaultGroupDescriptionIndex: 1,
      seig: [{ isProtected: true, kid: 'a16e402b-9056-e371-f36d-348aa62bb749' }],
    });
    const two = `00000051 73677064 02000000 73656967 00000002 00000002
      00000000 000102030405060708090a0b0c0d0e0f
      00190100 101112131415161718191a1b1c1d1e1f 10 202122232425262728292a2b2c2d2e2f`;
    expect(readSgpd(readerOf(two))).toMatchObject({
      defaultGroupDescriptionIndex: 2,
      seig: [CLEAR, CONSTANT_IV],
    });
    // Cut after the first word of an entry, it is a right box of the other layout without entries.
    expectEveryTruncationRefused(two, readSgpd, { legalLengths: [20] });
  });

  it('reads version 2 with a common length', () => {
    const box = `00000030 73677064 02000000 73656967 00000014 00000000 00000001
      00000108 a16e402b9056e371f36d348aa62bb749`;
    expect(readSgpd(readerOf(box))).toMatchObject({
      defaultGroupDescriptionIndex: 0,
      seig: [{ kid: 'a16e402b-9056-e371-f36d-348aa62bb749' }],
    });
    expectEveryTruncationRefused(box, readSgpd, { legalLengths: [16] });
  });

  it('reads version 0, where only the grouping type tells the length', () => {
    const seig = `0000003c 73677064 00000000 73656967 00000002
      00000108 a16e402b9056e371f36d348aa62bb749  00000000 000102030405060708090a0b0c0d0e0f`;
    expect(readSgpd(readerOf(seig)).seig?.[1]).toEqual(CLEAR);
    const roll = '00000018 73677064 00000000 726f6c6c 00000002 ffff fffe';
    expect(readSgpd(readerOf(roll)).entries).toEqual([hex('fffffffe')]);
  });

  it('writes a box without entries', () => {
    expectBox(writeSeigSgpd([]), '00000018 73677064 01000000 73656967 00000000 00000000');
  });

  it('refuses every truncation, and counts that lie', () => {
    expectEveryTruncationRefused(SHAKA_SEIG, readSgpd);
    expectEveryTruncationRefused(SHAKA_ROLL, readSgpd);
    expectEveryTruncationRefused(VERSION_2, readSgpd);
    expectHugeCountRefused('01000000 73656967 00000014 ffffffff', readSgpd);
    expectHugeCountRefused('01000000 73656967 00000000 00010000 00000000', readSgpd);
    expectHugeCountRefused('00000000 73656967 00010000 00000000', readSgpd);
    expectHugeCountRefused('02000000 73656967 00000000 00000001 00010000 00000000', readSgpd);
  });

  it('tells where in the file a wrong entry stands', () => {
    const wrong = SHAKA_SEIG.replace('00000108', '00000107');
    expectMalformed(() => readSgpd(readerOf(wrong)));
    const at = expect.objectContaining({
      details: expect.objectContaining({ offsetBytes: 27, received: 7 }),
    });
    expect(() => readSgpd(readerOf(wrong))).toThrow(at);
  });
});

describe('seig', () => {
  it('reads back what it writes', () => {
    for (const seig of [CLEAR, CONSTANT_IV]) expect(readSeig(new ByteReader(writeSeig(seig)))).toEqual(seig);
  });

  it.each([
    ['several keys in one sample', '80000108', /multi-key encryption/],
    ['an extended pattern', '40000108', /extended encryption pattern/],
  ])('refuses %s by name, which changes the layout', (_, first, message) => {
    expectFourthEditionRefused(() => readSgpd(readerOf(SHAKA_SEIG.replace('00000108', first))), message);
  });

  it('refuses a constant IV of a wrong size', () => {
    expectMalformed(() => readSgpd(readerOf(VERSION_2.replace(' 10 2021', ' 0f 2021'))));
  });
});

describe('sbgp', () => {
  it('reads and writes what shaka-packager writes', () => {
    const sbgp = readSbgp(readerOf(SHAKA_SBGP));
    expect(sbgp).toEqual({
      groupingType: 'seig',
      sampleCounts: new Uint32Array([45]),
      groupDescriptionIndexes: new Uint32Array([0x10001]),
    });
    expectBox(writeSbgp(sbgp), SHAKA_SBGP);
  });

  it('reads and writes version 1, which has a parameter', () => {
    // ISO/IEC 14496-12 8.9.2.2
    const version1 = '00000020 73626770 01000000 726f6c6c 00000007 00000001 0000002d 00000001';
    const sbgp = readSbgp(readerOf(version1));
    expect(sbgp.groupingTypeParameter).toBe(7);
    expectBox(writeSbgp(sbgp), version1);
  });

  it('joins samples of one group into runs', () => {
    const indexes = new Uint32Array([9, 0, 0, 1, 1, 1, 0, 9]);
    expect(sbgpOf('seig', indexes, 1, 6)).toEqual({
      groupingType: 'seig',
      sampleCounts: new Uint32Array([2, 3, 1]),
      groupDescriptionIndexes: new Uint32Array([0, 1, 0]),
    });
    expect(sbgpOf('seig', new Uint32Array()).sampleCounts).toHaveLength(0);
  });

  it('refuses every truncation, and a count without runs', () => {
    expectEveryTruncationRefused(SHAKA_SBGP, readSbgp);
    expectHugeCountRefused('00000000 73656967 ffffffff', readSbgp);
  });
});
