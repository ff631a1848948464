import { availableParallelism } from 'node:os';
import { PrpackError } from '../../errors.js';
import type { Threads } from '../types.js';

/** Below this size of output the start of the threads costs more than they save: see docs/performance.md. */
const WORTH_THREADS_BYTES = 192 * 2 ** 20;
/** What `auto` takes at most. Each thread takes some 35 MB, and memory bandwidth is used up by few. */
const MAX_AUTO = 4;
const MAX_THREADS = 64;

/**
 * How many threads write an output: 1 for the main thread alone.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function threadCount(asked: Threads, sizeBytes: number, chunkBytes: number): number {
  if (asked === 'auto') {
    return sizeBytes < WORTH_THREADS_BYTES ? 1 : Math.min(availableParallelism(), MAX_AUTO);
  }
  if (!Number.isInteger(asked) || asked < 1 || asked > MAX_THREADS) {
    throw new PrpackError('INVALID_ARGUMENT', `the number of threads is not 1 to ${MAX_THREADS}`, {
      expected: `1 to ${MAX_THREADS}, or auto`,
      received: asked,
      remedy: 'Leave it out: as many as are of use are taken.',
    });
  }
  return Math.max(1, Math.min(asked, Math.ceil(sizeBytes / chunkBytes)));
}
