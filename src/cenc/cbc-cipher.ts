import type { Aes, CbcChain, Direction } from './aes.js';
import type { SampleBytes, SampleCipher } from './sample-cipher.js';
import { BLOCK_BYTES, type Pattern, type Scheme } from './scheme.js';
import type { SubsampleTable } from './subsamples.js';

/** The blocks of a range that a pattern takes, next to each other: of whichever cipher is at work on this thread. */
let workspace = new Uint8Array(4096);

/**
 * AES-128-CBC for schemes `cbcs` and `cbc1` (ISO/IEC 23001-7 10.2, 10.4).
 *
 * Whole blocks of the protected ranges, as one chain a sample (cbc1) or one a range (cbcs); the bytes behind the last
 * whole block of a range stay clear (ISO/IEC 23001-7 9.5.2, 9.6). With a pattern, blocks chain over the skipped ones.
 * A chain has no middle to start from, so a part must be a whole sample.
 */
export class CbcSampleCipher implements SampleCipher {
  readonly #chain: CbcChain;
  readonly #direction: Direction;
  readonly #restartsAtSubsample: boolean;
  readonly #pattern: Pattern;
  readonly #iv = new Uint8Array(BLOCK_BYTES);
  readonly #lastCipherBlock = new Uint8Array(BLOCK_BYTES);

  constructor(aes: Aes, scheme: Scheme, pattern: Pattern, direction: Direction) {
    this.#chain = aes.createCbc(direction);
    this.#direction = direction;
    this.#restartsAtSubsample = scheme.restartsAt === 'subsample';
    this.#pattern = pattern;
  }

  process(part: SampleBytes, iv: Uint8Array, subsamples?: SubsampleTable, sampleIndex = 0): void {
    const { bytes, at, fromByte, toByte } = part;
    if (fromByte !== 0) throw new RangeError('a sample of a CBC scheme is processed whole');
    // A shorter IV fills the first bytes of the block, as all readers but one have it.
    this.#iv.fill(0).set(iv);
    if (!subsamples) {
      this.#processRange(bytes, at, toByte);
      return;
    }
    let next = at;
    const end = subsamples.starts[sampleIndex + 1];
    for (let i = subsamples.starts[sampleIndex]; i < end; i++) {
      next += subsamples.clearBytes[i];
      const protectedBytes = subsamples.protectedBytes[i];
      this.#processRange(bytes, next, protectedBytes);
      next += protectedBytes;
    }
  }

  flush(): void {}

  #processRange(bytes: Uint8Array, at: number, lengthBytes: number): void {
    const wholeBytes = lengthBytes - (lengthBytes % BLOCK_BYTES);
    if (wholeBytes === 0) return;
    const { cryptByteBlock, skipByteBlock } = this.#pattern;
    if (skipByteBlock === 0) this.#runChain(bytes.subarray(at, at + wholeBytes));
    else this.#runPattern(bytes, at, wholeBytes, cryptByteBlock * BLOCK_BYTES, skipByteBlock * BLOCK_BYTES);
  }

  #runPattern(
    bytes: Uint8Array,
    at: number,
    wholeBytes: number,
    cryptBytes: number,
    skipBytes: number,
  ): void {
    if (workspace.length < wholeBytes) workspace = new Uint8Array(2 * wholeBytes);
    const view = viewOf(bytes);
    const gathered = viewOf(workspace);
    const stepBytes = cryptBytes + skipBytes;
    let count = 0;
    for (let from = 0; from < wholeBytes; from += stepBytes) {
      const length = Math.min(cryptBytes, wholeBytes - from);
      copyBlocks(view, at + from, gathered, count, length);
      count += length;
    }
    this.#runChain(workspace.subarray(0, count));
    count = 0;
    for (let from = 0; from < wholeBytes; from += stepBytes) {
      const length = Math.min(cryptBytes, wholeBytes - from);
      copyBlocks(gathered, count, view, at + from, length);
      count += length;
    }
  }

  #runChain(blocks: Uint8Array): void {
    if (this.#restartsAtSubsample) {
      this.#chain(blocks, this.#iv);
      return;
    }
    // cbc1 goes on from the last cipher block of the range before.
    if (this.#direction === 'decrypt') this.#lastCipherBlock.set(blocks.subarray(-BLOCK_BYTES));
    this.#chain(blocks, this.#iv);
    this.#iv.set(this.#direction === 'decrypt' ? this.#lastCipherBlock : blocks.subarray(-BLOCK_BYTES));
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whole 16-byte blocks at any offsets; four words a block cost less than a view of each. */
function copyBlocks(from: DataView, fromAt: number, to: DataView, toAt: number, lengthBytes: number): void {
  for (let i = 0; i < lengthBytes; i += BLOCK_BYTES) {
    to.setInt32(toAt + i, from.getInt32(fromAt + i));
    to.setInt32(toAt + i + 4, from.getInt32(fromAt + i + 4));
    to.setInt32(toAt + i + 8, from.getInt32(fromAt + i + 8));
    to.setInt32(toAt + i + 12, from.getInt32(fromAt + i + 12));
  }
}
