/** What bad clients can cost at most. */
export interface Limits {
  /** Largest body of a request. */
  readonly bodyBytes: number;
  /** Largest line and headers of a request together. */
  readonly headerBytes: number;
  /** Until the headers of a request are there. */
  readonly headersTimeoutMs: number;
  /** Until a whole request is there. */
  readonly requestTimeoutMs: number;
  /** A connection on which nothing happens between requests. */
  readonly idleTimeoutMs: number;
  /** Open connections; further ones are closed at once. */
  readonly connections: number;
  /** Requests per second of one address. */
  readonly requestsPerSecond: number;
  /** For requests in flight when the server is to stop. */
  readonly drainMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 1024 * 1024,
  headerBytes: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  connections: 2000,
  requestsPerSecond: 2000,
  drainMs: 10_000,
};
