import { malformed, type PrpackError } from '../../errors.js';
import type { PeekSample, RangeReader, RangeSink } from '../range-reader.js';
import type { RawBitReader } from '../raw-bit-reader.js';
import { SampleWindow } from '../sample-window.js';
import { NUM_REF_FRAMES, readVp9FrameHeader, type Vp9FrameHeader } from './frame-header.js';

/**
 * A reader for VP9 tracks (VP9 bitstream and decoding process specification). Its ranges are what follows the
 * uncompressed header of each frame. Nothing of the `vpcC` box is needed.
 */
export function createVp9RangeReader(): RangeReader {
  return new Vp9RangeReader();
}

class Vp9RangeReader implements RangeReader {
  readonly #widths: (number | undefined)[] = new Array(NUM_REF_FRAMES).fill(undefined);
  readonly #window = new SampleWindow();

  restart(): void {
    this.#widths.fill(undefined);
  }

  read(sampleSizeBytes: number, peek: PeekSample, sink: RangeSink): void {
    const window = this.#window;
    window.open(sampleSizeBytes, peek);
    let at = 0;
    for (const sizeBytes of readFrameSizes(window)) {
      if (sizeBytes > 0) this.#readFrame(window, at, sizeBytes, sink);
      at += sizeBytes;
    }
    if (at < sampleSizeBytes) sink.clear(sampleSizeBytes - at); // the superframe index, and what no frame owns
  }

  #readFrame(window: SampleWindow, at: number, sizeBytes: number, sink: RangeSink): void {
    const header = window.parse(at, sizeBytes, FRAME_HEADER, (reader) =>
      readVp9FrameHeader(reader, this.#widths),
    );
    for (let slot = 0; slot < NUM_REF_FRAMES; slot++) {
      if ((header.refreshFlags >> slot) & 1) this.#widths[slot] = header.width;
    }
    const restBytes = sizeBytes - header.headerBytes;
    if (header.compressedHeaderBytes > restBytes) throw lyingHeaderSize(restBytes, header);
    const mediaBytes = header.compressedHeaderBytes > 0 ? restBytes : 0;
    sink.clear(sizeBytes - mediaBytes);
    if (mediaBytes > 0) sink.media(mediaBytes);
  }
}

const FRAME_HEADER = { what: 'a VP9 frame header', clause: 'VP9 bitstream 6.2' };
const SUPERFRAME_INDEX = { what: 'a VP9 superframe index', clause: 'VP9 bitstream B.3' };

/** Sizes of the frames of a sample in bytes: of one frame, or of all that a superframe index lists (Annex B). */
function readFrameSizes(window: SampleWindow): number[] {
  const sampleBytes = window.sizeBytes;
  if (sampleBytes === 0) return [];
  const marker = window.parse(sampleBytes - 1, 1, SUPERFRAME_INDEX, (reader) => reader.u(8));
  if (marker >> 5 !== 0b110) return [sampleBytes];
  const bytesPerSize = ((marker >> 3) & 3) + 1;
  const frames = (marker & 7) + 1;
  const indexBytes = 2 + bytesPerSize * frames;
  if (indexBytes > sampleBytes) return [sampleBytes];
  const sizes = window.parse(sampleBytes - indexBytes, indexBytes, SUPERFRAME_INDEX, (reader) =>
    reader.u(8) === marker ? readSizes(reader, frames, bytesPerSize) : undefined,
  );
  if (!sizes) return [sampleBytes];
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (sum <= sampleBytes - indexBytes) return sizes;
  throw malformed('the frames of a VP9 superframe are longer than its sample', {
    expected: sampleBytes - indexBytes,
    received: sum,
    clause: SUPERFRAME_INDEX.clause,
  });
}

function lyingHeaderSize(expected: number, { compressedHeaderBytes }: Vp9FrameHeader): PrpackError {
  return malformed('the compressed header of a VP9 frame is longer than the rest of the frame', {
    expected,
    received: compressedHeaderBytes,
    clause: FRAME_HEADER.clause,
  });
}

function readSizes(reader: RawBitReader, frames: number, bytesPerSize: number): number[] {
  return Array.from({ length: frames }, () => reader.le(bytesPerSize));
}
