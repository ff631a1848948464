import { describe, expect, it } from 'vitest';
import { createVp9RangeReader } from '../../../src/bitstream/vp9/range-reader.js';
import { BitWriter } from '../bit-writer.js';
import { readRanges } from '../ranges.js';

const SYNC_CODE = 0x498342;

/** frame_marker, profile and show_existing_frame 0. */
function start(profile = 0): BitWriter {
  return new BitWriter()
    .u(2, 2)
    .u(1, profile & 1)
    .u(1, profile >> 1)
    .zeros(profile === 3 ? 2 : 1);
}

/** From refresh_frame_context to the end. `tileBits` are increment_tile_cols_log2; the compressed header has 9 bytes. */
function finish(writer: BitWriter, tileBits: number, compressedBytes = 9): number[] {
  writer.zeros(2 + 2).zeros(6 + 3 + 1); // contexts; loop filter
  writer.u(8, 60).zeros(3).u(1, 0); // quantization; segmentation_enabled
  writer.zeros(tileBits).u(1, 0).u(16, compressedBytes);
  const bits = [...writer.bits, ...new Array<number>(-writer.bits.length & 7).fill(0)];
  const bytes = Array.from({ length: bits.length / 8 }, (_, i) =>
    Number.parseInt(bits.slice(8 * i, 8 * i + 8).join(''), 2),
  );
  return [...bytes, ...DATA];
}

const DATA = new Array<number>(30).fill(0xee);
const size = (writer: BitWriter, width: number) =>
  writer
    .u(16, width - 1)
    .u(16, 63)
    .u(1, 0);
const color = (writer: BitWriter, profile: number) =>
  writer
    .zeros(profile >= 2 ? 1 : 0)
    .u(3, 1)
    .u(1, 0)
    .zeros(profile & 1 ? 3 : 0);

function keyFrame(width: number, profile = 0): number[] {
  const writer = color(start(profile).u(3, 0b010).u(24, SYNC_CODE), profile);
  return finish(size(writer, width), tileBits(width));
}

/** Hidden, with refresh_frame_flags. */
function intraOnlyFrame(width: number, refresh: number, profile = 0): number[] {
  const writer = start(profile).u(3, 0b100).u(1, 1).u(2, 0).u(24, SYNC_CODE); // intra_only, reset_frame_context
  if (profile > 0) color(writer, profile);
  return finish(size(writer.u(8, refresh), width), tileBits(width));
}

/** Of the size of its second reference, which is in the given slot and of the given width. */
function interFrame(slot: number, width: number): number[] {
  const writer = start().u(3, 0b110).u(2, 0).u(8, 0); // shown; reset_frame_context, refresh_frame_flags
  for (const ref of [0, slot, 0]) writer.u(3, ref).u(1, 0);
  writer.u(2, 0b01).u(1, 0); // found_ref twice; render_and_frame_size_different
  return finish(writer.u(1, 1).u(1, 1), tileBits(width));
}

/** Widths from 512 pixels on leave a choice of tile columns, and then one bit says none. */
function tileBits(width: number): number {
  return width >= 512 ? 1 : 0;
}

const read = (reader: ReturnType<typeof createVp9RangeReader>, sample: readonly number[]) =>
  readRanges(reader, Uint8Array.from(sample));
const tail = (sample: readonly number[]) => [[sample.length - DATA.length, sample.length]];
const malformed = (message: RegExp) =>
  expect.objectContaining({ code: 'MALFORMED_INPUT', message: expect.stringMatching(message) });

function superframe(frames: readonly number[][], sizes = frames.map((frame) => frame.length)): number[] {
  const marker = 0xc0 | (1 << 3) | (frames.length - 1); // sizes of 2 bytes
  return [...frames.flat(), marker, ...sizes.flatMap((one) => [one & 0xff, one >> 8]), marker];
}

describe('frames made by hand', () => {
  it.each([0, 1, 2, 3])('of profile %i: key frames and intra-only frames', (profile) => {
    const reader = createVp9RangeReader();
    for (const sample of [keyFrame(64, profile), intraOnlyFrame(64, 1, profile)])
      expect(read(reader, sample)).toEqual(tail(sample));
  });

  it('keeps the width of each slot', () => {
    const reader = createVp9RangeReader();
    read(reader, keyFrame(64));
    read(reader, intraOnlyFrame(1024, 0b100));
    for (const [slot, width] of [
      [2, 1024],
      [3, 64],
    ]) {
      const sample = interFrame(slot, width);
      expect(read(reader, sample)).toEqual(tail(sample));
    }
  });

  it('refuses the size of a frame that was never sent', () => {
    const reader = createVp9RangeReader();
    read(reader, intraOnlyFrame(64, 0b1));
    expect(() => read(reader, interFrame(2, 64))).toThrow(malformed(/slot 2, which was not sent/));
  });

  it('leaves shown existing frames clear: 1 byte, 2 of profile 3', () => {
    expect(read(createVp9RangeReader(), [0x88])).toEqual([]); // 10 00 1 000
    expect(read(createVp9RangeReader(), [0xb4, 0])).toEqual([]); // 10 11 0 1 000
  });

  it('reads each frame of a superframe, also of no bytes, and leaves what no frame owns clear', () => {
    const [key, hidden] = [keyFrame(64), intraOnlyFrame(64, 1)];
    const ends = [key.length, key.length + hidden.length];
    const ranges = ends.map((end) => [end - DATA.length, end]);
    expect(read(createVp9RangeReader(), superframe([key, [], hidden]))).toEqual(ranges);
    const sparse = superframe([key, hidden, [1, 2, 3]], [key.length, hidden.length, 0]);
    expect(read(createVp9RangeReader(), sparse)).toEqual(ranges);
  });

  it('takes an index whose first byte differs for data of the frame', () => {
    const sample = [...keyFrame(64), 0xc1, 5, 5, 0xc0];
    expect(read(createVp9RangeReader(), sample)).toEqual([[sample.length - 34, sample.length]]);
  });

  it('refuses sizes that lie, empty compressed headers, and what is no VP9', () => {
    const key = keyFrame(64);
    const attempt = (sample: readonly number[]) => () => read(createVp9RangeReader(), sample);
    expect(attempt(superframe([key], [key.length + 1]))).toThrow(malformed(/longer than its sample/));
    const header = start().u(3, 0b010).u(24, SYNC_CODE).u(4, 2);
    expect(attempt(finish(size(header, 64), 0, 31))).toThrow(malformed(/longer than the rest of the frame/));
    const empty = start().u(3, 0b010).u(24, SYNC_CODE).u(4, 2);
    expect(attempt(finish(size(empty, 64), 0, 0))).toThrow(malformed(/no compressed header/));
    expect(attempt([0x48, 1, 2])).toThrow(malformed(/marker/));
    expect(attempt([0x82, 0, 0, 0, 0])).toThrow(malformed(/sync code/));
    expect(attempt([0xb8, 0])).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FEATURE' }));
    expect(attempt(key.slice(0, 6))).toThrow(malformed(/ends too early/));
  });
});
