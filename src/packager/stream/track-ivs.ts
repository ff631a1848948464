import { createIvSource, type IvPlan } from '../../cenc/iv.js';
import type { CounterUse } from '../../cenc/iv-start.js';
import type { IvSize } from '../../cenc/scheme.js';
import { PrpackError } from '../../errors.js';

/** How many samples a track may turn out to have: at a million a second, it runs for twelve days. */
const RESERVED_SAMPLES = 2 ** 40;
/** How many cipher blocks all samples of a track may have together: sixteen pebibytes. */
const RESERVED_BLOCKS = 2 ** 50;
/** Cipher blocks of the largest sample, whose size has 32 bits. */
const MAX_BLOCKS_A_SAMPLE = 2 ** 28;

/**
 * What is set aside of the counter space for each track of a stream, whose samples nobody can count beforehand: much more than it can
 * use, so that tracks under one key never meet, and little enough of the whole for thousands of tracks.
 */
export function reservedUse(ivSizeBytes: IvSize): CounterUse {
  const blockCount = ivSizeBytes === 8 ? MAX_BLOCKS_A_SAMPLE : RESERVED_BLOCKS;
  return { ivSizeBytes, sampleCount: RESERVED_SAMPLES, blockCount };
}

/** The IVs of one track of a stream: each fragment goes on where the one before ended. */
export class TrackIvs {
  #next: Uint8Array;
  #samples = 0;
  #blocks = 0;

  /** @param start drawn for a track of `reservedUse` */
  constructor(start: Uint8Array) {
    this.#next = start;
  }

  /** The IV of the next sample. */
  get next(): Uint8Array {
    return this.#next;
  }

  /**
   * Takes the IVs of a fragment's samples out.
   * @param plan of the fragment, begun at `next`
   * @throws PrpackError UNSUPPORTED_FEATURE when the track has used up what is set aside for it
   */
  advance(plan: IvPlan, sampleCount: number): void {
    this.#samples += sampleCount;
    if (plan.kind === 'counting16') this.#blocks += plan.blocksBefore[sampleCount];
    if (this.#samples > RESERVED_SAMPLES || this.#blocks > RESERVED_BLOCKS) throw usedUp();
    if (plan.kind === 'constant') return;
    const ivs = createIvSource(plan);
    this.#next = new Uint8Array(ivs.ivSizeBytes);
    ivs.ivAt(sampleCount, this.#next);
  }
}

function usedUp(): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', 'the stream has more samples than one key has IVs for', {
    expected: RESERVED_SAMPLES,
    clause: 'ISO/IEC 23001-7 9.3',
    remedy: 'Start the stream again, with new keys.',
  });
}
