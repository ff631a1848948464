import { release } from '../bytes/release.js';
import type { Aes } from './aes.js';
import { BLOCK_BYTES } from './scheme.js';

/** Blocks of one AES call: 32 KB of key stream, which the first caches of a core hold. */
const BATCH_BLOCKS = 2048;

/**
 * CTR mode over many short byte ranges at once: collects counter blocks, encrypts them in one AES call, and
 * XORs the key stream into each range. A cipher object for each would cost far more than its AES.
 */
export class CtrBatch {
  readonly #aes: Aes;
  readonly #blocks = new Uint8Array(BATCH_BLOCKS * BLOCK_BYTES);
  readonly #blocksView = new DataView(this.#blocks.buffer);
  #blockCount = 0;

  // The ranges collected: where they are, and where their key stream starts.
  readonly #targets: Uint8Array[] = [];
  readonly #targetAt = new Float64Array(BATCH_BLOCKS);
  readonly #lengths = new Uint32Array(BATCH_BLOCKS);
  readonly #streamAt = new Uint32Array(BATCH_BLOCKS);

  constructor(aes: Aes) {
    this.#aes = aes;
  }

  /**
   * @param bytes changed from `at` on when the batch is carried out
   * @param iv counter block of stream position 0; its second half counts modulo 2^64
   * @param position where in the sample's CTR stream these bytes stand
   */
  add(bytes: Uint8Array, at: number, length: number, iv: DataView, position: number): void {
    for (let done = 0; done < length; ) {
      if (this.#blockCount === BATCH_BLOCKS) this.flush();
      const skipped = (position + done) % BLOCK_BYTES;
      const room = (BATCH_BLOCKS - this.#blockCount) * BLOCK_BYTES - skipped;
      const part = Math.min(length - done, room);
      this.#collect(bytes, at + done, part, skipped);
      this.#count(iv, Math.floor((position + done) / BLOCK_BYTES), Math.ceil((skipped + part) / BLOCK_BYTES));
      done += part;
    }
  }

  /** Carries out what was collected. */
  flush(): void {
    if (this.#blockCount === 0) return;
    const output = this.#aes.encryptBlocks(this.#blocks.subarray(0, this.#blockCount * BLOCK_BYTES));
    const keyStream = viewOf(output);
    let bytes = this.#targets[0];
    let view = viewOf(bytes);
    for (let i = 0; i < this.#targets.length; i++) {
      if (this.#targets[i] !== bytes) {
        bytes = this.#targets[i];
        view = viewOf(bytes);
      }
      xor(view, this.#targetAt[i], keyStream, this.#streamAt[i], this.#lengths[i]);
    }
    this.#targets.length = 0;
    this.#blockCount = 0;
    release(output);
  }

  #collect(bytes: Uint8Array, at: number, length: number, skipped: number): void {
    const index = this.#targets.length;
    this.#targets.push(bytes);
    this.#targetAt[index] = at;
    this.#lengths[index] = length;
    this.#streamAt[index] = this.#blockCount * BLOCK_BYTES + skipped;
  }

  /** Writes `count` counter blocks, from block `first` of the sample on. */
  #count(iv: DataView, first: number, count: number): void {
    const view = this.#blocksView;
    const high0 = iv.getUint32(0);
    const high1 = iv.getUint32(4);
    const low0 = iv.getUint32(8);
    let low = iv.getUint32(12) + first;
    let at = this.#blockCount * BLOCK_BYTES;
    for (let i = 0; i < count; i++, low++, at += BLOCK_BYTES) {
      view.setUint32(at, high0);
      view.setUint32(at + 4, high1);
      view.setUint32(at + 8, low < 2 ** 32 ? low0 : low0 + 1); // setUint32 takes its number modulo 2^32
      view.setUint32(at + 12, low);
    }
    this.#blockCount += count;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** XORs `length` bytes of `keyStream` into `bytes`; both may stand at any offset. */
function xor(bytes: DataView, bytesAt: number, keyStream: DataView, streamAt: number, length: number): void {
  const shift = streamAt - bytesAt;
  const end = bytesAt + length;
  const wordsEnd = end - (length % 4);
  let at = bytesAt;
  for (; at < wordsEnd; at += 4) {
    bytes.setInt32(at, bytes.getInt32(at, true) ^ keyStream.getInt32(at + shift, true), true);
  }
  for (; at < end; at++) bytes.setUint8(at, bytes.getUint8(at) ^ keyStream.getUint8(at + shift));
}
