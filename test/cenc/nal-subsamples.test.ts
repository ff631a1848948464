import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAvcGrammar } from '../../src/bitstream/avc.js';
import { createNalCodec, type NalCodec, NEED_MORE } from '../../src/bitstream/nal-codec.js';
import { fromHex } from '../../src/bytes/hex.js';
import { NalSubsampleMapper } from '../../src/cenc/nal-subsamples.js';
import { SCHEMES } from '../../src/cenc/scheme.js';
import { SubsampleBuilder } from '../../src/cenc/subsamples.js';

/** NAL units whose first byte is 0 are clear; in others that byte is the size of their clear lead. */
const leadCodec: NalCodec = {
  startCodeClause: 'ISO/IEC 14496-10 7.4.1',
  clearBytes(head, nalSizeBytes, startBytes = 0) {
    const lead = head[startBytes];
    if (head.length - startBytes < Math.min(lead, nalSizeBytes)) return NEED_MORE;
    return lead === 0 ? nalSizeBytes : Math.min(lead, nalSizeBytes);
  },
};

function nal(lead: number, size: number, lengthSize = 4): number[] {
  const bytes = new Array<number>(size).fill(0xee);
  if (size > 0) bytes[0] = lead;
  return [...lengthField(size, lengthSize), ...bytes];
}

function lengthField(size: number, lengthSize: number): number[] {
  return Array.from({ length: lengthSize }, (_, i) => Math.floor(size / 256 ** (lengthSize - 1 - i)) % 256);
}

type Peek = (sample: Uint8Array, at: number, length: number) => Uint8Array;
/** Gives what was asked for in new memory, all else overwritten, as a reader with one buffer would. */
const strict: Peek = (sample, at, length) => sample.slice(at, at + length);

function map(sample: number[], { lengthSize = 4, codec = leadCodec, peek = strict } = {}): number[][] {
  const builder = new SubsampleBuilder(SCHEMES.cenc, 8);
  const bytes = Uint8Array.from(sample);
  const mapper = new NalSubsampleMapper(codec, lengthSize, builder);
  mapper.map(bytes.length, (at, length) => {
    expect(at + length).toBeLessThanOrEqual(bytes.length);
    return peek(bytes, at, length);
  });
  const { clearBytes, protectedBytes } = builder.finish();
  return Array.from(clearBytes, (clear, i) => [clear, protectedBytes[i]]);
}

describe('mapping a sample', () => {
  it('keeps length fields, clear units and leads clear', () => {
    // 4 + 6 | 4 + 10 + 4 of 110 − 10 = 100 = 6 × 16 + 4 | 4 + 7, 48 of 55
    const sample = [...nal(0, 6), ...nal(10, 110), ...nal(7, 55)];
    expect(map(sample)).toEqual([
      [28, 96],
      [11, 48],
    ]);
  });

  it.each([1, 2, 4])('reads length fields of %i bytes', (lengthSize) => {
    const sample = [...nal(0, 6, lengthSize), ...nal(2, 34, lengthSize)];
    expect(map(sample, { lengthSize })).toEqual([[2 * lengthSize + 6 + 2, 32]]);
  });

  it('reads a length of more than 16 bits', () => {
    expect(map([...nal(5, 70_005)])).toEqual([[9, 70_000]]); // 70000 = 4375 × 16
  });

  it('keeps a last NAL unit of less than 6 bytes clear', () => {
    for (const size of [1, 2, 5])
      expect(map([...nal(5, 21), ...nal(1, size)])).toEqual([
        [9, 16],
        [4 + size, 0],
      ]);
  });

  it('keeps what is too short for a length field clear, and NAL units of length 0', () => {
    expect(map([...nal(5, 21), 1, 2, 3])).toEqual([
      [9, 16],
      [3, 0],
    ]);
    expect(map([...nal(5, 0), ...nal(5, 21)])).toEqual([[13, 16]]);
    expect(map([])).toEqual([]);
    expect(map([7])).toEqual([[1, 0]]);
  });

  it('refuses a NAL unit longer than its sample', () => {
    const lying = [...nal(5, 21), ...lengthField(8, 4), 1, 2, 3, 4, 5, 6, 7];
    expect(() => map(lying)).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        details: expect.objectContaining({ expected: 7, received: 8 }),
      }),
    );
    expect(() => map([...lengthField(0xffffffff, 4), 1])).toThrow(/longer than the rest/);
  });

  it.each([
    ['at its start', 8, [1, 2, 0, 0, 1, 5, 6, 7], 4 + 2],
    ['at its end', 6, [1, 2, 3, 0, 0, 1], 4 + 3],
    ['behind other zeros', 7, [1, 0, 0, 0, 0, 1, 9], 4 + 3],
    ['across two reads', 5000, [...new Array<number>(4094).fill(9), 0, 0, 1], 4 + 4094],
    [
      'across two reads, cut behind its first byte',
      5000,
      [...new Array<number>(4095).fill(9), 0, 0, 1],
      4 + 4095,
    ],
  ])('refuses a clear unit with a start code %s', (_, size, content, at) => {
    const unit = [...lengthField(size, 4), ...content, ...new Array<number>(size - content.length).fill(9)];
    unit[4] = 0; // the codec of these tests: a clear unit
    const builder = new SubsampleBuilder(SCHEMES.cenc, 8);
    const mapper = new NalSubsampleMapper(leadCodec, 4, builder);
    const bytes = Uint8Array.from(unit);
    expect(() => mapper.map(bytes.length, (from, length) => strict(bytes, from, length), 1000)).toThrow(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        details: expect.objectContaining({ offsetBytes: 1000 + at, clause: 'ISO/IEC 14496-10 7.4.1' }),
      }),
    );
  });

  it('takes zeros and emulation prevention in a clear unit, and looks no further into slices', () => {
    const clear = [...lengthField(8, 4), 0, 0, 3, 1, 0, 0, 0, 9];
    const slice = nal(5, 100_005);
    slice.splice(5000, 3, 0, 0, 1);
    let read = 0;
    const counting: Peek = (bytes, at, length) => {
      read += length;
      return strict(bytes, at, length);
    };
    expect(map([...clear, ...slice], { peek: counting })).toEqual([[12 + 9, 100_000]]);
    expect(read).toBe(512);
  });

  it('refuses length fields of 3 bytes', () => {
    expect(() => map([], { lengthSize: 3 })).toThrow(expect.objectContaining({ code: 'MALFORMED_INPUT' }));
  });

  it('looks further when the codec needs more', () => {
    expect(map(nal(200, 2000))).toEqual([[4 + 200 + 8, 1792]]); // 1800 = 112 × 16 + 8
    const farAway = [...nal(0, 480), ...nal(100, 1000)]; // the lead crosses the first 512 bytes
    expect(map(farAway)).toEqual([[484 + 104 + 4, 896]]); // 900 = 56 × 16 + 4
  });

  it('gives the same for any reader and adds up', () => {
    const units = fc.array(fc.tuple(fc.nat(255), fc.nat(700)), { maxLength: 12 });
    fc.assert(
      fc.property(units, fc.nat(300), (list, extra) => {
        const sample = list.flatMap(([lead, size]) => nal(lead, size));
        const expected = map(sample);
        expect(expected.reduce((sum, [clear, kept]) => sum + clear + kept, 0)).toBe(sample.length);
        const generous: Peek = (bytes, at, length) => bytes.slice(at, at + length + extra);
        expect(map(sample, { peek: generous })).toEqual(expected);
        expect(map(sample, { peek: (bytes, at) => bytes.subarray(at) })).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('follows parameter sets inside samples', () => {
    // libx264 baseline (see test/bitstream): the header of the IDR slice is 5 bytes, of a unit of 10265
    const hex = (text: string) => [...fromHex(text)!];
    const sets = ['6742c00bd9030fb011000003000100000300320f142a48', '68cb83cb20'].map(hex);
    const slice = [...hex('6588840970c60012'), ...new Array<number>(10265 - 8).fill(1)];
    const sample = [...sets, slice].flatMap((unit) => [...lengthField(unit.length, 4), ...unit]);
    // 4 + 23 + 4 + 5 + 4 + 5 = 45; 10265 − 5 = 10260 = 641 × 16 + 4
    expect(map(sample, { codec: createNalCodec(createAvcGrammar(), []) })).toEqual([[49, 10256]]);
  });
});
