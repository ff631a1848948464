import { release } from '../bytes/release.js';
import type { Aes } from './aes.js';
import { ctrKernel } from './ctr-kernel.js';
import { BLOCK_BYTES } from './scheme.js';

/** Blocks of one AES call: 32 KiB of key stream, and as much of what it is XORed into, fill the memory of the kernel. */
const BATCH_BLOCKS = 2048;
const BATCH_BYTES = BATCH_BLOCKS * BLOCK_BYTES;

/** Ranges shorter than this are copied byte by byte: a call to copy them would take longer. */
const WORTH_A_CALL_BYTES = 48;

/** The ranges that a batch has collected. */
interface Ranges {
  /** Where they are. */
  readonly at: Float64Array;
  readonly lengths: Uint32Array;
  /** Where in the batch the key stream of each stands. */
  readonly streamAt: Uint32Array;
  /** The counter block of each: four 32-bit parts. */
  readonly counters: Uint32Array;
}

/** Of batches that have nothing to do. A title of many crypto periods has thousands of batches, of which few work at a time. */
const idle: Ranges[] = [];

function takeRanges(): Ranges {
  return (
    idle.pop() ?? {
      at: new Float64Array(BATCH_BLOCKS),
      lengths: new Uint32Array(BATCH_BLOCKS),
      streamAt: new Uint32Array(BATCH_BLOCKS),
      counters: new Uint32Array(4 * BATCH_BLOCKS),
    }
  );
}

/**
 * CTR mode over many short byte ranges at once: collects them, makes their counter blocks, encrypts those in one AES call, and
 * XORs the key stream into each range. A cipher object for each would cost far more than its AES.
 */
export class CtrBatch {
  readonly #aes: Aes;
  readonly #targets: Uint8Array[] = [];
  #blockCount = 0;
  /** Absent while nothing is collected. */
  #ranges: Ranges | undefined;

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
      this.#collect(bytes, at + done, part, skipped, iv, Math.floor((position + done) / BLOCK_BYTES));
      this.#blockCount += Math.ceil((skipped + part) / BLOCK_BYTES);
      done += part;
    }
  }

  /** Carries out what was collected. */
  flush(): void {
    if (!this.#ranges) return;
    const { memory, xor } = ctrKernel();
    const endBytes = this.#blockCount * BLOCK_BYTES;
    this.#count(this.#ranges, endBytes);
    const keyStream = this.#aes.encryptBlocks(memory.subarray(0, endBytes));
    memory.set(keyStream, 0);
    release(keyStream);
    const { at, lengths, streamAt } = this.#ranges;
    for (let i = 0; i < this.#targets.length; i++) {
      copy(this.#targets[i], at[i], memory, BATCH_BYTES + streamAt[i], lengths[i]);
    }
    xor(BATCH_BYTES, BATCH_BYTES + endBytes, 0);
    for (let i = 0; i < this.#targets.length; i++) {
      copy(memory, BATCH_BYTES + streamAt[i], this.#targets[i], at[i], lengths[i]);
    }
    this.#targets.length = 0;
    this.#blockCount = 0;
    idle.push(this.#ranges);
    this.#ranges = undefined;
  }

  #collect(
    bytes: Uint8Array,
    at: number,
    length: number,
    skipped: number,
    iv: DataView,
    block: number,
  ): void {
    const index = this.#targets.length;
    this.#targets.push(bytes);
    this.#ranges ??= takeRanges();
    const { counters } = this.#ranges;
    this.#ranges.at[index] = at;
    this.#ranges.lengths[index] = length;
    this.#ranges.streamAt[index] = this.#blockCount * BLOCK_BYTES + skipped;
    const low = iv.getUint32(12) + block;
    counters[4 * index] = iv.getUint32(0);
    counters[4 * index + 1] = iv.getUint32(4);
    counters[4 * index + 2] = iv.getUint32(8) + Math.floor(low / 2 ** 32); // what is stored is taken modulo 2^32
    counters[4 * index + 3] = low;
  }

  /** Makes the counter blocks of all ranges. */
  #count({ streamAt, counters }: Ranges, endBytes: number): void {
    const { count } = ctrKernel();
    const ranges = this.#targets.length;
    for (let i = 0, c = 0; i < ranges; i++, c += 4) {
      const start = streamAt[i] - (streamAt[i] % BLOCK_BYTES);
      const end = i + 1 < ranges ? streamAt[i + 1] - (streamAt[i + 1] % BLOCK_BYTES) : endBytes;
      count(start, end, counters[c], counters[c + 1], counters[c + 2], counters[c + 3]);
    }
  }
}

function copy(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  if (length < WORTH_A_CALL_BYTES) for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i];
  else to.set(from.subarray(fromAt, fromAt + length), toAt);
}
