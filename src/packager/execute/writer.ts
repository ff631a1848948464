import type { ByteSource } from '../../bytes/source.js';
import { type OutputHandle, writeFully } from '../../bytes/write.js';
import { SampleProcessor, type TrackTask } from './sample-processor.js';
import { renderStretch, type Stretch } from './stretch.js';

/** Renders and writes stretches: what each thread does. */
export class StretchWriter {
  readonly #source: ByteSource;
  readonly #output: OutputHandle;
  readonly #processor: SampleProcessor;

  private constructor(source: ByteSource, output: OutputHandle, processor: SampleProcessor) {
    this.#source = source;
    this.#output = output;
    this.#processor = processor;
  }

  static async create(
    source: ByteSource,
    output: OutputHandle,
    tasks: readonly TrackTask[],
  ): Promise<StretchWriter> {
    return new StretchWriter(source, output, await SampleProcessor.create(tasks));
  }

  /**
   * @param memory at least as long as the stretch
   * @returns the bytes written, in that memory
   * @throws PrpackError INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
   */
  write(stretch: Stretch, memory: ArrayBuffer): Uint8Array {
    const target = new Uint8Array(memory, 0, stretch.lengthBytes);
    renderStretch(stretch, target, this.#source, this.#processor);
    writeFully(this.#output, target, stretch.startBytes);
    return target;
  }
}
