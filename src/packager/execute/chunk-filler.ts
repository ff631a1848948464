import type { ByteSource } from '../../bytes/source.js';
import type { Chunk } from './chunk.js';
import { SampleProcessor, type TrackTask } from './sample-processor.js';

/** A read costs as much as the copying of so many bytes: shorter pieces no farther apart are read together. */
const NEAR_BYTES = 8 * 1024;
/** At most so much at once: the caches of a processor hold it. */
const TOGETHER_BYTES = 256 * 1024;

/** Makes the bytes of chunks, on one thread. */
export class ChunkFiller {
  readonly #source: ByteSource;
  readonly #processors: readonly SampleProcessor[];
  /** What was read for several pieces. */
  #together = new Uint8Array(0);

  private constructor(source: ByteSource, processors: readonly SampleProcessor[]) {
    this.#source = source;
    this.#processors = processors;
  }

  /** @param steps the tasks of each step that samples go through, in order */
  static async create(source: ByteSource, steps: readonly (readonly TrackTask[])[]): Promise<ChunkFiller> {
    return new ChunkFiller(source, await Promise.all(steps.map(SampleProcessor.create)));
  }

  /**
   * Fills `target` with the bytes of the chunk, which it must be as long as.
   * @throws PrpackError INPUT_UNREADABLE, TRUNCATED_INPUT
   */
  fill({ literals, copies }: Chunk, target: Uint8Array): void {
    for (const { at, bytes } of literals) target.set(bytes, at);
    for (let i = 0; i < copies.length; ) {
      const end = endOfNeighbours(copies, i);
      if (end === i + 3) this.#read(copies, i, target);
      else this.#readTogether(copies, i, end, target);
      i = end;
    }
    for (const processor of this.#processors) {
      for (let i = 0; i < copies.length; i += 3) {
        processor.process(target, copies[i], copies[i + 2], copies[i + 1]);
      }
      processor.flush();
    }
  }

  #read(copies: Float64Array, i: number, target: Uint8Array): void {
    const at = copies[i];
    this.#source.readInto(target.subarray(at, at + copies[i + 2]), copies[i + 1]);
  }

  #readTogether(copies: Float64Array, from: number, to: number, target: Uint8Array): void {
    const startBytes = copies[from + 1];
    const lengthBytes = copies[to - 2] + copies[to - 1] - startBytes;
    if (this.#together.length < lengthBytes) this.#together = new Uint8Array(lengthBytes);
    this.#source.readInto(this.#together.subarray(0, lengthBytes), startBytes);
    for (let i = from; i < to; i += 3) {
      const at = copies[i + 1] - startBytes;
      target.set(this.#together.subarray(at, at + copies[i + 2]), copies[i]);
    }
  }
}

/** Where among the copies the short pieces end that follow on one another in the input, from `first` on: at least behind it. */
function endOfNeighbours(copies: Float64Array, first: number): number {
  const startBytes = copies[first + 1];
  let endBytes = startBytes + copies[first + 2];
  let next = first + 3;
  if (copies[first + 2] > NEAR_BYTES) return next;
  for (; next < copies.length; next += 3) {
    const gapBytes = copies[next + 1] - endBytes;
    const lengthBytes = copies[next + 2];
    if (gapBytes < 0 || gapBytes > NEAR_BYTES || lengthBytes > NEAR_BYTES) break;
    endBytes = copies[next + 1] + lengthBytes;
    if (endBytes - startBytes > TOGETHER_BYTES) break;
  }
  return next;
}
