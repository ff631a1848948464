import { expect, it } from 'vitest';
import { encryptTo } from '../support/jobs.js';
import { type ReadSample, readMovie } from '../support/mp4-reader.js';
import { sample, testMedia } from '../support/samples.js';
import { itWith, type Stream, streamPath } from '../support/streams.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';
import { traceHeaders } from '../support/trace-headers.js';

const temporary = temporaryFolder();

const FILES = [
  ...['bars.mp4', 'bars-hevc.mp4'].map(sample),
  ...['multislice.mp4', 'cavlc.mp4', 'interlaced.mp4', 'avc3.mp4', 'hevc-multislice.mp4', 'hev1.mp4'].map(
    testMedia,
  ),
].map((path) => ({ path, name: path.slice(path.lastIndexOf('/') + 1) }));

const NAL_LENGTH_SIZE = 4;

/** Bytes of a file: start inclusive, end exclusive. */
type Range = readonly [start: number, end: number];

const FADING = 'testsrc2=s=160x96:r=25,fade=in:0:20,noise=alls=10:allf=t';

/** Streams with headers that the files have not, where ffmpeg has the encoder. */
const MADE: readonly Stream[] = (
  [
    [
      'AVC, P and B slices with weights',
      'libx264',
      '-x264-params weightp=2:weightb=1:bframes=3:ref=4:slices=3',
    ],
    ['AVC, MBAFF', 'libx264', '-flags +ildct -x264-params tff=1:bframes=2:ref=3:weightp=0:slices=2'],
    ['AVC, slices of few macroblocks', 'libx264', '-x264-params slice-max-mbs=3:bframes=2:cabac=0:weightp=2'],
    [
      'HEVC, P and B slices with weights',
      'libx265',
      '-x265-params log-level=none:weightp=1:weightb=1:bframes=3:ref=4:slices=2:wpp=1:ctu=16',
    ],
    ['HEVC, fields', 'libx265', '-x265-params log-level=none:interlace=tff:bframes=2:ctu=16'],
    [
      'HEVC, parameter sets before each IDR',
      'libx265',
      '-tag:v hev1 -x265-params log-level=none:repeat-headers=1:keyint=5:open-gop=1',
    ],
  ] as const
).map(([name, encoder, args]) => ({
  name,
  kind: 'video',
  from: { source: FADING, args: `-frames:v 24 -pix_fmt yuv420p -c:v ${encoder} ${args}` },
}));

describeWith(['ffmpeg'], "protection begins where ffmpeg's own parser ends the slice header", () => {
  it.each(FILES)('$name', async ({ name, path }) => {
    await expectTracedEnds(path, name);
  });

  for (const stream of MADE) {
    itWith(stream, stream.name, () => expectTracedEnds(streamPath(stream, temporary), stream.name));
  }
});

/** Under cenc in whole blocks before the end; under cbcs from the very first byte of slice data on. */
async function expectTracedEnds(path: string, name: string): Promise<void> {
  const traced = sliceHeaderSizes(path);
  expect(traced.length).toBeGreaterThan(0);
  for (const [scheme, unitBytes] of [
    ['cenc', 16],
    ['cbcs', 1],
  ] as const) {
    const output = temporary(`${name}.${scheme}.mp4`);
    await encryptTo(path, output, { layout: 'keep', tracks: ['video'], scheme });
    const headerSizes = [...traced];
    const before = readMovie(path);
    const after = readMovie(output);
    const track = before.tracks.findIndex(({ handler }) => handler === 'vide');
    const isHevc = before.tracks[track].entries[0].codec.startsWith('h');
    before.tracks[track].samples.forEach((one, i) => {
      const expected = protectedRanges(before.at(one.offset, one.size), isHevc, headerSizes, unitBytes);
      expect({ sample: i, ranges: rangesOf(after.tracks[track].samples[i]) }).toEqual({
        sample: i,
        ranges: expected,
      });
    });
    expect(headerSizes).toEqual([]);
  }
}

/**
 * Size of every slice header in decoding order, NAL unit header included, rounded up to whole bytes, without
 * emulation prevention bytes. Rows of the trace are: bit position, name, bits, `=`, value.
 */
function sliceHeaderSizes(path: string): number[] {
  const sizes: number[] = [];
  let inSlice = false;
  for (const line of traceHeaders(path)) {
    const row = /\[trace_headers @ \w+\] (?:(\d+) +\S+ +([01]+) = |(.*))/.exec(line);
    if (!row) continue;
    if (row[3] !== undefined) {
      inSlice = /^Slice (Segment )?Header/.test(row[3]);
      if (inSlice) sizes.push(0);
    } else if (inSlice) {
      sizes[sizes.length - 1] = Math.ceil((Number(row[1]) + row[2].length) / 8);
    }
  }
  return sizes;
}

/** What ISO/IEC 23001-7 10 leaves to protect: whole units of slice data, the remainder clear before them. */
function protectedRanges(bytes: Buffer, isHevc: boolean, headerSizes: number[], unitBytes: number): Range[] {
  const ranges: Range[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + NAL_LENGTH_SIZE;
    const end = start + bytes.readUInt32BE(at);
    if (isSlice(bytes[start], isHevc)) {
      const dataAt = start + escapedSize(bytes.subarray(start, end), headerSizes.shift()!);
      const size = Math.floor((end - dataAt) / unitBytes) * unitBytes;
      if (size > 0) ranges.push([end - size, end]);
    }
    at = end;
  }
  return ranges;
}

function isSlice(firstByte: number, isHevc: boolean): boolean {
  return isHevc ? ((firstByte >> 1) & 63) < 32 : [1, 5].includes(firstByte & 31);
}

/** Bytes that so many bytes take once emulation prevention bytes (00 00 03) are counted. */
function escapedSize(nal: Buffer, sizeBytes: number): number {
  let zeros = 0;
  let at = 0;
  for (let left = sizeBytes; left > 0; at++) {
    const isEscape = zeros >= 2 && nal[at] === 3;
    zeros = nal[at] === 0 ? zeros + 1 : 0;
    if (!isEscape) left--;
  }
  return at;
}

function rangesOf({ subsamples }: ReadSample): Range[] {
  const ranges: Range[] = [];
  let at = 0;
  for (const [clear, hidden] of subsamples ?? []) {
    if (hidden > 0) ranges.push([at + clear, at + clear + hidden]);
    at += clear + hidden;
  }
  return ranges;
}
