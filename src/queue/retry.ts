import type { ErrorCode } from '../errors.js';
import type { ResultLine } from '../packager/batch/types.js';

/** How often a job is tried at most, by what stopped it. What is not listed, as bad input, is the same at every try. */
const TRIES: Readonly<Partial<Record<ErrorCode, number>>> = {
  KEY_STORE_FAILED: 12, // six minutes
  KEY_SOURCE_FAILED: 12,
  INPUT_UNREADABLE: 5,
  OUTPUT_FAILED: 5,
  INTERNAL: 3, // a thread that died
};

/** No job is tried more often. */
export const MOST_TRIES = Math.max(...Object.values(TRIES));

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;

/**
 * How long a job waits for its next try, in milliseconds; undefined when it has failed for good.
 * @param tries so far, this one included
 * @param wasLost whether a worker has begun it before and not come to an end: then the output may be that of this very job
 */
export function delayBeforeRetry(
  error: NonNullable<ResultLine['error']>,
  tries: number,
  wasLost: boolean,
): number | undefined {
  const code = error.code as ErrorCode;
  const most = code === 'OUTPUT_EXISTS' && wasLost ? 2 : (TRIES[code] ?? 1);
  if (tries >= most) return undefined;
  const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
  return Math.max(delayMs, (error.retryAfterSeconds ?? 0) * 1000);
}
