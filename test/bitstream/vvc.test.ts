import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNalCodec, type NalCodec, NEED_MORE } from '../../src/bitstream/nal-codec.js';
import { createVvcGrammar } from '../../src/bitstream/vvc.js';
import { PrpackError } from '../../src/errors.js';
import { SWEEPS } from '../support/sweeps.js';
import { BitWriter, nalUnit } from './bit-writer.js';
import {
  CTU,
  type Draw,
  nalHeader,
  type Picture,
  PLAIN,
  phNal,
  picture,
  ppsNal,
  sliceHeader,
  spsNal,
  type VvcStream,
} from './vvc-writer.js';

const TRAIL = 0;
const IDR_N_LP = 8;
const CRA = 9;
const DATA_BYTES = 40;

/** Numbers that depend on nothing but the seed. */
function drawOf(seed: number): Draw {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A header with slice data behind it. */
function sliceOf(header: Uint8Array): Uint8Array {
  return Uint8Array.from([...header, ...new Array<number>(DATA_BYTES).fill(0xa5)]);
}

function codecOf(stream: VvcStream): NalCodec {
  return createNalCodec(createVvcGrammar(), [spsNal(stream), ppsNal(stream)]);
}

/** Slices of a picture as raster slices: one tile each, or all in one. */
function rasterSlices({ tiles }: VvcStream, draw: Draw): (readonly [number, number])[] {
  const count = tiles ? tiles.columns.length * tiles.rows.length : 1;
  if (!tiles?.raster || count === 1) return [[0, count]];
  const slices: (readonly [number, number])[] = [];
  for (let first = 0; first < count; ) {
    const size = 1 + draw(count - first);
    slices.push([first, size]);
    first += size;
  }
  return slices;
}

/** The NAL units of some pictures, and how many bytes of each stay clear. */
function nalUnitsOf(stream: VvcStream, seed: number): { nal: Uint8Array; clear: number }[] {
  const draw = drawOf(seed);
  const units: { nal: Uint8Array; clear: number }[] = [];
  for (const nalType of [IDR_N_LP, TRAIL, TRAIL, CRA, TRAIL]) {
    const ph: Picture = picture(stream, nalType >= 7, draw);
    const slices = rasterSlices(stream, draw);
    // In a slice header only where the picture is one slice, and tells nothing for several (7.4.8).
    const hasPh = slices.length === 1 && !Object.values(stream.inPh).includes(true) && draw(2) === 1;
    if (!hasPh) {
      const nal = phNal(ph);
      units.push({ nal, clear: nal.length });
    }
    for (const tiles of slices) {
      const header = sliceHeader(stream, ph, { nalType, hasPh, tiles }, draw);
      units.push({ nal: sliceOf(header), clear: header.length });
    }
  }
  return units;
}

function expectEnds(stream: VvcStream, seed: number): void {
  const codec = codecOf(stream);
  for (const [i, { nal, clear }] of nalUnitsOf(stream, seed).entries()) {
    expect({ i, clear: codec.clearBytes(nal, nal.length) }).toEqual({ i, clear });
  }
}

const WPP_TILES = { columns: [2, 4], rows: [1, 3], raster: true }; // 192x128 in CTUs of 32 is 6x4
const ALL_IN_PH = { deblocking: true, lists: true, sao: true, alf: true, weights: true, qp: true };
const LISTS = [[{ short: 0 }, { short: 1 }, { long: 3 }], [{ long: 9 }], [{ short: 2 }, { short: 0 }]];
const TOOLS: Partial<VvcStream> = {
  ...{ sao: true, alf: true, ccAlf: true, lmcs: true, jointCbCr: true, scalingLists: true, cuQpDelta: true },
  ...{ chromaOffsets: true, cuChromaOffsets: true, deblockingOverride: true, controlsInPh: true, mvp: true },
};

const STREAMS: [string, Partial<VvcStream>][] = [
  ['nothing at all', {}],
  ['monochrome with all tools', { ...TOOLS, chroma: false, jointCbCr: false, ccAlf: false }],
  ['all tools told by slices', TOOLS],
  ['all tools told by the picture header', { ...TOOLS, tiles: WPP_TILES, inPh: ALL_IN_PH }],
  ['tiles in raster slices', { tiles: WPP_TILES, entryPoints: true }],
  ['tiles in raster slices, with synchronized rows', { tiles: WPP_TILES, entryPoints: true, wpp: true }],
  ['tiles in one rectangle', { tiles: { ...WPP_TILES, raster: false }, entryPoints: true, wpp: true }],
  ['synchronized rows of a picture of one tile', { entryPoints: true, wpp: true }],
  ['synchronized rows without entry points', { wpp: true }],
  ['weights in slice headers', { weightedPred: true, weightedBipred: true, lists: LISTS, longTerm: true }],
  ['weights of P slices only', { weightedPred: true, lists: LISTS, longTerm: true }],
  ['weights of B slices only, monochrome', { weightedBipred: true, chroma: false }],
  [
    'weights in picture headers',
    { weightedPred: true, weightedBipred: true, tiles: WPP_TILES, inPh: ALL_IN_PH, deblockingOverride: true },
  ],
  ['long-term entries', { longTerm: true, lists: LISTS, rpl1Idx: true }],
  ['long-term entries and lists that are the same', { longTerm: true, lists: LISTS, sameLists: true }],
  ['a list index for both lists', { longTerm: true, lists: LISTS, rpl1Idx: false, defaultActive: [2, 1] }],
  ['one list in the parameter set', { lists: [[{ short: 0 }, { short: 0 }]], rpl1Idx: true }],
  ['lists of IDR pictures', { idrLists: true, rpl1Idx: true, lists: LISTS, longTerm: true }],
  ['dual tree with overridden partitioning', { dualTree: true, partitionOverride: true }],
  ['overridden partitioning without it', { partitionOverride: true, chroma: false }],
  ['dependent quantization and sign hiding', { depQuant: true, signHiding: true, transformSkip: true }],
  ['range extension', { rangeExtension: true, transformSkip: true }],
  ['range extension without transform skip', { rangeExtension: true }],
  [
    'header extensions and extra bits',
    { phExtension: true, shExtension: true, extraPhBits: 3, extraShBits: 5 },
  ],
  ['order counts of many bits', { pocLsbBits: 16, pocMsbBits: 17, outputFlag: true, cabacInit: true }],
  ['virtual boundaries', { virtualBoundaries: true }],
  ['one subpicture with an id', { subpicIdBits: 5 }],
  ['deblocking that is off', { deblockingDisabled: true, deblockingOverride: true, chromaOffsets: true }],
];

describe('slice headers of VVC that no encoder at hand makes', () => {
  it.each(STREAMS)('%s', (_, choice) => {
    for (let seed = 1; seed <= 12; seed++) expectEnds({ ...PLAIN, ...choice }, seed);
  });

  it('repeats the last tile size for as long as there is anything left', () => {
    // 6 columns as 2 and then 2, 2; 4 rows as 3 and then 1: 3x2 tiles
    const written = { columns: [2], rows: [3], raster: true };
    const meant = { columns: [2, 2, 2], rows: [3, 1], raster: true };
    const stream = { ...PLAIN, entryPoints: true, wpp: true };
    const sets = [spsNal(stream), ppsOfRepeatedTiles(written)];
    const codec = createNalCodec(createVvcGrammar(), sets);
    for (const { nal, clear } of nalUnitsOf({ ...stream, tiles: meant }, 5)) {
      expect(codec.clearBytes(nal, nal.length)).toBe(clear);
    }
  });

  it('any of those features together', () => {
    fc.assert(
      fc.property(streams(), fc.integer({ min: 1, max: 1e6 }), (stream, seed) => expectEnds(stream, seed)),
      { numRuns: SWEEPS ? 8_000 : 300 },
    );
  });

  it('needs headers whole and not a byte more', () => {
    const stream = { ...PLAIN, ...TOOLS, lists: LISTS, longTerm: true, weightedBipred: true, rpl1Idx: true };
    const codec = codecOf(stream);
    for (const { nal, clear } of nalUnitsOf(stream, 3)) {
      for (let given = 0; given < clear; given++) {
        expect(codec.clearBytes(nal.subarray(0, given), nal.length)).toBe(NEED_MORE);
      }
      expect(codec.clearBytes(nal.subarray(0, clear), nal.length)).toBe(clear);
    }
  });

  it('refuses every header that ends early', () => {
    const stream = { ...PLAIN, ...TOOLS, tiles: WPP_TILES, inPh: ALL_IN_PH, entryPoints: true };
    const codec = codecOf(stream);
    for (const { nal, clear } of nalUnitsOf(stream, 8)) {
      if (clear < nal.length)
        for (let size = 2; size < clear; size++) {
          const cut = nal.subarray(0, size);
          expect(() => codec.clearBytes(cut, size)).toThrow(
            expect.objectContaining({ code: 'MALFORMED_INPUT' }),
          );
        }
      codec.clearBytes(nal, nal.length);
    }
  });
});

/** Parameter sets whose tiles are written by their first sizes only. */
function ppsOfRepeatedTiles({ columns, rows }: { columns: number[]; rows: number[] }): Uint8Array {
  const w = new BitWriter().u(6, 0).u(4, 0).u(1, 0).ue(PLAIN.width).ue(PLAIN.height).u(2, 0).u(1, 0);
  w.u(1, 0)
    .u(1, 0)
    .u(2, 0)
    .ue(columns.length - 1)
    .ue(rows.length - 1);
  for (const size of [...columns, ...rows]) w.ue(size - 1);
  w.u(1, 0).u(1, 0).u(1, 0); // filter across tiles, raster slices, filter across slices
  w.u(1, 0).ue(0).ue(0).u(1, 0).u(2, 0).u(1, 0).se(0).u(1, 0).u(1, 0).u(1, 0); // up to the deblocking control
  w.u(3, 0).u(1, 0).u(2, 0).u(1, 0); // nothing in picture headers, no extensions
  return nalUnit(nalHeader(16), w);
}

/** Streams of any features that go together. */
function streams(): fc.Arbitrary<VvcStream> {
  const flag = fc.boolean();
  const entry = fc.oneof(
    fc.record({ short: fc.nat(6) }),
    fc.record({ long: fc.nat(15) }), // fits the fewest bits of an order count
  );
  const flags = Object.fromEntries(
    Object.entries(PLAIN).flatMap(([name, value]) => (typeof value === 'boolean' ? [[name, flag]] : [])),
  ) as { [Name in keyof VvcStream as VvcStream[Name] extends boolean ? Name : never]: fc.Arbitrary<boolean> };
  return fc
    .record({
      ...flags,
      pocLsbBits: fc.integer({ min: 4, max: 16 }),
      pocMsbBits: fc.nat(8),
      extraPhBits: fc.nat(4),
      extraShBits: fc.nat(4),
      subpicIdBits: fc.nat(8),
      lists: fc.array(fc.array(entry, { maxLength: 4 }), { maxLength: 5 }),
      defaultActive: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      isPartitioned: flag,
      raster: flag,
      inPh: fc.record({ deblocking: flag, lists: flag, sao: flag, alf: flag, weights: flag, qp: flag }),
    })
    .map(({ isPartitioned, raster, inPh, ...one }): VvcStream => {
      const { chroma, longTerm, lists } = one;
      const stream = {
        ...PLAIN,
        ...one,
        ccAlf: one.ccAlf && one.alf && chroma,
        dualTree: one.dualTree && chroma,
        jointCbCr: one.jointCbCr && chroma,
        cuChromaOffsets: one.cuChromaOffsets && one.chromaOffsets,
        lists: longTerm ? lists : lists.map((list) => list.filter((item) => 'short' in item)),
        inPh: PLAIN.inPh,
      };
      if (!isPartitioned) return stream;
      const isWeighted = one.weightedPred || one.weightedBipred;
      return {
        ...stream,
        tiles: { ...WPP_TILES, raster },
        inPh: {
          ...inPh,
          deblocking: inPh.deblocking && one.deblockingOverride,
          weights: inPh.weights && inPh.lists && isWeighted,
        },
      };
    });
}

describe('VVC features that are refused by name', () => {
  const refused = (nal: Uint8Array, message: RegExp) =>
    expect(() => createNalCodec(createVvcGrammar(), [nal])).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        message: expect.stringMatching(message),
        details: expect.objectContaining({ remedy: expect.stringMatching(/^Encode the video without /) }),
      }),
    );

  it('several rectangular slices a picture', () => {
    const w = new BitWriter().u(6, 0).u(4, 0).u(1, 0).ue(192).ue(128).u(2, 0).u(1, 0).u(1, 0).u(1, 0);
    // 2x1 tiles of 3 columns; filter, rectangles, not one a subpicture, two slices
    w.u(2, 0).ue(1).ue(0).ue(2).ue(2).ue(3).u(1, 0).u(1, 1).u(1, 0).ue(1).ones(40);
    refused(nalUnit(nalHeader(16), w), /several rectangular slices a picture/);
  });

  it('several subpictures, told by the SPS or by the PPS', () => {
    const sps = new BitWriter().u(4, 0).u(4, 0).u(3, 0).u(2, 1).u(2, 0).u(1, 0).u(2, 0); // no profile; no gdr, no resampling
    sps.ue(192).ue(128).u(1, 0).u(1, 1).ue(1).ones(40);
    refused(nalUnit(nalHeader(15), sps), /subpictures/);
    const pps = new BitWriter().u(6, 0).u(4, 0).u(1, 0).ue(192).ue(128).u(2, 0).u(1, 0).u(1, 0).u(1, 1);
    refused(nalUnit(nalHeader(16), pps.ue(1).ones(40)), /subpictures/);
  });

  it('NAL units of several types in one picture', () => {
    refused(nalUnit(nalHeader(16), new BitWriter().u(6, 0).u(4, 0).u(1, 1).ones(40)), /several types/);
  });
});

describe('VVC that is broken', () => {
  const stream = { ...PLAIN, tiles: WPP_TILES };

  it('is refused without a picture header, and without the sets that it names', () => {
    const draw = drawOf(1);
    const ph = picture(stream, true, draw);
    const slice = sliceOf(sliceHeader(stream, ph, { nalType: IDR_N_LP, hasPh: false, tiles: [0, 4] }, draw));
    expect(() => codecOf(stream).clearBytes(slice, slice.length)).toThrow(/no picture header/);
    const header = phNal(ph);
    expect(() => createNalCodec(createVvcGrammar(), []).clearBytes(header, header.length)).toThrow(
      /picture parameter set 0, which was not sent/,
    );
    expect(() =>
      createNalCodec(createVvcGrammar(), [ppsNal(stream)]).clearBytes(header, header.length),
    ).toThrow(/sequence parameter set 0, which was not sent/);
  });

  it('is refused where a slice begins behind the last tile', () => {
    const three = { ...PLAIN, tiles: { columns: [2, 2, 2], rows: [4], raster: true } };
    const draw = drawOf(2);
    const ph = picture(three, true, draw);
    const codec = codecOf(three);
    codec.clearBytes(phNal(ph), phNal(ph).length);
    const slice = sliceOf(sliceHeader(three, ph, { nalType: IDR_N_LP, hasPh: false, tiles: [3, 1] }, draw));
    expect(() => codec.clearBytes(slice, slice.length)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_INPUT' }),
    );
  });

  it('is refused where tiles do not fit the picture', () => {
    const wide = { ...PLAIN, tiles: { columns: [5, 4], rows: [4], raster: true } };
    expect(Math.ceil(PLAIN.width / CTU)).toBe(6);
    expect(() => codecOf(wide)).toThrow(/tiles of a picture do not fit it/);
  });

  it('leaves other NAL units clear, and a lead of slices of other layers', () => {
    const codec = codecOf(stream);
    for (const type of [4, 5, 6, 11, 12, 13, 14, 17, 18, 20, 21, 22, 23, 24, 25, 26, 31]) {
      expect(codec.clearBytes(Uint8Array.from(nalHeader(type)), 5000)).toBe(5000);
    }
    expect(codec.clearBytes(Uint8Array.from(nalHeader(TRAIL, 1)), 5000)).toBe(128);
    expect(codec.clearBytes(Uint8Array.from(nalHeader(15, 1)), 50)).toBe(50);
  });

  it('gives a number in range or an error for every damage to parameter sets and headers', () => {
    const damage = fc.array(fc.tuple(fc.nat(2000), fc.nat(7)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(streams(), fc.integer({ min: 1, max: 1e6 }), damage, (one, seed, flips) => {
        const units = nalUnitsOf(one, seed).map(({ nal }) => nal);
        const all = [spsNal(one), ppsNal(one), ...units];
        for (const [at, bit] of flips) {
          const nal = all[at % all.length];
          nal[2 + (at % (nal.length - 2))] ^= 1 << bit;
        }
        const codec = createNalCodec(createVvcGrammar(), []);
        for (const nal of all) {
          try {
            const clear = codec.clearBytes(nal, nal.length);
            expect(clear).toBeGreaterThanOrEqual(0);
            expect(clear).toBeLessThanOrEqual(nal.length);
          } catch (error) {
            expect(error).toBeInstanceOf(PrpackError);
          }
        }
      }),
      { numRuns: SWEEPS ? 8_000 : 300 },
    );
  });
});
