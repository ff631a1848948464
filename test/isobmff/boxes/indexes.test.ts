import { describe, expect, it } from 'vitest';
import { patchSidx, readSidx, sizeOfSidx, writeSidx } from '../../../src/isobmff/boxes/sidx.js';
import { patchTfra, readMfro, readTfra, sizeOfMfra, writeMfra } from '../../../src/isobmff/boxes/tfra.js';
import { expectBox, expectEveryTruncationRefused, expectHugeCountRefused, hex, readerOf } from './proofs.js';

describe('sidx', () => {
  // shaka-packager 3.4.2, AAC in two segments
  const SHAKA = `00000038 73696478 00000000 00000001 0000ac44 00000000 00000000 0000 0002
    00002735 0000b000 90000000  000024d1 0000a888 90000000`;
  // Eyevinn/mp4ff test data multi_sidx_segment.m4s: the first of two, 0x34 bytes before its media
  const VERSION_1 = `00000034 73696478 01000000 00000001 00003000 0000000000000000 0000000000000034 0000 0001
    0004445c 0000f600 80000000`;

  it('reads several references', () => {
    const reference = { referenceType: 0, startsWithSap: true, sapType: 1, sapDeltaTime: 0 } as const;
    expect(readSidx(readerOf(SHAKA))).toEqual({
      version: 0,
      referenceId: 1,
      timescaleHz: 44100,
      earliestPresentationTime: 0n,
      firstOffset: 0,
      references: [
        { ...reference, referencedSize: 0x2735, subsegmentDuration: 0xb000 },
        { ...reference, referencedSize: 0x24d1, subsegmentDuration: 0xa888 },
      ],
    });
  });

  it('reads 64-bit times and offsets', () => {
    const sidx = readSidx(readerOf(VERSION_1));
    expect(sidx.firstOffset).toBe(0x34);
    expect(sidx.references[0]).toMatchObject({ referencedSize: 0x4445c, startsWithSap: true, sapType: 0 });
  });

  it('writes what peers wrote', () => {
    for (const peer of [SHAKA, VERSION_1]) {
      const sidx = readSidx(readerOf(peer));
      expectBox(writeSidx(sidx), peer);
      expect(sizeOfSidx(sidx.version, sidx.references.length)).toBe(writeSidx(sidx).length);
    }
  });

  it('keeps all bits of a reference, and refuses those that do not fit', () => {
    // 8.16.3.2: type 1 bit, size 31 bits; starts_with_SAP 1 bit, type 3 bits, delta 28 bits
    const full = SHAKA.replace('00002735 0000b000 90000000', 'ffffffff ffffffff ffffffff');
    const sidx = readSidx(readerOf(full));
    expect(sidx.references[0]).toEqual({
      referenceType: 1,
      referencedSize: 0x7fffffff,
      subsegmentDuration: 0xffffffff,
      startsWithSap: true,
      sapType: 7,
      sapDeltaTime: 0x0fffffff,
    });
    expectBox(writeSidx(sidx), full);
    const tooLarge = [{ ...sidx.references[0], referencedSize: 2 ** 31 }];
    expect(() => writeSidx({ ...sidx, references: tooLarge })).toThrow(RangeError);
  });

  it('gets other sizes, and keeps every other byte', () => {
    // flags, reserved, the bit for the type of a reference, and bytes behind the last one
    const odd = SHAKA.replace('00002735', '80002735');
    const bytes = Buffer.concat([hex(odd), hex('ffff')]);
    bytes.writeUInt32BE(bytes.length, 0);
    bytes.set([0xab, 0xcd, 0xef], 9);
    bytes.set([0x12, 0x34], 28);
    const wanted = Buffer.from(bytes);
    wanted.writeUInt32BE(7, 24);
    wanted.writeUInt32BE(0x80000005, 32);
    wanted.writeUInt32BE(0x7fffffff, 44);
    const sizes = { firstOffset: 7, referencedSizes: [5, 0x7fffffff] };
    expect(wanted.equals(patchSidx(Uint8Array.from(bytes), sizes))).toBe(true);
    const wide = hex(VERSION_1);
    const { references } = readSidx(readerOf(VERSION_1));
    const same = references.map(({ referencedSize }) => referencedSize);
    expectBox(patchSidx(wide, { firstOffset: 0x34, referencedSizes: same }), VERSION_1);
    const patched = Buffer.from(patchSidx(wide, { firstOffset: 2 ** 40, referencedSizes: same }));
    expect(Number(patched.readBigUInt64BE(28))).toBe(2 ** 40);
    for (const firstOffset of [-1, 2 ** 32]) {
      expect(() => patchSidx(Uint8Array.from(bytes), { ...sizes, firstOffset })).toThrow(RangeError);
    }
    expect(() => patchSidx(Uint8Array.from(bytes), { ...sizes, referencedSizes: [2 ** 31] })).toThrow(
      RangeError,
    );
  });

  it('refuses every truncation', () => {
    expectEveryTruncationRefused(SHAKA, readSidx);
    expectEveryTruncationRefused(VERSION_1, readSidx);
  });
});

describe('tfra', () => {
  // ffmpeg 5.1, -movflags frag_keyframe+empty_moov
  const FFMPEG = `0000002b 74667261 01000000 00000001 00000000 00000001
    0000000000000000 0000000000000325 01 01 01`;
  // ISO/IEC 14496-12 8.8.10: version 0, numbers of 1, 2 and 4 bytes (0b000111)
  const VERSION_0 = `00000036 74667261 00000000 00000002 00000007 00000002
    00000000 00000100 01 0001 00000001  00000200 00001000 01 0001 00000001`;

  it('reads both versions and all lengths of numbers', () => {
    expect(readTfra(readerOf(FFMPEG))).toEqual({
      trackId: 1,
      times: new BigUint64Array([0n]),
      moofOffsets: new Float64Array([0x325]),
    });
    expect(readTfra(readerOf(VERSION_0))).toEqual({
      trackId: 2,
      times: new BigUint64Array([0n, 0x200n]),
      moofOffsets: new Float64Array([0x100, 0x1000]),
    });
  });

  it('moves every moof offset and nothing else', () => {
    expectBox(
      patchTfra(hex(VERSION_0), (offset) => offset + 5),
      VERSION_0.replace('00000100', '00000105').replace('00001000', '00001005'),
    );
    expectBox(
      patchTfra(hex(FFMPEG), () => 0x123456789a),
      FFMPEG.replace('0000000000000325', '000000123456789a'),
    );
  });

  it('refuses an offset that outgrows 32 bits', () => {
    const patch = () => patchTfra(hex(VERSION_0), () => 2 ** 32);
    expect(patch).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
  });

  it('refuses every truncation, and a count without entries', () => {
    expectEveryTruncationRefused(FFMPEG, readTfra);
    expectEveryTruncationRefused(VERSION_0, readTfra);
    expectHugeCountRefused('00000000 00000001 00000000 ffffffff', readTfra);
  });
});

describe('mfra', () => {
  // ffmpeg 5.1, -movflags frag_keyframe+empty_moov
  const FFMPEG = `00000043 6d667261  0000002b 74667261 01000000 00000001 00000000 00000001
    0000000000000000 0000000000000325 01 01 01  00000010 6d66726f 00000000 00000043`;

  it('is written as ffmpeg does, of the size that was said before', () => {
    const times = new BigUint64Array([0n]);
    expectBox(writeMfra({ trackId: 1, times, moofOffsets: new Float64Array([0x325]) }), FFMPEG);
    expect(sizeOfMfra(1)).toBe(0x43);
    expect(sizeOfMfra(3)).toBe(0x43 + 2 * 19);
  });
});

describe('mfro', () => {
  it('reads what ffmpeg 5.1 writes', () => {
    const ffmpeg = '00000010 6d66726f 00000000 00000043';
    expect(readMfro(readerOf(ffmpeg))).toEqual({ parentSize: 0x43 });
    expectEveryTruncationRefused(ffmpeg, readMfro);
  });
});
