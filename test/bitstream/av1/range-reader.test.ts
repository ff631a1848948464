import { describe, expect, it } from 'vitest';
import { createAv1RangeReader } from '../../../src/bitstream/av1/range-reader.js';
import {
  type Av1ReferenceFrame,
  deriveFrameRefs,
  isSkipModeAllowed,
  relativeDistance,
} from '../../../src/bitstream/av1/references.js';
import { BitWriter } from '../bit-writer.js';
import { readRanges } from '../ranges.js';

const SEQUENCE_HEADER = 1;
const DELIMITER = 2;
const FRAME_HEADER = 3;
const TILE_GROUP = 4;
const FRAME = 6;
const REDUNDANT_FRAME_HEADER = 7;
const TILE_LIST = 8;

function obu(
  type: number,
  payload: readonly number[],
  extension?: readonly [temporal: number, spatial: number],
) {
  const first = (type << 3) | (extension ? 4 : 0) | 2;
  const layer = extension ? [(extension[0] << 5) | (extension[1] << 3)] : [];
  return [first, ...layer, payload.length, ...payload];
}

/** Bits, filled up with zeros to whole bytes. */
function bytesOf({ bits }: BitWriter): number[] {
  const padded = [...bits, ...new Array<number>(-bits.length & 7).fill(0)];
  return Array.from({ length: padded.length / 8 }, (_, i) =>
    Number.parseInt(padded.slice(8 * i, 8 * i + 8).join(''), 2),
  );
}

/**
 * Monochrome, 64x64, with a decoder model (presentation times of 7 bits, removal times of 5), frame ids of 6 bits,
 * order hints of 5 bits, and two operating points: all layers, and the lowest of each kind.
 */
function sequenceHeader(): number[] {
  const writer = new BitWriter().u(3, 0).u(2, 0); // seq_profile, still_picture, reduced_still_picture_header
  writer.u(1, 1).u(32, 1).u(32, 25).u(1, 0); // timing_info(), unequal intervals
  writer.u(1, 1).u(5, 9).u(32, 1).u(5, 4).u(5, 6); // decoder_model_info()
  writer.u(1, 0).u(5, 1); // initial_display_delay_present_flag, operating_points_cnt_minus_1
  for (const idc of [0x303, 0x101]) writer.u(12, idc).u(5, 8).u(1, 0).u(1, 1).u(10, 5).u(10, 5).u(1, 0);
  writer.u(4, 7).u(4, 7).u(8, 63).u(8, 63); // sizes
  writer.u(1, 1).u(4, 2).u(3, 1); // frame ids: deltas of 4 bits, ids of 1 + 1 + 4 bits
  writer
    .zeros(3 + 4)
    .u(1, 1)
    .zeros(2); // superblocks, intra tools; inter tools, enable_order_hint, its tools
  writer.u(1, 0).u(1, 0).u(3, 4); // no screen content; order_hint_bits_minus_1
  writer.zeros(3); // superres, cdef, restoration
  writer.u(1, 0).u(1, 1).u(1, 0).u(1, 0).u(1, 0); // color_config() of monochrome, film_grain_params_present
  return bytesOf(writer.u(1, 1)); // trailing_one_bit
}

/** From tile_info() to reduced_tx_set without what inter frames have between. */
function blockTools(writer: BitWriter): BitWriter {
  writer.u(1, 1).u(8, 100).u(1, 0).u(1, 0); // uniform_tile_spacing_flag; base_q_idx, DeltaQYDc, using_qmatrix
  writer.zeros(1 + 1); // segmentation_enabled, delta_q_present
  return writer.zeros(6 + 6 + 3 + 1).u(1, 0); // loop_filter_params(), tx_mode_select
}

/** A shown key frame. `removalTimes` is how many operating points its layers are in. */
function keyFrame(orderHint: number, removalTimes: number): BitWriter {
  const writer = new BitWriter().u(1, 0).u(2, 0).u(1, 1).u(7, 99).u(1, 1).u(6, 33).u(1, 0).u(5, orderHint);
  writer.u(1, 1); // buffer_removal_time_present_flag
  for (let i = 0; i < removalTimes; i++) writer.u(5, 21);
  return blockTools(writer.u(1, 0)).u(1, 0); // render_and_frame_size_different; reduced_tx_set
}

interface InterOptions {
  readonly orderHint: number;
  readonly refresh: number;
  /** Whether skip_mode_present is in the header. */
  readonly hasSkipMode: boolean;
  /** ref_order_hint of an error resilient frame. */
  readonly refHints?: readonly number[];
}

/** A shown inter frame with short signaling: LAST in slot 0, GOLDEN in slot 1, two references a block. */
function interFrame({ orderHint, refresh, hasSkipMode, refHints }: InterOptions): BitWriter {
  const writer = new BitWriter()
    .u(1, 0)
    .u(2, 1)
    .u(1, 1)
    .u(7, 99)
    .u(1, refHints ? 1 : 0)
    .u(1, 1);
  writer.u(6, 34).u(1, 0).u(5, orderHint);
  if (!refHints) writer.u(3, 7); // primary_ref_frame
  writer.u(1, 0).u(8, refresh);
  for (const hint of refHints ?? []) writer.u(5, hint);
  writer.u(1, 1).u(3, 0).u(3, 1); // frame_refs_short_signaling, last_frame_idx, gold_frame_idx
  for (let i = 0; i < 7; i++) writer.u(4, 3); // delta_frame_id_minus_1
  writer.u(1, 0).u(1, 1).u(1, 1).u(1, 0); // render size, high precision, switchable filter, motion mode
  blockTools(writer).u(1, 1); // reference_select
  if (hasSkipMode) writer.u(1, 1);
  return writer.u(1, 0).zeros(7); // reduced_tx_set, is_global
}

const TILE = new Array<number>(40).fill(0xee);
const frame = (writer: BitWriter, layer?: readonly [number, number]) =>
  obu(FRAME, [...bytesOf(writer), ...TILE], layer);
const started = () => {
  const reader = createAv1RangeReader(new Uint8Array(0));
  readRanges(reader, Uint8Array.from([...obu(SEQUENCE_HEADER, sequenceHeader()), ...frame(keyFrame(3, 2))]));
  return reader;
};
const malformed = (message: RegExp) =>
  expect.objectContaining({ code: 'MALFORMED_INPUT', message: expect.stringMatching(message) });
const read = (reader: ReturnType<typeof started>, ...obus: number[][]) =>
  readRanges(reader, Uint8Array.from(obus.flat()));

describe('frames made by hand', () => {
  it.each([
    ['no layer', undefined, 2], // temporal 0 and spatial 0: in both operating points
    ['the lowest layers', [0, 0], 2],
    ['temporal layer 1', [1, 0], 1],
    ['spatial layer 1', [0, 1], 1],
    ['layers of no operating point', [2, 0], 0],
  ] as const)('has removal times for its operating points: %s', (_name, layer, removalTimes) => {
    const sample = [...obu(SEQUENCE_HEADER, sequenceHeader()), ...frame(keyFrame(3, removalTimes), layer)];
    const ranges = readRanges(createAv1RangeReader(Uint8Array.of(0x81, 0, 0, 0)), Uint8Array.from(sample));
    expect(ranges).toEqual([[sample.length - TILE.length, sample.length]]);
  });

  it('follows short signaling and the skip mode that order hints allow', () => {
    const reader = started(); // all slots: 3
    // one reference before, none after, all alike: no skip mode
    const first = frame(interFrame({ orderHint: 8, refresh: 0b0001, hasSkipMode: false }));
    expect(read(reader, first)).toEqual([[first.length - 40, first.length]]);
    // slots: 8, 3, 3…: two different ones before
    const second = frame(interFrame({ orderHint: 9, refresh: 0, hasSkipMode: true }));
    expect(read(reader, second)).toEqual([[second.length - 40, second.length]]);
    // one before and one after
    const third = frame(interFrame({ orderHint: 5, refresh: 0, hasSkipMode: true }));
    expect(read(reader, third)).toEqual([[third.length - 40, third.length]]);
  });

  it('fails for a reference that is not the one that the frame states', () => {
    const options = { orderHint: 8, refresh: 1, hasSkipMode: false };
    const right = frame(interFrame({ ...options, refHints: [3, 3, 3, 3, 3, 3, 3, 3] }));
    expect(read(started(), right)).toHaveLength(1);
    const wrong = frame(interFrame({ ...options, refHints: [3, 3, 4, 3, 3, 3, 3, 3] }));
    expect(() => read(started(), wrong)).toThrow(malformed(/slot 2, which was not sent/));
  });

  it('reads the parts of a frame in several OBUs, and copies of its header', () => {
    const header = bytesOf(keyFrame(3, 2).u(1, 1)); // trailing_one_bit
    const obus = [obu(DELIMITER, []), obu(FRAME_HEADER, header), obu(REDUNDANT_FRAME_HEADER, header)];
    const sample = [...obus, obu(FRAME_HEADER, header), obu(TILE_GROUP, TILE)];
    const size = sample.flat().length;
    expect(read(started(), ...sample)).toEqual([[size - 40, size]]);
    expect(() => read(started(), ...obus)).toThrow(malformed(/before its last tile/));
    expect(() => read(started(), obu(TILE_GROUP, TILE))).toThrow(malformed(/without a frame header/));
  });

  it('takes an OBU without a size to the end of the sample', () => {
    const sized = frame(keyFrame(3, 2));
    const [first, , ...payload] = sized;
    expect(read(started(), [first & ~2, ...payload])).toEqual([
      [payload.length + 1 - 40, payload.length + 1],
    ]);
  });

  it('loads a shown existing key frame, and refuses one that was never sent', () => {
    const show = obu(FRAME_HEADER, bytesOf(new BitWriter().u(1, 1).u(3, 5).u(7, 99).u(6, 33).u(1, 1)));
    expect(read(started(), show)).toEqual([]);
    const reader = started();
    reader.restart();
    expect(() => read(reader, show)).toThrow(malformed(/slot 5, which was not sent/));
  });

  it('refuses headers that end elsewhere, lying sizes, missing sequence headers and tile lists', () => {
    const ragged = bytesOf(keyFrame(3, 2).u(1, 1));
    ragged[ragged.length - 1] |= 1;
    expect(() => read(started(), obu(FRAME_HEADER, ragged))).toThrow(
      malformed(/does not end where it should/),
    );
    expect(() => read(started(), [(FRAME << 3) | 2, 50, 1])).toThrow(malformed(/longer than the rest/));
    expect(() => read(createAv1RangeReader(new Uint8Array(0)), frame(keyFrame(3, 2)))).toThrow(
      malformed(/before the first sequence header/),
    );
    expect(() => read(started(), obu(TILE_LIST, [1]))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }),
    );
    expect(() => createAv1RangeReader(Uint8Array.of(0x82, 0, 0, 0))).toThrow(malformed(/version 1/));
  });
});

describe('references', () => {
  const slotsOf = (hints: readonly number[]) =>
    hints.map((orderHint) => ({ orderHint }) as Av1ReferenceFrame);

  it.each([
    // before 6: 1, 2, 3, 4; after: 9 to 12. ALTREF is the latest, BWDREF the nearest after, ALTREF2 the next
    [[1, 2, 3, 4, 9, 10, 11, 12], 3, 0, [3, 2, 1, 0, 4, 5, 7]],
    // all before: the latest first, of equals the highest slot
    [[1, 2, 3, 4, 4, 4, 4, 4], 7, 0, [7, 6, 5, 0, 4, 3, 2]],
    // nothing is left before: the oldest of all
    [[1, 9, 9, 9, 9, 9, 9, 9], 0, 0, [0, 0, 0, 0, 1, 2, 7]],
  ])('derives those of short signaling from order hints %j', (hints, last, golden, expected) => {
    expect(deriveFrameRefs(slotsOf(hints), last, golden, 6, 5)).toEqual(expected);
  });

  it('needs all slots for them', () => {
    const slots = [...slotsOf([1, 2, 3, 4, 5, 6, 7]), undefined];
    expect(() => deriveFrameRefs(slots, 0, 1, 6, 5)).toThrow(malformed(/slot 7/));
  });

  it('lets order hints wrap around', () => {
    expect(relativeDistance(1, 31, 5)).toBe(2);
    expect(relativeDistance(31, 1, 5)).toBe(-2);
    expect(relativeDistance(5, 9, 0)).toBe(0);
    expect(isSkipModeAllowed([30, 30, 30, 2, 30, 30, 30], 0, 5)).toBe(true); // −2 and +2
    expect(isSkipModeAllowed([30, 30, 30, 30, 30, 30, 30], 0, 5)).toBe(false);
    expect(isSkipModeAllowed([30, 29, 30, 30, 30, 30, 30], 0, 5)).toBe(true);
    expect(isSkipModeAllowed([2, 3, 2, 2, 2, 2, 2], 0, 5)).toBe(false);
  });
});
