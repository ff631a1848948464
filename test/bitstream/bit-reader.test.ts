import { describe, expect, it } from 'vitest';
import { BitReader, ceilLog2, END_OF_BITS } from '../../src/bitstream/bit-reader.js';

function readerOf(...bytes: number[]): BitReader {
  const reader = new BitReader();
  reader.reset(Uint8Array.from(bytes), 0, bytes.length);
  return reader;
}

describe('BitReader', () => {
  it('reads numbers across bytes', () => {
    const reader = readerOf(0b10110011, 0xff, 0x00, 0x12, 0x34);
    expect([reader.u(1), reader.u(0), reader.u(3), reader.u(8)]).toEqual([1, 0, 0b011, 0b00111111]);
    expect(reader.u(4)).toBe(0b1111);
    expect(reader.u(24)).toBe(0x001234);
  });

  it('reads 32 bits without a sign', () => {
    expect(readerOf(0xff, 0xff, 0xff, 0xff).u(32)).toBe(0xffffffff);
  });

  it('reads Exp-Golomb codes', () => {
    // ISO/IEC 14496-10 Table 9-2: 1 | 010 | 011 | 00100 | 00101 | 00110 | 00111 are 0 to 6
    const bits = [0b10100110, 0b01000010, 0b10011000, 0b11100000];
    const unsigned = readerOf(...bits);
    expect(Array.from({ length: 7 }, () => unsigned.ue())).toEqual([0, 1, 2, 3, 4, 5, 6]);
    // Table 9-3: they mean 0, 1, −1, 2, −2, 3, −3
    const signed = readerOf(...bits);
    expect(Array.from({ length: 7 }, () => signed.se() + 0)).toEqual([0, 1, -1, 2, -2, 3, -3]);
  });

  it('reads the largest Exp-Golomb code and refuses a longer one', () => {
    // 31 zeros, 1, 31 ones: 2^32 − 2
    expect(readerOf(0, 0, 3, 0, 1, 0xff, 0xff, 0xff, 0xff).ue()).toBe(2 ** 32 - 2);
    expect(() => readerOf(0, 0, 3, 0, 0, 3, 0, 0xff, 0xff, 0xff, 0xff, 0xff).ue()).toThrow(
      expect.objectContaining({ code: 'MALFORMED_INPUT' }),
    );
  });

  it('drops emulation prevention bytes and counts them in its position', () => {
    const reader = readerOf(0x65, 0, 0, 3, 1, 0, 0, 3, 3, 0, 3);
    expect([reader.u(8), reader.u(16), reader.nalBytes]).toEqual([0x65, 0, 3]);
    expect([reader.u(1), reader.nalBytes]).toEqual([0, 5]); // 00 00 [03] 01
    expect([reader.u(7), reader.u(16), reader.u(8)]).toEqual([1, 0, 3]); // 00 00 [03] 03
    expect([reader.u(16), reader.nalBytes]).toEqual([3, 11]); // one zero only: 03 is data
  });

  it('tells running out from breaking rules', () => {
    const reader = readerOf(0xff);
    reader.u(8);
    expect(() => reader.u(1)).toThrow(END_OF_BITS);
    expect(() => readerOf(0, 0, 3).u(17)).toThrow(END_OF_BITS);
    expect(() => readerOf(0b00100000).ueUpTo(2, 'slice_type')).toThrow(/slice_type is 3, at most 2/);
  });

  it('reads a part of larger memory, again and again', () => {
    const reader = readerOf(0, 0);
    reader.u(16); // two zeros that must not count for the next NAL unit
    reader.reset(Uint8Array.of(9, 3, 0x80, 9), 1, 3);
    expect([reader.u(8), reader.nalBytes, reader.u(8)]).toEqual([3, 1, 0x80]);
    expect(() => reader.u(1)).toThrow(END_OF_BITS);
  });
});

it('ceilLog2 is the number of bits that tell n values apart', () => {
  expect([1, 2, 3, 4, 5, 64, 65].map(ceilLog2)).toEqual([0, 1, 2, 2, 3, 6, 7]);
});
