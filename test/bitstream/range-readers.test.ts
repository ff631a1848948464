import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RangeReader } from '../../src/bitstream/range-reader.js';
import { createRangeReader, RANGE_CODECS, type RangeCodecKind } from '../../src/bitstream/range-readers.js';
import { fromHex } from '../../src/bytes/hex.js';
import { PrpackError } from '../../src/errors.js';
import { SWEEPS } from '../support/sweeps.js';
import { RANGE_FIXTURES, type RangeFixture } from './ranges.fixtures.js';
import { readRanges, sampleOf, strictPeek } from './ranges.js';

const readerOf = ({ kind, configuration }: RangeFixture) => createRangeReader(kind, fromHex(configuration)!);

describe.each(RANGE_FIXTURES)('$kind, $origin', (fixture) => {
  const samples = fixture.samples.map(sampleOf);

  it('has its ranges where other programs see them', () => {
    const reader = readerOf(fixture);
    samples.forEach(({ bytes, ranges }, sample) => {
      expect({ sample, ranges: readRanges(reader, bytes) }).toEqual({ sample, ranges });
    });
  });

  it('asks for little of a large sample, whatever the window gives', () => {
    const generous = readerOf(fixture);
    const counted = readerOf(fixture);
    for (const { bytes, ranges } of samples) {
      expect(readRanges(generous, bytes, (at) => bytes.subarray(at))).toEqual(ranges);
      let asked = 0;
      const strict = strictPeek(bytes);
      readRanges(counted, bytes, (at, length) => {
        asked += length;
        return strict(at, length);
      });
      expect(asked).toBeLessThanOrEqual(Math.min(bytes.length * 2, 512 * (ranges.length + 3)) + 64);
    }
  });

  it('refuses to start in the middle, where a frame refers to one that it has not read', () => {
    const inter = samples.findIndex(({ bytes, ranges }, i) => i > 0 && ranges.length > 0 && bytes.length > 0);
    const outcome = attempt(readerOf(fixture), samples[inter].bytes);
    // VP9 headers that state their size themselves need no other frame
    if (fixture.kind === 'av1') expect(outcome).toMatchObject({ code: 'MALFORMED_INPUT' });
  });

  it('answers cut samples with an error or with ranges that sum up', () => {
    const reader = readerOf(fixture);
    for (const { bytes } of samples.slice(0, 8)) {
      for (let size = 1; size < Math.min(bytes.length, 48); size++)
        attempt(readerOf(fixture), bytes.slice(0, size));
      readRanges(reader, bytes);
    }
  });

  it('answers changed bits with an error or with ranges that sum up', () => {
    const place = fc.tuple(fc.nat(samples.length - 1), fc.nat(60), fc.nat(7));
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 6 }), (places) => {
        const reader = readerOf(fixture);
        const changed = samples.slice(0, 12).map(({ bytes }) => bytes.slice());
        for (const [sample, at, bit] of places) {
          const bytes = changed[sample % changed.length];
          bytes[at % bytes.length] ^= 1 << bit;
        }
        for (const bytes of changed) if (attempt(reader, bytes)) return;
      }),
      { numRuns: SWEEPS ? 4_000 : 150 },
    );
  });
});

describe.each(['av1', 'vp9'] as const)('%s', (kind) => {
  const fixture = RANGE_FIXTURES.find((candidate) => candidate.kind === kind)!;

  it('answers any bytes with an error or with ranges that sum up', () => {
    const sizes = { maxLength: 200 };
    fc.assert(
      fc.property(fc.uint8Array(sizes), fc.uint8Array(sizes), (first, second) => {
        const reader = readerOf(fixture);
        if (!attempt(reader, first)) attempt(reader, second);
      }),
      { numRuns: SWEEPS ? 100_000 : 1000 },
    );
  });

  it('answers any configuration with a reader or an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expectNoOther(() => createRangeReader(kind, Uint8Array.of(0x81, 0, 0, 0, ...bytes)));
        expectNoOther(() => createRangeReader(kind, bytes));
      }),
    );
  });

  it('reads a sample of no bytes', () => {
    expect(readRanges(readerOf(fixture), new Uint8Array(0))).toEqual([]);
  });

  it('forgets its frames on request', () => {
    const [first, ...others] = fixture.samples.map(sampleOf);
    const reader = readerOf(fixture);
    readRanges(reader, first.bytes);
    reader.restart();
    const outcomes = others.map(({ bytes }) => attempt(reader, bytes));
    expect(outcomes.some((outcome) => outcome?.code === 'MALFORMED_INPUT')).toBe(true);
    reader.restart();
    expect(readRanges(reader, first.bytes)).toEqual(first.ranges);
  });
});

it('knows the sample entries of AV1 and VP9, and none of VP8', () => {
  const kinds: RangeCodecKind[] = ['av1', 'av1', 'vp9'];
  expect(['av01', 'dav1', 'vp09'].map((fourcc) => RANGE_CODECS[fourcc])).toEqual(kinds);
  expect(RANGE_CODECS.vp08).toBeUndefined();
});

/** The error of reading a sample; any other than a PrpackError of bad input fails. */
function attempt(reader: RangeReader, bytes: Uint8Array): PrpackError | undefined {
  return expectNoOther(() => readRanges(reader, bytes));
}

function expectNoOther(run: () => unknown): PrpackError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    expect(['MALFORMED_INPUT', 'UNSUPPORTED_FEATURE']).toContain(error.code);
    return error;
  }
}
