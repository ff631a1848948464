import type { ByteSource } from '../../bytes/source.js';
import type { SamplePlaces } from '../../isobmff/sample-table.js';
import { type OutputPlan, PlanReader } from '../../layout/output-plan.js';
import { CHUNK_BYTES, chunksOf, describeChunk } from './chunk.js';
import { ChunkFiller } from './chunk-filler.js';
import { type ProcessingStep, tasksOf, wholeSamplesOf } from './sample-processor.js';

/** Produces the output that a plan describes in memory. */
export class ChunkRenderer {
  readonly #plan: OutputPlan;
  readonly #source: ByteSource;
  readonly #filler: ChunkFiller;
  readonly #wholeSamples: readonly SamplePlaces[];

  private constructor(
    plan: OutputPlan,
    source: ByteSource,
    filler: ChunkFiller,
    wholeSamples: readonly SamplePlaces[],
  ) {
    this.#plan = plan;
    this.#source = source;
    this.#filler = filler;
    this.#wholeSamples = wholeSamples;
  }

  /** @param steps what is done to the samples, in this order */
  static async create(
    plan: OutputPlan,
    source: ByteSource,
    steps: readonly ProcessingStep[],
  ): Promise<ChunkRenderer> {
    const tasks = steps.map((step) => tasksOf(step, (bytes) => bytes));
    const filler = await ChunkFiller.create(source, tasks);
    return new ChunkRenderer(plan, source, filler, wholeSamplesOf(tasks.flat()));
  }

  /** The whole output in order. Each chunk's bytes are good until the next one is asked for. */
  *chunks(chunkBytes = CHUNK_BYTES): Generator<{ readonly startBytes: number; readonly bytes: Uint8Array }> {
    let memory = new Uint8Array(Math.min(chunkBytes, this.#plan.sizeBytes));
    for (const chunk of chunksOf(this.#plan, this.#source, chunkBytes, this.#wholeSamples)) {
      if (memory.length < chunk.lengthBytes) memory = new Uint8Array(chunk.lengthBytes);
      const bytes = memory.subarray(0, chunk.lengthBytes);
      this.#filler.fill(chunk, bytes);
      yield { startBytes: chunk.startBytes, bytes };
    }
  }

  /** Fills `target` with the output's bytes from `startBytes` on: with whole samples, where samples must be whole. */
  render(target: Uint8Array, startBytes: number): void {
    const reader = new PlanReader(this.#plan, this.#source);
    this.#filler.fill(describeChunk(reader, startBytes, target.length), target);
  }
}
