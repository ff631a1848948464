import { type NalCodec, NEED_MORE } from '../bitstream/nal-codec.js';
import type { PeekSample } from '../bitstream/range-reader.js';
import { findStartCode } from '../bitstream/start-code.js';
import { malformed, type PrpackError } from '../errors.js';
import type { SubsampleBuilder, SubsampleMapper } from './subsamples.js';

/** How many bytes are asked for at first: enough for a length field and the slice headers of nearly all video. */
const WINDOW_BYTES = 512;
/** How many bytes of a clear NAL unit are searched for start codes at a time. */
const SEARCH_BYTES = 4096;
const START_CODE_BYTES = 3;

/** Maps the samples of one track of NAL units to subsamples, in decoding order. */
export class NalSubsampleMapper implements SubsampleMapper {
  readonly #codec: NalCodec;
  readonly #lengthSize: number;
  readonly #builder: SubsampleBuilder;

  #peek: PeekSample = () => new Uint8Array(0);
  #sampleSize = 0;
  #sampleOffset = 0;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  /** @param lengthSize bytes of the NAL length fields: 1, 2 or 4 (`lengthSizeMinusOne` + 1) */
  constructor(codec: NalCodec, lengthSize: number, builder: SubsampleBuilder) {
    if (lengthSize !== 1 && lengthSize !== 2 && lengthSize !== 4) {
      throw malformed(`NAL length fields have 1, 2 or 4 bytes, not ${lengthSize}`, {
        received: lengthSize,
        clause: 'ISO/IEC 14496-15 5.3.3.1.2',
      });
    }
    this.#codec = codec;
    this.#lengthSize = lengthSize;
    this.#builder = builder;
  }

  /**
   * Feeds one whole sample (begin to end) to the builder. Trailing bytes too few for a length field cannot be
   * a NAL unit and stay clear, as do NAL units of length 0. Units that stay wholly clear are searched for start
   * codes, behind which slices could hide; what follows a slice header is protected whatever it is, and not read.
   * @param sampleOffsetBytes where the sample lies in the file, for error messages
   * @throws PrpackError MALFORMED_INPUT when a NAL length points past the sample, a slice header is broken, or a
   *   clear unit contains a start code
   */
  map(sampleSizeBytes: number, peek: PeekSample, sampleOffsetBytes = 0): void {
    this.#peek = peek;
    this.#sampleSize = sampleSizeBytes;
    this.#sampleOffset = sampleOffsetBytes;
    this.#window = peek(0, Math.min(WINDOW_BYTES, sampleSizeBytes));
    this.#windowStart = 0;
    this.#builder.begin();
    let at = 0;
    while (sampleSizeBytes - at >= this.#lengthSize) at += this.#mapNal(at);
    this.#builder.clear(sampleSizeBytes - at);
    this.#builder.end(sampleSizeBytes);
  }

  /** Maps the length field and NAL unit at `at`. Returns their size together. */
  #mapNal(at: number): number {
    const nalSize = this.#readLength(at);
    const totalBytes = this.#lengthSize + nalSize;
    if (totalBytes > this.#sampleSize - at) throw this.#lyingLength(at, nalSize);
    const nalAt = at + this.#lengthSize;
    const clearBytes = nalSize === 0 ? 0 : this.#clearBytesOfNal(nalAt, nalSize);
    if (clearBytes === nalSize) this.#assertNoStartCode(nalAt, nalSize);
    this.#builder.slice(this.#lengthSize + clearBytes, totalBytes);
    return totalBytes;
  }

  #readLength(at: number): number {
    this.#look(at, this.#lengthSize);
    let length = 0;
    for (let i = 0; i < this.#lengthSize; i++)
      length = length * 256 + this.#window[at - this.#windowStart + i];
    return length;
  }

  #clearBytesOfNal(nalAt: number, nalSize: number): number {
    for (let headBytes = Math.min(nalSize, 64); ; headBytes = Math.min(nalSize, headBytes * 4)) {
      this.#look(nalAt, headBytes);
      const clearBytes = this.#codec.clearBytes(this.#window, nalSize, nalAt - this.#windowStart);
      if (clearBytes !== NEED_MORE) return clearBytes;
    }
  }

  #assertNoStartCode(nalAt: number, nalSize: number): void {
    const endAt = nalAt + nalSize;
    // The next part begins with the last two bytes of this one, so that no start code is cut.
    for (let at = nalAt; endAt - at >= START_CODE_BYTES; at += SEARCH_BYTES - START_CODE_BYTES + 1) {
      const length = Math.min(SEARCH_BYTES, endAt - at);
      this.#look(at, length);
      const from = at - this.#windowStart;
      const found = findStartCode(this.#window, from, from + length);
      if (found >= 0) throw this.#startCodeInside(this.#windowStart + found);
    }
  }

  /** Sees to it that the window holds the sample's bytes [at, at + lengthBytes). */
  #look(at: number, lengthBytes: number): void {
    if (at + lengthBytes <= this.#windowStart + this.#window.length) return;
    const asked = Math.min(Math.max(lengthBytes, WINDOW_BYTES), this.#sampleSize - at);
    this.#window = this.#peek(at, asked);
    this.#windowStart = at;
    if (this.#window.length < lengthBytes) throw new RangeError('peek gave fewer bytes than the sample has');
  }

  #startCodeInside(at: number): PrpackError {
    return malformed('a NAL unit that would stay clear contains a start code, 00 00 01', {
      offsetBytes: this.#sampleOffset + at,
      clause: this.#codec.startCodeClause,
      remedy:
        'The samples hold an Annex B byte stream, as in MPEG-TS. Make the MP4 again from its source, with a program ' +
        'that turns start codes into length fields, such as ffmpeg -c copy.',
    });
  }

  #lyingLength(at: number, nalSize: number): PrpackError {
    return malformed('a NAL unit is longer than the rest of its sample', {
      offsetBytes: this.#sampleOffset + at,
      expected: this.#sampleSize - at - this.#lengthSize,
      received: nalSize,
      clause: 'ISO/IEC 14496-15 5.3.4.2',
    });
  }
}
