import { release } from '../bytes/release.js';
import type { Aes } from './aes.js';
import { BLOCK_BYTES } from './scheme.js';

/** Blocks of one AES call: 32 KB of key stream, which the first caches of a core hold. */
const BATCH_BLOCKS = 2048;

/** What a batch collects in. */
interface BatchMemory {
  readonly blocks: Uint8Array;
  readonly view: DataView;
  // The ranges collected: where they are, and where their key stream starts.
  readonly targetAt: Float64Array;
  readonly lengths: Uint32Array;
  readonly streamAt: Uint32Array;
}

/** Of batches that have nothing to do. A title of many crypto periods has thousands of batches, of which few work at a time. */
const idle: BatchMemory[] = [];

function takeMemory(): BatchMemory {
  const known = idle.pop();
  if (known) return known;
  const blocks = new Uint8Array(BATCH_BLOCKS * BLOCK_BYTES);
  return {
    blocks,
    view: new DataView(blocks.buffer),
    targetAt: new Float64Array(BATCH_BLOCKS),
    lengths: new Uint32Array(BATCH_BLOCKS),
    streamAt: new Uint32Array(BATCH_BLOCKS),
  };
}

/**
 * CTR mode over many short byte ranges at once: collects counter blocks, encrypts them in one AES call, and
 * XORs the key stream into each range. A cipher object for each would cost far more than its AES.
 */
export class CtrBatch {
  readonly #aes: Aes;
  readonly #targets: Uint8Array[] = [];
  #blockCount = 0;
  /** Absent while nothing is collected. */
  #memory: BatchMemory | undefined;

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
    if (!this.#memory) return;
    const { blocks, targetAt, lengths, streamAt } = this.#memory;
    const output = this.#aes.encryptBlocks(blocks.subarray(0, this.#blockCount * BLOCK_BYTES));
    const keyStream = viewOf(output);
    let bytes = this.#targets[0];
    let view = viewOf(bytes);
    for (let i = 0; i < this.#targets.length; i++) {
      if (this.#targets[i] !== bytes) {
        bytes = this.#targets[i];
        view = viewOf(bytes);
      }
      xor(view, targetAt[i], keyStream, streamAt[i], lengths[i]);
    }
    this.#targets.length = 0;
    this.#blockCount = 0;
    idle.push(this.#memory);
    this.#memory = undefined;
    release(output);
  }

  #collect(bytes: Uint8Array, at: number, length: number, skipped: number): void {
    const index = this.#targets.length;
    this.#targets.push(bytes);
    this.#memory ??= takeMemory();
    this.#memory.targetAt[index] = at;
    this.#memory.lengths[index] = length;
    this.#memory.streamAt[index] = this.#blockCount * BLOCK_BYTES + skipped;
  }

  /** Writes `count` counter blocks, from block `first` of the sample on. */
  #count(iv: DataView, first: number, count: number): void {
    const { view } = this.#memory!;
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
