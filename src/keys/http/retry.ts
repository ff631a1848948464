import { codeOf } from '../../bytes/http/error-code.js';

const LONGEST_DELAY_MS = 10_000;
/** A server that wants a longer pause than this is not waited for. */
export const LONGEST_RETRY_AFTER_MS = 60_000;

/** The connection never came to be, so that the server cannot have seen the request. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** The connection broke after the request may have been seen. */
const BROKEN = new Set([
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'TIMEOUT',
]);

/** "Too Many Requests" and "Service Unavailable": the server says that it did not do the work (RFC 6585 4, RFC 9110 15.6.4). */
const NOT_DONE = new Set([429, 503]);
/** "Bad Gateway" and "Gateway Timeout": whether the work was done is not known. */
const UNKNOWN_WHETHER_DONE = new Set([502, 504]);

/**
 * Whether a failed request may be sent again. One that is not idempotent, such as a POST that makes keys, is repeated only when it
 * certainly had no effect: a server that made a key twice would leave a key behind that nobody uses, or worse, replace the first.
 */
export function mayRetryError(error: unknown, isIdempotent: boolean): boolean {
  const code = codeOf(error);
  return NOT_SENT.has(code) || (isIdempotent && BROKEN.has(code));
}

/** As `mayRetryError`, for an answer. */
export function mayRetryStatus(status: number, isIdempotent: boolean): boolean {
  return NOT_DONE.has(status) || (isIdempotent && UNKNOWN_WHETHER_DONE.has(status));
}

/** How long to wait before attempt number `attempt` + 1: twice as long each time, half of it by chance, so that clients spread. */
export function backoffMs(attempt: number, firstDelayMs: number): number {
  const longest = Math.min(firstDelayMs * 2 ** (attempt - 1), LONGEST_DELAY_MS);
  return longest * (0.5 + Math.random() / 2);
}

/** Milliseconds that a `Retry-After` header asks to wait (RFC 9110 10.2.3); undefined when there is none that can be read. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
