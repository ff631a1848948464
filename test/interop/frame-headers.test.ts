import { expect, it } from 'vitest';
import { createRangeReader, RANGE_CODECS } from '../../src/bitstream/range-readers.js';
import { configurationOf, type Range, readRanges } from '../bitstream/ranges.js';
import { readMovie } from '../support/mp4-reader.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, ffmpeg } from '../support/tools.js';
import { traceHeaders } from '../support/trace-headers.js';

const temporary = temporaryFolder();

/** One stream that ffmpeg's encoders make. Its frames have as many tiles as `tiles` says, 1 when absent. */
interface Stream {
  readonly name: string;
  readonly args: string;
  readonly tiles?: number;
  readonly source?: string;
}

const NOISE = 'testsrc2=s=192x128:r=25,noise=alls=30:allf=t';
const AOM = '-frames:v 7 -c:v libaom-av1 -cpu-used 8 -lag-in-frames 5 -g 5';
const SVT = '-frames:v 12 -c:v libsvtav1 -preset 12 -g 10';
const VPX = '-frames:v 12 -c:v libvpx-vp9 -cpu-used 8 -deadline good -b:v 100k -lag-in-frames 8';

const STREAMS: readonly Stream[] = [
  { name: 'AV1, 2x2 tiles', args: `${AOM} -tiles 2x2 -aom-params sb-size=64`, tiles: 4 },
  { name: 'AV1, tile groups', args: `${AOM} -tiles 2x2 -aom-params sb-size=64:num-tile-groups=2`, tiles: 4 },
  { name: 'AV1, 4:4:4 in 10 bits', args: `${AOM} -pix_fmt yuv444p10le` },
  { name: 'AV1, monochrome', args: `${AOM} -pix_fmt gray` },
  { name: 'AV1, lossless', args: `${AOM} -aom-params lossless=1` },
  { name: 'AV1, segmentation and matrices', args: `${AOM} -aq-mode 1 -aom-params deltaq-mode=1:enable-qm=1` },
  { name: 'AV1, film grain', args: `${AOM} -aom-params film-grain-test=3` },
  {
    name: 'AV1, error resilient with a decoder model',
    args: `${AOM} -aom-params error-resilient=1:timing-info=model`,
  },
  { name: 'AV1, hierarchy by SVT', args: SVT },
  { name: 'VP9, superframes', args: `${VPX} -auto-alt-ref 6 -aq-mode 1` },
  { name: 'VP9, error resilient', args: `${VPX} -error-resilient 1` },
  { name: 'VP9, profile 1', args: `${VPX} -pix_fmt yuv444p` },
  { name: 'VP9, profile 3, RGB', args: `${VPX} -pix_fmt gbrp10le` },
  { name: 'VP9, tiles', args: `${VPX} -tile-columns 2 -tile-rows 1`, source: 'testsrc2=s=1280x128:r=25' },
];

/** What is tried without sweeps: one of each way that headers differ in length. */
const SHORT = [
  'AV1, tile groups',
  'AV1, film grain',
  'AV1, hierarchy by SVT',
  'VP9, superframes',
  'VP9, tiles',
];

describeWith(['ffmpeg'], "coded pictures begin where ffmpeg's own parser ends the frame header", () => {
  const encoders = ffmpeg('-encoders');
  for (const { name, args, tiles = 1, source = NOISE } of STREAMS) {
    const encoder = /-c:v (\S+)/.exec(args)![1];
    const isMissing = !encoders.includes(` ${encoder} `);
    const isLeftOut = !SWEEPS && !SHORT.includes(name);
    const reason = isMissing ? ` (skipped: ffmpeg has no ${encoder})` : isLeftOut ? ` ${BY_SWEEPS}` : '';
    it.skipIf(reason)(name + reason, () => {
      const path = temporary('stream.mp4');
      ffmpeg('-f', 'lavfi', '-i', source, ...args.split(' '), path);
      compareWithTrace(path, tiles);
    });
  }
});

function compareWithTrace(path: string, tiles: number): void {
  const movie = readMovie(path);
  const [{ entries, samples }] = movie.tracks;
  const kind = RANGE_CODECS[entries[0].codec];
  const reader = createRangeReader(kind, configurationOf(entries[0].bytes));
  const headers = tracedHeaders(path);
  samples.forEach((sample, index) => {
    const bytes = movie.at(sample.offset, sample.size);
    const expected = kind === 'av1' ? tilesOf(bytes, headers, tiles) : framesOf(bytes, headers);
    expect({ index, ranges: readRanges(reader, bytes) }).toEqual({ index, ranges: expected });
  });
  expect(headers).toEqual([]);
}

/** A unit that ffmpeg traced: an OBU of AV1 or a frame of VP9. */
interface TracedUnit {
  /** Of the OBU; 0 for VP9. */
  type: number;
  /** From the unit's start to the end of its last syntax element, rounded up to bytes. */
  headerBytes: number;
  showsExisting: boolean;
  tileSizeBytes: number;
  /** Indexes of the first and last tile; absent when a group has all tiles. */
  firstTile?: number;
  lastTile?: number;
}

/** All units in decoding order. Rows of the trace are: bit position, name, bits, `=`, value. */
function tracedHeaders(path: string): TracedUnit[] {
  const units: TracedUnit[] = [];
  let inPacket = false;
  for (const line of traceHeaders(path)) {
    const row = /\[trace_headers @ \w+\] (?:(\d+) +(\S+) +([01]*) = (-?\d+)|(.*))/.exec(line);
    if (!row) continue;
    const [, bit, field, bits, value, title] = row;
    if (title !== undefined) {
      inPacket ||= title.startsWith('Packet:'); // before the first packet there is the decoder configuration
      if (inPacket && (title === 'OBU header' || title === 'Frame')) units.push(newUnit());
    } else if (inPacket && units.length > 0) {
      takeElement(units[units.length - 1], field, Number(value), Number(bit) + bits.length);
    }
  }
  return units;
}

function newUnit(): TracedUnit {
  return { type: 0, headerBytes: 0, showsExisting: false, tileSizeBytes: 0 };
}

const TAKERS: Record<string, (unit: TracedUnit, value: number) => void> = {
  obu_type: (unit, value) => {
    unit.type = value;
  },
  show_existing_frame: (unit, value) => {
    unit.showsExisting = value === 1;
  },
  tile_size_bytes_minus1: (unit, value) => {
    unit.tileSizeBytes = value + 1;
  },
  tg_start: (unit, value) => {
    unit.firstTile = value;
  },
  tg_end: (unit, value) => {
    unit.lastTile = value;
  },
};

function takeElement(unit: TracedUnit, field: string, value: number, endBit: number): void {
  TAKERS[field]?.(unit, value);
  unit.headerBytes = Math.max(unit.headerBytes, Math.ceil(endBit / 8));
}

const OBU_FRAME_HEADER = 3;
const OBU_TILE_GROUP = 4;
const OBU_FRAME = 6;
let tileSizeBytes = 0;

/** The tiles of an AV1 sample, by the traced ends of headers. */
function tilesOf(bytes: Buffer, headers: TracedUnit[], tiles: number): Range[] {
  const ranges: Range[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = headers.shift()!;
    const end = endOfObu(bytes, at);
    if (header.type === OBU_FRAME_HEADER || header.type === OBU_FRAME) ({ tileSizeBytes } = header);
    if (header.type === OBU_TILE_GROUP || header.type === OBU_FRAME) {
      const { firstTile = 0, lastTile = tiles - 1 } = header;
      ranges.push(...rangesOfGroup(bytes, at + header.headerBytes, end, lastTile - firstTile + 1));
    }
    at = end;
  }
  return ranges;
}

function rangesOfGroup(bytes: Buffer, start: number, end: number, tiles: number): Range[] {
  const ranges: Range[] = [];
  let at = start;
  for (let i = 1; i < tiles; i++) {
    const size = bytes.readUIntLE(at, tileSizeBytes) + 1;
    ranges.push([at + tileSizeBytes, at + tileSizeBytes + size]);
    at += tileSizeBytes + size;
  }
  return [...ranges, [at, end]];
}

function endOfObu(bytes: Buffer, start: number): number {
  let at = start + (bytes[start] & 4 ? 2 : 1);
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    size += (bytes[at] & 0x7f) << shift;
    if (bytes[at++] < 0x80) return at + size;
  }
}

/** What follows the uncompressed header of each frame of a VP9 sample. */
function framesOf(bytes: Buffer, headers: TracedUnit[]): Range[] {
  const ranges: Range[] = [];
  let at = 0;
  for (const size of frameSizes(bytes)) {
    const { headerBytes, showsExisting } = headers.shift()!;
    if (!showsExisting) ranges.push([at + headerBytes, at + size]);
    at += size;
  }
  return ranges;
}

function frameSizes(bytes: Buffer): number[] {
  const marker = bytes[bytes.length - 1];
  const width = ((marker >> 3) & 3) + 1;
  const frames = (marker & 7) + 1;
  const index = bytes.length - 2 - width * frames;
  if (marker >> 5 !== 6 || bytes[index] !== marker) return [bytes.length];
  return Array.from({ length: frames }, (_, i) => bytes.readUIntLE(index + 1 + width * i, width));
}
