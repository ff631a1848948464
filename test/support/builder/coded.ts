import { RANGE_FIXTURES } from '../../bitstream/ranges.fixtures.js';
import { sampleOf } from '../../bitstream/ranges.js';
import { SLICE_HEADERS } from '../../bitstream/slice-headers.fixtures.js';
import { box, fullBox, hex, u8, u16, u32 } from './boxes.js';
import type { BuiltSample, BuiltTrack } from './movie.js';

/** A track of AV1 or VP9: the first fixture of that kind, its coded pictures made of bytes that differ. */
export function rangeTrack(kind: 'av1' | 'vp9', limit = 16): BuiltTrack {
  const { configuration, samples } = RANGE_FIXTURES.find((fixture) => fixture.kind === kind)!;
  const body = hex(configuration);
  const entry =
    kind === 'av1' ? videoEntry('av01', box('av1C', body)) : videoEntry('vp09', box('vpcC', body));
  const data = samples.slice(0, limit).map((row, i) => {
    const { bytes, ranges } = sampleOf(row);
    for (const [start, end] of ranges) fill(bytes, start, end, i, kind === 'vp9');
    return Buffer.from(bytes);
  });
  return videoTrack(entry, data);
}

/** A track of VVC (`vvc1`, all sets in the entry): the slices of the fixture, one a sample, with made-up slice data, and a sample of tiny ones. */
export function vvcTrack(): BuiltTrack {
  const { parameterSets, slices } = SLICE_HEADERS.find(({ kind }) => kind === 'vvc')!;
  const [sps, pps] = parameterSets.map((set) => hex(set));
  const arrays = [sps, pps].map((set, i) => Buffer.concat([u8(0x80 | (15 + i)), u16(1, set.length), set]));
  const vvcC = fullBox('vvcC', 0, 0, u8(0xfe, 2), ...arrays); // NAL length fields of 4 bytes, no profile record
  const nalOf = ([head, , clear]: (typeof slices)[number], dataBytes: number, seed: number): Buffer => {
    const nal = Buffer.concat([hex(head).subarray(0, clear), Buffer.alloc(dataBytes)]);
    fill(nal, clear, nal.length, seed, false);
    return Buffer.concat([u32(nal.length), nal]);
  };
  const data = slices.map((slice, i) => nalOf(slice, slice[1] - slice[2], i));
  // several slices, none of which has a whole block
  data.push(Buffer.concat([nalOf(slices[1], 15, 1), nalOf(slices[1], 9, 2)]));
  return videoTrack(videoEntry('vvc1', vvcC), data);
}

/** Bytes that differ from block to block, and are never zero, as no start code may arise. */
function fill(bytes: Uint8Array, start: number, end: number, seed: number, keepsLast: boolean): void {
  for (let at = start; at < end - (keepsLast ? 1 : 0); at++)
    bytes[at] = 1 + ((at * 13 + seed * 31 + (at >> 4)) % 254);
}

function videoTrack(entry: Buffer, data: readonly Buffer[]): BuiltTrack {
  const samples = data.map((bytes, i): BuiltSample => ({ data: bytes, duration: 512, sync: i === 0 }));
  return { id: 1, handler: 'vide', timescale: 12_800, entries: [entry], samples };
}

/** A visual sample entry (ISO/IEC 14496-12 12.1.3). */
function videoEntry(fourcc: string, config: Buffer): Buffer {
  const head = [u32(0), u16(0, 1), u32(0, 0, 0, 0), u16(192, 128), u32(0x480000, 0x480000, 0), u16(1)];
  return box(fourcc, ...head, Buffer.alloc(32), u16(0x18, 0xffff), config);
}
