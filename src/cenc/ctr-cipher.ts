import type { Aes, CtrRun } from './aes.js';
import { CtrBatch } from './ctr-batch.js';
import type { SampleBytes, SampleCipher } from './sample-cipher.js';
import { BLOCK_BYTES, type Pattern } from './scheme.js';
import { ShortRanges } from './short-ranges.js';
import type { SubsampleTable } from './subsamples.js';

/**
 * Parts of samples from this size on get a cipher object of their own. Setting one up costs some 4 µs, but then it
 * runs faster than batched blocks; the two meet behind 16 KiB.
 */
const OWN_CIPHER_BYTES = 16384;

/** Protected ranges below this size are gathered for one call of the cipher, which costs as much as the copying of so many bytes. */
const OWN_CALL_BYTES = 8192;

/** Of whichever cipher is at work on this thread. */
const short = new ShortRanges();

/**
 * AES-128-CTR for schemes `cenc` and `cens` (ISO/IEC 23001-7 10.1, 10.3): the same in both directions.
 *
 * All protected ranges of a sample form one CTR stream (ISO/IEC 23001-7 9.5.2), and position s of that stream
 * uses counter block floor(s / 16). The first half of the counter block stays as the IV gives it; the second
 * half counts modulo 2^64 (9.4.2), from 0 with 8-byte IVs, from the IV's second half with 16-byte ones.
 * Under a pattern, the stream is that of the encrypted blocks alone, and what is behind the last whole block of a
 * range stays clear (9.6).
 */
export class CtrSampleCipher implements SampleCipher {
  readonly #aes: Aes;
  readonly #batch: CtrBatch;
  readonly #pattern: Pattern | undefined;

  /** The counter block of the sample at hand, of stream position 0. */
  readonly #iv = new Uint8Array(BLOCK_BYTES);
  readonly #ivView = new DataView(this.#iv.buffer);
  /** The counter block that a run starts at. */
  readonly #counterBlock = new Uint8Array(BLOCK_BYTES);
  readonly #counterView = new DataView(this.#counterBlock.buffer);
  /** The CTR run of the part at hand. */
  #run: CtrRun | undefined;
  #startCtr: Aes['startCtr'];
  /** The stream position where the second half of the counter block goes back to 0. */
  #wrapAt = Number.POSITIVE_INFINITY;

  /** @param pattern only of a scheme that encrypts by patterns; 0:0 is every whole block */
  constructor(aes: Aes, pattern?: Pattern) {
    this.#aes = aes;
    this.#batch = new CtrBatch(aes);
    this.#pattern = pattern;
  }

  process(part: SampleBytes, iv: Uint8Array, subsamples?: SubsampleTable, sampleIndex = 0): void {
    this.#load(iv);
    this.#startCtr = part.toByte - part.fromByte < OWN_CIPHER_BYTES ? undefined : this.#aes.startCtr;
    if (subsamples) this.#processSubsamples(part, subsamples, sampleIndex);
    else this.#processProtected(part, 0, part.sizeBytes, 0);
    this.#endRun();
  }

  flush(): void {
    this.#batch.flush();
  }

  #processSubsamples(part: SampleBytes, subsamples: SubsampleTable, sampleIndex: number): void {
    const end = subsamples.starts[sampleIndex + 1];
    let sampleAt = 0;
    let streamAt = 0;
    for (let i = subsamples.starts[sampleIndex]; i < end && sampleAt < part.toByte; i++) {
      const protectedBytes = subsamples.protectedBytes[i];
      sampleAt += subsamples.clearBytes[i];
      streamAt += this.#processProtected(part, sampleAt, sampleAt + protectedBytes, streamAt);
      sampleAt += protectedBytes;
    }
  }

  #load(iv: Uint8Array): void {
    this.#iv.fill(0);
    this.#iv.set(iv);
    const isNearWrap = this.#ivView.getUint32(8) === 0xffffffff;
    const blocksToWrap = 2 ** 32 - this.#ivView.getUint32(12);
    this.#wrapAt = isNearWrap ? blocksToWrap * BLOCK_BYTES : Number.POSITIVE_INFINITY;
  }

  /** Protected range [from, to) of the sample, by the pattern. Returns how far the stream gets by it. */
  #processProtected(part: SampleBytes, from: number, to: number, streamAt: number): number {
    if (!this.#pattern) {
      this.#processRange(part, from, to, streamAt);
      return to - from;
    }
    const { cryptByteBlock, skipByteBlock } = this.#pattern;
    const wholeEnd = to - ((to - from) % BLOCK_BYTES);
    const cryptBytes = skipByteBlock === 0 ? wholeEnd - from : cryptByteBlock * BLOCK_BYTES;
    const stepBytes = cryptBytes + skipByteBlock * BLOCK_BYTES;
    let usedBytes = 0;
    for (let at = from; at < wholeEnd && at < part.toByte; at += stepBytes) {
      const length = Math.min(cryptBytes, wholeEnd - at);
      this.#processRange(part, at, at + length, streamAt + usedBytes);
      usedBytes += length;
    }
    return usedBytes;
  }

  /** The part of encrypted range [from, to) of the sample that lies in the part; it starts at `streamAt`. */
  #processRange(part: SampleBytes, from: number, to: number, streamAt: number): void {
    const start = Math.max(from, part.fromByte);
    const length = Math.min(to, part.toByte) - start;
    if (length <= 0) return;
    const at = part.at + start - part.fromByte;
    const position = streamAt + start - from;
    if (!this.#startCtr) {
      this.#batch.add(part.bytes, at, length, this.#ivView, position);
      return;
    }
    const beforeWrap = Math.max(0, Math.min(length, this.#wrapAt - position));
    this.#runCtr(part.bytes, at, at + beforeWrap, position);
    this.#runCtr(part.bytes, at + beforeWrap, at + length, position + beforeWrap);
  }

  /** Bytes [from, to), none of them across the wrap, by a cipher object of this part. */
  #runCtr(bytes: Uint8Array, from: number, to: number, position: number): void {
    if (from === to) return;
    // A run carries into the first half where this must not happen, so a new one starts at the wrap.
    if (position === this.#wrapAt) this.#endRun();
    this.#run ??= this.#startRun(position);
    if (to - from < OWN_CALL_BYTES) {
      short.add(bytes, from, to - from, this.#run);
      return;
    }
    short.flush(this.#run);
    this.#run(bytes.subarray(from, to));
  }

  #endRun(): void {
    if (!this.#run) return;
    short.flush(this.#run);
    this.#run = undefined;
  }

  #startRun(position: number): CtrRun {
    const low = this.#ivView.getUint32(12) + Math.floor(position / BLOCK_BYTES);
    this.#counterBlock.set(this.#iv);
    // setUint32 takes its number modulo 2^32
    this.#counterView.setUint32(8, this.#ivView.getUint32(8) + Math.floor(low / 2 ** 32));
    this.#counterView.setUint32(12, low);
    const run = this.#startCtr!(this.#counterBlock);
    const skipped = position % BLOCK_BYTES;
    if (skipped > 0) run(new Uint8Array(skipped)); // drops the key stream of the block's bytes before the position
    return run;
  }
}
