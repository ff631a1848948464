import type { ByteSource } from '../../bytes/source.js';
import type { ContentKey } from '../../keys/content-key.js';
import { type OutputPlan, PlanReader } from '../plan/output-plan.js';
import type { TrackProtection } from '../plan/track-protection.js';
import { SampleProcessor, tasksOf } from './sample-processor.js';
import { describeStretch } from './stretch.js';
import { StretchFiller } from './stretch-filler.js';

/** Produces any stretch of the output that a plan describes. */
export class StretchRenderer {
  readonly #reader: PlanReader;
  readonly #filler: StretchFiller;

  private constructor(plan: OutputPlan, source: ByteSource, processor: SampleProcessor) {
    this.#reader = new PlanReader(plan, source);
    this.#filler = new StretchFiller(source, processor);
  }

  /** @param keyOf the content key of a KID; undefined when samples under it are not to be touched */
  static async create(
    plan: OutputPlan,
    source: ByteSource,
    protections: readonly TrackProtection[],
    keyOf: (kid: string) => ContentKey | undefined,
  ): Promise<StretchRenderer> {
    const tasks = tasksOf(protections, keyOf, (bytes) => bytes);
    return new StretchRenderer(plan, source, await SampleProcessor.create(tasks));
  }

  /** Fills `target` with the output's bytes from `startBytes` on. */
  render(target: Uint8Array, startBytes: number): void {
    this.#filler.fill(describeStretch(this.#reader, startBytes, target.length), target);
  }
}
