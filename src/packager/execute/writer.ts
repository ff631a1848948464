import type { ByteSource } from '../../bytes/source.js';
import { type OutputHandle, writeFully } from '../../bytes/write.js';
import type { Chunk } from './chunk.js';
import { ChunkFiller } from './chunk-filler.js';
import type { TrackTask } from './sample-processor.js';

/** Renders and writes chunks: what each thread does. */
export class ChunkWriter {
  readonly #filler: ChunkFiller;
  readonly #output: OutputHandle;

  private constructor(filler: ChunkFiller, output: OutputHandle) {
    this.#filler = filler;
    this.#output = output;
  }

  static async create(
    source: ByteSource,
    output: OutputHandle,
    steps: readonly (readonly TrackTask[])[],
  ): Promise<ChunkWriter> {
    return new ChunkWriter(await ChunkFiller.create(source, steps), output);
  }

  /**
   * @param memory at least as long as the chunk
   * @returns the bytes written, in that memory
   * @throws PrpackError INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
   */
  write(chunk: Chunk, memory: ArrayBuffer): Uint8Array {
    const target = new Uint8Array(memory, 0, chunk.lengthBytes);
    this.#filler.fill(chunk, target);
    writeFully(this.#output, target, chunk.startBytes);
    return target;
  }
}
