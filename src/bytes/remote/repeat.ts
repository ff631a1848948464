import { setTimeout as delay } from 'node:timers/promises';
import { PrpackError } from '../../errors.js';
import type { RequestLimits } from './request-limits.js';

/** What is known of the failures of requests to one server. */
export interface FailureRules {
  /** How long the server wants to be left alone before the next attempt, or 0; undefined where none would succeed. */
  waitMsAfter(error: unknown): number | undefined;
  /** The error for the user. */
  failureOf(error: unknown, attempts: number): PrpackError;
}

/** With so many bytes, an attempt counts as no failure: the connection is bad, but works. */
const PROGRESS_BYTES = 64 * 1024;
const LONGEST_DELAY_MS = 10_000;

/**
 * Until it succeeds, or fails for good.
 * @param attempt reports how many bytes it got, whatever its end
 * @throws PrpackError of `attempt` or `failureOf`
 */
export async function repeat(
  attempt: (progress: (bytes: number) => void) => Promise<unknown>,
  { attempts, retryDelayMs }: RequestLimits,
  { waitMsAfter, failureOf }: FailureRules,
): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      await attempt((bytes) => {
        if (bytes >= PROGRESS_BYTES) failures = 1;
      });
      return;
    } catch (error) {
      if (error instanceof PrpackError) throw error;
      const wantedMs = waitMsAfter(error);
      if (wantedMs === undefined || failures >= attempts) throw failureOf(error, failures);
      const pauseMs = retryDelayMs * 2 ** (failures - 1) * (0.5 + Math.random() / 2);
      await delay(Math.min(Math.max(pauseMs, wantedMs), LONGEST_DELAY_MS));
    }
  }
}

type OnBytes = (bytes: Uint8Array) => void;

/**
 * Reads the range `[startBytes, endBytes)` in order, and goes on where an attempt ended early.
 * @param readOnce may read less of the range than was asked for, or fail on the way
 * @throws PrpackError of `readOnce` or the rules
 */
export async function readRange(
  [startBytes, endBytes]: readonly [number, number],
  onBytes: OnBytes,
  readOnce: (startBytes: number, endBytes: number, onBytes: OnBytes) => Promise<void>,
  limits: RequestLimits,
  rules: FailureRules,
): Promise<void> {
  let at = startBytes;
  const attempt = async (progress: (bytes: number) => void) => {
    const before = at;
    try {
      await readOnce(at, endBytes, (bytes) => {
        onBytes(bytes);
        at += bytes.length;
      });
    } finally {
      progress(at - before);
    }
  };
  while (at < endBytes) await repeat(attempt, limits, rules);
}
