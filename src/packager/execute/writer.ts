import { type OutputPlace, writeAt } from '../../bytes/output-place.js';
import type { ByteSource } from '../../bytes/source.js';
import type { OutputChunk } from './chunk.js';
import { ChunkFiller } from './chunk-filler.js';
import type { TrackTask } from './sample-processor.js';

/** What the bytes of an output are made of, and where they go. */
export interface WriteTarget {
  readonly source: ByteSource;
  readonly output: OutputPlace;
  /** The tasks of each step that samples go through, in order. */
  readonly steps: readonly (readonly TrackTask[])[];
}

/** Renders and writes chunks: what each thread does. */
export class ChunkWriter {
  readonly #targets: readonly WriteTarget[];
  /** Of the output that was written to last: outputs come one after the other. */
  #current: { readonly output: number; readonly filler: ChunkFiller } | undefined;

  constructor(targets: readonly WriteTarget[]) {
    this.#targets = targets;
  }

  /**
   * @param memory at least as long as the chunk
   * @returns the bytes written, in that memory
   * @throws PrpackError INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
   */
  async write(chunk: OutputChunk, memory: ArrayBuffer): Promise<Uint8Array> {
    const target = new Uint8Array(memory, 0, chunk.lengthBytes);
    const filler = await this.#fillerOf(chunk.output);
    filler.fill(chunk, target);
    writeAt(this.#targets[chunk.output].output, target, chunk.startBytes);
    return target;
  }

  async #fillerOf(output: number): Promise<ChunkFiller> {
    if (this.#current?.output !== output) {
      const { source, steps } = this.#targets[output];
      this.#current = { output, filler: await ChunkFiller.create(source, steps) };
    }
    return this.#current.filler;
  }
}
