import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/bytes/reader.js';
import { PIFF_SENC, readExtendedType, writePiffSenc } from '../../../src/isobmff/boxes/piff.js';
import {
  readSenc,
  SENC_FIRST_IV_BYTES,
  type SencColumns,
  sencEntrySizes,
  sizeOfSenc,
  writeSenc,
} from '../../../src/isobmff/boxes/senc.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectFourthEditionRefused,
  expectHugeCountRefused,
  expectMalformed,
  hex,
  readerOf,
} from './proofs.js';

// shaka-packager 3.4.2, cenc, AVC of 8 samples, --iv 0102030405060708
const SHAKA = `00000090 73656e63 00000002 00000008
  0102030405060708 0001 02be 00000320  0102030405060709 0001 0015 00000010
  010203040506070a 0001 000c 00000000  010203040506070b 0001 000c 00000000
  010203040506070c 0001 001c 00000010  010203040506070d 0001 000e 00000000
  010203040506070e 0001 000c 00000000  010203040506070f 0001 0012 00000000`;

// Eyevinn/mp4ff test data piff/audio.mp4, cut to its first 2 of 120 samples
const PIFF_AUDIO = `00000030 75756964 a2394f525a9b4f14a2446c427c648df4 00000000 00000002
  3c1266f74c27a773 3c1266f74c27a774`;

// By PIFF 1.1 5.3.2 with both flags: AlgorithmID u24, IV_size u8, KID, then a sample of two subsamples
const PIFF_OVERRIDE = `00000052 75756964 a2394f525a9b4f14a2446c427c648df4 00000003
  000002 10 21b82dc2ebb24d5aa9f8631f04726650 00000001
  000102030405060708090a0b0c0d0e0f 0002 0005 00000020 ffff 00010000`;

// ISO/IEC 23001-7 7.2 with a constant IV: the first 3 of 91 samples of Eyevinn/mp4ff test data cbcs.mp4
const CONSTANT_IV = `00000028 73656e63 00000002 00000003
  0001 0037 0000003f  0001 0023 00000006  0001 0022 00000004`;

describe('senc', () => {
  it('reads what shaka-packager writes', () => {
    const senc = readSenc(readerOf(SHAKA), 8);
    expect(senc.sampleCount).toBe(8);
    expect(senc.ivSize).toBe(8);
    expect(senc.ivs.subarray(0, 16)).toEqual(hex('0102030405060708 0102030405060709'));
    expect(senc.subsamples).toEqual({
      starts: new Uint32Array([0, 1, 2, 3, 4, 5, 6, 7, 8]),
      clearBytes: new Uint16Array([0x2be, 0x15, 0xc, 0xc, 0x1c, 0xe, 0xc, 0x12]),
      protectedBytes: new Uint32Array([0x320, 0x10, 0, 0, 0x10, 0, 0, 0]),
    });
  });

  it('reads samples with a constant IV, which senc leaves out', () => {
    const senc = readSenc(readerOf(CONSTANT_IV), 0);
    expect(senc.ivs).toHaveLength(0);
    expect(senc.subsamples?.protectedBytes).toEqual(new Uint32Array([0x3f, 6, 4]));
  });

  it('reads and writes the PIFF form', () => {
    const reader = readerOf(PIFF_AUDIO);
    expectBox(writePiffSenc(writeSenc(readSenc(readerOf(PIFF_AUDIO, 24), 8))), PIFF_AUDIO);
    expect(readExtendedType(reader)).toBe(PIFF_SENC);
    expect(readSenc(reader, 8)).toEqual({
      sampleCount: 2,
      ivSize: 8,
      ivs: hex('3c1266f74c27a773 3c1266f74c27a774'),
    });
  });

  it('reads the PIFF form with an algorithm, IV size and KID of its own', () => {
    expect(readSenc(readerOf(PIFF_OVERRIDE, 24), 8)).toEqual({
      sampleCount: 1,
      ivSize: 16,
      ivs: hex('000102030405060708090a0b0c0d0e0f'),
      subsamples: {
        starts: new Uint32Array([0, 2]),
        clearBytes: new Uint16Array([5, 65535]),
        protectedBytes: new Uint32Array([32, 65536]),
      },
      override: { algorithmId: 2, ivSize: 16, kid: '21b82dc2-ebb2-4d5a-a9f8-631f04726650' },
    });
  });

  it('writes what peers wrote', () => {
    expectBox(writeSenc(readSenc(readerOf(SHAKA), 8)), SHAKA);
    expectBox(writeSenc(readSenc(readerOf(CONSTANT_IV), 0)), CONSTANT_IV);
  });

  it('writes a run of larger columns', () => {
    const columns = readSenc(readerOf(SHAKA), 8);
    expectBox(
      writeSenc(columns, 1, 2),
      `00000030 73656e63 00000002 00000002
      0102030405060709 0001 0015 00000010  010203040506070a 0001 000c 00000000`,
    );
    expect(sizeOfSenc(columns, 1, 2)).toBe(0x30);
    expect(writeSenc(columns, 3, 0)).toHaveLength(SENC_FIRST_IV_BYTES);
    expect(sencEntrySizes(columns, 1, 2)).toEqual(new Uint8Array([16, 16]));
  });

  it('points at the first IV', () => {
    const written = writeSenc(readSenc(readerOf(SHAKA), 8));
    expect(written.subarray(SENC_FIRST_IV_BYTES, SENC_FIRST_IV_BYTES + 8)).toEqual(hex('0102030405060708'));
  });

  it('has room in saiz for 40 subsamples with an 8-byte IV and 39 with a 16-byte one', () => {
    // 8 + 2 + 6 * 40 = 250; 16 + 2 + 6 * 39 = 252
    expect(sencEntrySizes(columnsOf(8, [40]))).toEqual(new Uint8Array([250]));
    expect(sencEntrySizes(columnsOf(16, [39]))).toEqual(new Uint8Array([252]));
    expect(() => sencEntrySizes(columnsOf(8, [41]))).toThrow(RangeError);
    expect(() => sencEntrySizes(columnsOf(16, [40]))).toThrow(RangeError);
  });

  it('gives back any columns, whole or in part', () => {
    const cases = fc.tuple(
      fc.constantFrom(0, 8, 16),
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 20 }),
      fc.nat(20),
    );
    fc.assert(
      fc.property(cases, ([ivSize, counts, cut]) => {
        const columns = columnsOf(ivSize, counts);
        const first = Math.min(cut, counts.length);
        const written = writeSenc(columns, first);
        expect(written).toHaveLength(sizeOfSenc(columns, first));
        const entries = sencEntrySizes(columns, first).reduce((sum, size) => sum + size, 0);
        expect(written).toHaveLength(SENC_FIRST_IV_BYTES + entries);
        const read = readSenc(new ByteReader(written.subarray(8)), ivSize);
        expect(read.ivs).toEqual(columns.ivs.subarray(first * ivSize));
        expect(writeSenc(read)).toEqual(written);
      }),
    );
  });

  it('refuses every truncation', () => {
    expectEveryTruncationRefused(SHAKA, (reader) => readSenc(reader, 8));
    expectEveryTruncationRefused(PIFF_OVERRIDE, (reader) => readSenc(reader, 8), { headerBytes: 24 });
    expectEveryTruncationRefused(PIFF_AUDIO, (reader) => readSenc(reader, 8), { headerBytes: 24 });
  });

  it('refuses version 1 by name, in which subsamples name their keys', () => {
    const version1 = SHAKA.replace(/(73656e63\s*)00/, '$101');
    expect(version1).not.toBe(SHAKA);
    expectFourthEditionRefused(() => readSenc(readerOf(version1), 8), /multi-key encryption/);
  });

  it('refuses another IV size than the one the samples were written with', () => {
    expectMalformed(() => readSenc(readerOf(SHAKA), 16));
    expectMalformed(() => readSenc(readerOf(SHAKA), 0));
    expectMalformed(() => readSenc(readerOf(PIFF_AUDIO, 24), 0));
  });

  it('refuses counts without samples', () => {
    expectHugeCountRefused('00000002 ffffffff 0000', (reader) => readSenc(reader, 0));
    expectHugeCountRefused('00000000 ffffffff 0000', (reader) => readSenc(reader, 8));
    expectHugeCountRefused('00000002 00000001 ffff 0000', (reader) => readSenc(reader, 0));
    // No byte a sample: nothing is allocated for them.
    expect(readSenc(new ByteReader(hex('00000000 ffffffff')), 0).ivs).toHaveLength(0);
  });
});

/** Columns of samples with so many subsamples each. */
function columnsOf(ivSize: number, subsampleCounts: readonly number[]): SencColumns {
  const starts = new Uint32Array(subsampleCounts.length + 1);
  subsampleCounts.forEach((count, sample) => {
    starts[sample + 1] = starts[sample] + count;
  });
  const rows = starts[subsampleCounts.length];
  return {
    sampleCount: subsampleCounts.length,
    ivSize,
    ivs: Uint8Array.from({ length: subsampleCounts.length * ivSize }, (_, index) => index * 7),
    subsamples: {
      starts,
      clearBytes: Uint16Array.from({ length: rows }, (_, row) => row * 1009),
      protectedBytes: Uint32Array.from({ length: rows }, (_, row) => row * 1000003),
    },
  };
}
