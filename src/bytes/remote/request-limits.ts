/** How long is waited for a server, and how often it is tried. */
export interface RequestLimits {
  /** To establish a connection. */
  readonly connectTimeoutMs: number;
  /** Without a byte of the answer. */
  readonly stallTimeoutMs: number;
  /** Of one request, to the last byte of its answer. */
  readonly requestTimeoutMs: number;
  /** Requests in a row that bring hardly any bytes. */
  readonly attempts: number;
  /** Before the second attempt; it doubles with each. */
  readonly retryDelayMs: number;
}

export const DEFAULT_LIMITS: RequestLimits = {
  connectTimeoutMs: 10_000,
  stallTimeoutMs: 15_000,
  requestTimeoutMs: 300_000,
  attempts: 4,
  retryDelayMs: 500,
};
