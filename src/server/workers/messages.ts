import type { MetricObject } from 'prom-client';
import type { TlsOptions } from '../app.js';

/** What a worker process is sent. */
export type ToWorker =
  | { readonly kind: 'tls'; readonly tls: TlsOptions }
  /** Send the metrics of this process. */
  | { readonly kind: 'count'; readonly request: number }
  /** Metrics of all processes, which this one has asked for. */
  | { readonly kind: 'total'; readonly request: number; readonly text: string };

/** What it sends back. */
export type FromWorker =
  | ({ readonly kind: 'listening' } & Listening)
  | { readonly kind: 'counted'; readonly request: number; readonly metrics: readonly MetricObject[] }
  | { readonly kind: 'total'; readonly request: number };

/** What is known of a server that listens. */
export interface Listening {
  readonly url: string;
  readonly keyStore: string;
}
