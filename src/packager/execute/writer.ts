import type { ByteSource } from '../../bytes/source.js';
import { type OutputHandle, writeFully } from '../../bytes/write.js';
import { SampleProcessor, type TrackTask } from './sample-processor.js';
import type { Stretch } from './stretch.js';
import { StretchFiller } from './stretch-filler.js';

/** Renders and writes stretches: what each thread does. */
export class StretchWriter {
  readonly #filler: StretchFiller;
  readonly #output: OutputHandle;

  private constructor(filler: StretchFiller, output: OutputHandle) {
    this.#filler = filler;
    this.#output = output;
  }

  static async create(
    source: ByteSource,
    output: OutputHandle,
    tasks: readonly TrackTask[],
  ): Promise<StretchWriter> {
    return new StretchWriter(new StretchFiller(source, await SampleProcessor.create(tasks)), output);
  }

  /**
   * @param memory at least as long as the stretch
   * @returns the bytes written, in that memory
   * @throws PrpackError INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
   */
  write(stretch: Stretch, memory: ArrayBuffer): Uint8Array {
    const target = new Uint8Array(memory, 0, stretch.lengthBytes);
    this.#filler.fill(stretch, target);
    writeFully(this.#output, target, stretch.startBytes);
    return target;
  }
}
