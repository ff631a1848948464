import { type ByteSource, endsTooEarly } from '../bytes/source.js';
import type { SamplePlaces } from '../isobmff/sample-table.js';
import { sampleAround } from './execute/chunk.js';
import { type ProcessingStep, SampleProcessor, tasksOf, wholeSamplesOf } from './execute/sample-processor.js';

/**
 * Protected input with clear samples, decrypted when they are read: what plans and checks look at. The rest of the bytes, the
 * boxes that say how samples are protected among them, are those of the input.
 */
export class DecryptedSource implements ByteSource {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #source: ByteSource;
  readonly #processor: SampleProcessor;
  readonly #wholeSamples: readonly SamplePlaces[];
  /** What was decrypted last: samples that must be whole are read in small parts, one after the other. */
  #bytes = new Uint8Array(0);
  #startBytes = 0;
  #endBytes = 0;

  private constructor(source: ByteSource, processor: SampleProcessor, wholeSamples: readonly SamplePlaces[]) {
    this.path = source.path;
    this.sizeBytes = source.sizeBytes;
    this.#source = source;
    this.#processor = processor;
    this.#wholeSamples = wholeSamples;
  }

  /**
   * @param source closed by its owner
   * @param step the decryption; no two samples of its tracks share bytes
   */
  static async create(source: ByteSource, step: ProcessingStep): Promise<DecryptedSource> {
    const tasks = tasksOf(step, (bytes) => bytes);
    return new DecryptedSource(source, await SampleProcessor.create(tasks), wholeSamplesOf(tasks));
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    const endBytes = offsetBytes + target.length;
    if (endBytes > this.sizeBytes) throw endsTooEarly(this, offsetBytes, target.length);
    if (offsetBytes < this.#startBytes || endBytes > this.#endBytes) this.#load(offsetBytes, endBytes);
    const from = offsetBytes - this.#startBytes;
    target.set(this.#bytes.subarray(from, from + target.length));
  }

  close(): void {}

  /** Decrypts the range, and with it the samples that cannot be decrypted in part. */
  #load(offsetBytes: number, endBytes: number): void {
    const start = sampleAround(this.#wholeSamples, offsetBytes)?.startBytes ?? offsetBytes;
    const end = sampleAround(this.#wholeSamples, endBytes)?.endBytes ?? endBytes;
    const length = end - start;
    this.#endBytes = this.#startBytes; // nothing is valid if the read throws
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    const bytes = this.#bytes.subarray(0, length);
    this.#source.readInto(bytes, start);
    this.#processor.process(bytes, 0, length, start);
    this.#processor.flush();
    this.#startBytes = start;
    this.#endBytes = end;
  }
}
