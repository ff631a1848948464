import type { ByteSource } from '../../bytes/source.js';
import { type OutputHandle, writeFully } from '../../bytes/write.js';
import { freeCipherOutput } from './memory.js';
import { SampleProcessor, type TrackTask } from './sample-processor.js';
import { renderStretch, type Stretch } from './stretch.js';

/** Renders and writes stretches by one buffer: what each thread does. */
export class StretchWriter {
  readonly #source: ByteSource;
  readonly #output: OutputHandle;
  readonly #processor: SampleProcessor;
  readonly #buffer: Uint8Array;

  private constructor(
    source: ByteSource,
    output: OutputHandle,
    processor: SampleProcessor,
    buffer: Uint8Array,
  ) {
    this.#source = source;
    this.#output = output;
    this.#processor = processor;
    this.#buffer = buffer;
  }

  /** @param stretchBytes no stretch is longer */
  static async create(
    source: ByteSource,
    output: OutputHandle,
    tasks: readonly TrackTask[],
    stretchBytes: number,
  ): Promise<StretchWriter> {
    const processor = await SampleProcessor.create(tasks);
    return new StretchWriter(source, output, processor, new Uint8Array(stretchBytes));
  }

  /**
   * @returns the bytes written, valid until the next call
   * @throws PrpackError INPUT_UNREADABLE, TRUNCATED_INPUT, OUTPUT_FAILED
   */
  write(stretch: Stretch): Uint8Array {
    const target = this.#buffer.subarray(0, stretch.lengthBytes);
    renderStretch(stretch, target, this.#source, this.#processor);
    writeFully(this.#output, target, stretch.startBytes);
    freeCipherOutput(target.length);
    return target;
  }
}
