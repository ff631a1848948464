import { randomBytes } from 'node:crypto';
import { PrpackError } from '../errors.js';
import type { IvSize } from './scheme.js';

/** How much of the counter space one track uses under its key. */
export interface CounterUse {
  readonly ivSizeBytes: IvSize;
  /** Samples of the track: 8-byte IVs advance by one for each. */
  readonly sampleCount: number;
  /** Cipher blocks: with 8-byte IVs those of the largest sample, with 16-byte IVs those of all samples. */
  readonly blockCount: number;
}

/** A track's use of the counter space together with its first IV. */
export interface StartedCounterUse extends CounterUse {
  readonly start: Uint8Array;
}

const HALF = 1n << 64n;
const MAX_DRAWS = 1000;

/**
 * Draws the first IV of each track that shares one key, at random and so that no counter block is used twice
 * (ISO/IEC 23001-7 9.3): a draw that meets another track is drawn again. Tracks that have one keep it.
 * @param draw gives that many random bytes
 */
export function drawIvStarts(
  uses: readonly (CounterUse | StartedCounterUse)[],
  draw: (sizeBytes: number) => Uint8Array = randomBytes,
): Uint8Array[] {
  const started = uses.filter(hasStarted);
  return uses.map((use) => {
    if (hasStarted(use)) return use.start;
    const start = drawStart(use, started, draw);
    started.push({ ...use, start });
    return start;
  });
}

function hasStarted(use: CounterUse | StartedCounterUse): use is StartedCounterUse {
  return 'start' in use;
}

function drawStart(
  use: CounterUse,
  earlier: readonly StartedCounterUse[],
  draw: (sizeBytes: number) => Uint8Array,
): Uint8Array {
  for (let i = 0; i < MAX_DRAWS; i++) {
    const start = Uint8Array.from(draw(use.ivSizeBytes));
    const candidate = { ...use, start };
    if (!earlier.some((other) => sharesCounterBlock(candidate, other))) return start;
  }
  throw new PrpackError('INTERNAL', `no free IV was found in ${MAX_DRAWS} random draws`, {
    clause: 'ISO/IEC 23001-7 9.3',
    remedy:
      'The random number generator of this machine does not work; repair it before encrypting anything.',
  });
}

/**
 * A start that is the same at each call: `value`, big-endian. FOR TEST VECTORS ONLY: the same start under the
 * same key twice gives the content away.
 */
export function deterministicIvStartForTests(ivSizeBytes: IvSize, value: bigint): Uint8Array {
  const start = new Uint8Array(ivSizeBytes);
  const view = new DataView(start.buffer);
  view.setBigUint64(ivSizeBytes - 8, value % HALF);
  if (ivSizeBytes === 16) view.setBigUint64(0, value / HALF);
  return start;
}

/** Whether two tracks under one key encrypt any two blocks with the same counter block. */
export function sharesCounterBlock(a: StartedCounterUse, b: StartedCounterUse): boolean {
  const left = counterRectangle(a);
  const right = counterRectangle(b);
  return runsMeet(left.high, right.high) && runsMeet(left.low, right.low);
}

/** A run of numbers modulo 2^64. */
interface Run {
  readonly start: bigint;
  readonly count: bigint;
}

/**
 * Counter blocks as pairs of a high and a low half. 8-byte IVs are the high halves, one after the other, each
 * with low halves from 0; 16-byte IVs have one high half, and low halves that run on over all samples.
 */
function counterRectangle(use: StartedCounterUse): { readonly high: Run; readonly low: Run } {
  const view = new DataView(use.start.buffer, use.start.byteOffset, use.start.byteLength);
  const high = view.getBigUint64(0);
  const blocks = BigInt(use.blockCount);
  if (use.ivSizeBytes === 8) {
    return { high: { start: high, count: BigInt(use.sampleCount) }, low: { start: 0n, count: blocks } };
  }
  return { high: { start: high, count: 1n }, low: { start: view.getBigUint64(8), count: blocks } };
}

function runsMeet(a: Run, b: Run): boolean {
  const distance = (from: bigint, to: bigint) => (to - from + HALF) % HALF;
  if (a.count === 0n || b.count === 0n) return false;
  return distance(a.start, b.start) < a.count || distance(b.start, a.start) < b.count;
}
