import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { delayBeforeRetry, MOST_TRIES } from '../../src/queue/retry.js';

const delays = (code: ErrorCode, wasLost = false): number[] => {
  const all: number[] = [];
  for (let tries = 1; ; tries++) {
    const delay = delayBeforeRetry({ code, message: '' }, tries, wasLost);
    if (delay === undefined) return all;
    all.push(delay);
  }
};

describe('a job that failed', () => {
  it.each<ErrorCode>(['NOT_MP4', 'INPUT_NOT_FOUND', 'UNSUPPORTED_CODEC', 'KEY_CONFLICT', 'OUTPUT_EXISTS'])(
    'is not tried again after %s',
    (code) => expect(delays(code)).toEqual([]),
  );

  it('is tried again for minutes when the key store cannot be reached, less and less often', () => {
    const seconds = delays('KEY_STORE_FAILED').map((delay) => delay / 1000);
    expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]); // 363 seconds
    expect(seconds.length + 1).toBe(MOST_TRIES);
  });

  it('waits as long as a server says', () => {
    const error = { code: 'KEY_SOURCE_FAILED', message: '', retryAfterSeconds: 90 };
    expect(delayBeforeRetry(error, 1, false)).toBe(90_000);
  });

  it('is tried once more where the output may be that of its own lost worker', () => {
    expect(delays('OUTPUT_EXISTS', true)).toEqual([1000]);
  });
});
