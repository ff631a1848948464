import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/bytes/reader.js';
import {
  patchTrun,
  readTrun,
  sampleDefaultsOf,
  sizeOfTrun,
  type TrunColumns,
  writeTrun,
} from '../../../src/isobmff/boxes/trun.js';
import { expectBox, expectEveryTruncationRefused, expectHugeCountRefused, hex, readerOf } from './proofs.js';

// ffmpeg 5.1, AVC of 8 samples, -movflags frag_keyframe+empty_moov+negative_cts_offsets: version 1, size, flags, offset
const NEGATIVE = `00000058 7472756e 01000a05 00000008 000000b8 02000000
  000005de 00000000  00000025 00000400  0000000c fffffe00  0000000c fffffe00
  0000002c 00000400  0000000e fffffe00  0000000c fffffe00  00000012 00000000`;

// shaka-packager 3.4.2, AVC, cut to its first 2 of 25 samples: version 0, size, flags, offset
const SHAKA = `0000002c 7472756e 00000e01 00000002 00000190
  00000c5a 00000000 00000400  00000168 00010000 00000800`;

// ISO/IEC 14496-12 8.8.8: no field at all
const BARE = '00000010 7472756e 00000000 00000005';

describe('trun', () => {
  it('reads what peers write', () => {
    expect(readTrun(readerOf(NEGATIVE))).toEqual({
      sampleCount: 8,
      dataOffset: 0xb8,
      firstSampleFlags: 0x02000000,
      sizes: new Uint32Array([1502, 37, 12, 12, 44, 14, 12, 18]),
      compositionOffsets: new Int32Array([0, 1024, -512, -512, 1024, -512, -512, 0]),
    });
    expect(readTrun(readerOf(SHAKA))).toEqual({
      sampleCount: 2,
      dataOffset: 0x190,
      sizes: new Uint32Array([3162, 360]),
      flags: new Uint32Array([0, 0x10000]),
      compositionOffsets: new Int32Array([1024, 2048]),
    });
    expect(readTrun(readerOf(BARE))).toEqual({ sampleCount: 5 });
  });

  it('reads negative composition offsets in version 0 too, as files in the wild have them', () => {
    const trun = readTrun(readerOf(NEGATIVE.replace('01000a05', '00000a05')));
    expect(trun.compositionOffsets?.[2]).toBe(-512);
  });

  it('writes what ffmpeg wrote: flags of the first sample alone, version 1 for negative offsets', () => {
    const flags = new Uint32Array(8).fill(0x01010000);
    flags[0] = 0x02000000;
    const columns: TrunColumns = {
      ...readTrun(readerOf(NEGATIVE)),
      durations: new Uint32Array(8).fill(512),
      flags,
    };
    const defaults = sampleDefaultsOf(columns, 0, 8);
    expect(defaults).toEqual({ defaultSampleDuration: 512, defaultSampleFlags: 0x01010000 });
    expectBox(writeTrun(columns, 0, 8, 0xb8, defaults), NEGATIVE);
    expect(sizeOfTrun(columns, 0, 8, defaults)).toBe(0x58);
  });

  it('writes what shaka-packager wrote: flags of every sample when no default is given', () => {
    expectBox(writeTrun(readTrun(readerOf(SHAKA)), 0, 2, 0x190), SHAKA);
  });

  it('leaves out what the defaults say', () => {
    const columns = {
      durations: new Uint32Array([1024, 1024, 1024, 7]),
      sizes: new Uint32Array([9, 5, 5, 5]),
      flags: new Uint32Array([1, 1, 1, 1]),
      compositionOffsets: new Int32Array([3, 0, 0, 0]),
    };
    const defaults = sampleDefaultsOf(columns, 1, 2);
    expect(defaults).toEqual({ defaultSampleDuration: 1024, defaultSampleSize: 5, defaultSampleFlags: 1 });
    expectBox(writeTrun(columns, 1, 2, 100, defaults), '00000014 7472756e 00000001 00000002 00000064');
    expectBox(
      writeTrun(columns, 0, 1, 100, { defaultSampleDuration: 1024, defaultSampleFlags: 1 }),
      '0000001c 7472756e 00000a01 00000001 00000064 00000009 00000003',
    );
  });

  it('gives a single exceptional sample its flags, and none to an empty run', () => {
    const columns = { flags: new Uint32Array([7, 8]) };
    const defaults = { defaultSampleFlags: 8 };
    expectBox(writeTrun(columns, 0, 1, 0, defaults), '00000018 7472756e 00000005 00000001 00000000 00000007');
    expectBox(writeTrun(columns, 0, 0, 0, defaults), '00000014 7472756e 00000001 00000000 00000000');
    expect(sampleDefaultsOf(columns, 0, 0)).toEqual({});
  });

  it('says the same of any samples, whatever the defaults', () => {
    const sample = fc.record({
      duration: fc.nat(2),
      size: fc.nat(2),
      flags: fc.nat(1),
      offset: fc.integer({ min: -1, max: 1 }),
    });
    const cases = fc.tuple(fc.array(sample, { maxLength: 12 }), fc.nat(12), fc.boolean());
    fc.assert(
      fc.property(cases, ([samples, cut, withDefaults]) => {
        const columns = {
          durations: Uint32Array.from(samples, ({ duration }) => duration),
          sizes: Uint32Array.from(samples, ({ size }) => size),
          flags: Uint32Array.from(samples, ({ flags }) => flags),
          compositionOffsets: Int32Array.from(samples, ({ offset }) => offset),
        };
        const first = Math.min(cut, samples.length);
        const count = samples.length - first;
        const defaults = withDefaults ? sampleDefaultsOf(columns, first, count) : {};
        const written = writeTrun(columns, first, count, 5, defaults);
        expect(written).toHaveLength(sizeOfTrun(columns, first, count, defaults));
        const read = readTrun(new ByteReader(written.subarray(8)));
        for (let index = 0; index < count; index++) {
          const flags = (index === 0 ? read.firstSampleFlags : undefined) ?? read.flags?.[index];
          expect(read.durations?.[index] ?? defaults.defaultSampleDuration).toBe(
            columns.durations[first + index],
          );
          expect(read.sizes?.[index] ?? defaults.defaultSampleSize).toBe(columns.sizes[first + index]);
          expect(flags ?? defaults.defaultSampleFlags).toBe(columns.flags[first + index]);
          expect(read.compositionOffsets?.[index] ?? 0).toBe(columns.compositionOffsets[first + index]);
        }
      }),
    );
  });

  it('moves the data offset and nothing else', () => {
    expectBox(
      patchTrun(hex(SHAKA), (offset) => offset + 0x100),
      SHAKA.replace('00000190', '00000290'),
    );
    expectBox(
      patchTrun(hex(BARE), () => 1),
      BARE,
    );
    expect(() => patchTrun(hex(SHAKA), () => 2 ** 31)).toThrow(RangeError);
  });

  it('refuses every truncation, and a count without samples', () => {
    expectEveryTruncationRefused(NEGATIVE, readTrun);
    expectEveryTruncationRefused(SHAKA, readTrun);
    expectEveryTruncationRefused(BARE, readTrun);
    expectHugeCountRefused('00000200 ffffffff 00000000', readTrun);
    expectHugeCountRefused('00000f05 ffffffff 00000000 00000000', readTrun);
  });
});
