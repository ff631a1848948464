import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AuditBacklog } from '../keystore/read-audit.js';
import { problemOf } from './problem.js';

/** Counters for Prometheus. Labels are few and fixed: routes, not URLs. */
export class Metrics {
  readonly registry = new Registry();
  /** Keys that were registered, by outcome: `created`, `unchanged` or `conflict`. */
  readonly registrations = new Counter({
    name: 'prpack_key_registrations_total',
    help: 'Keys that were registered or refused',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  /** Keys that left the store, by the way they took. */
  readonly releases = new Counter({
    name: 'prpack_key_releases_total',
    help: 'Keys that left the key store',
    labelNames: ['by'] as const,
    registers: [this.registry],
  });
  /** Requests that were refused or failed, by the code of their problem document. */
  readonly #errors = new Counter({
    name: 'prpack_http_errors_total',
    help: 'Requests that were refused or failed',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  readonly #auditWaiting = new Gauge({
    name: 'prpack_audit_lines_waiting',
    help: 'Audit lines of released keys that cannot be written at the moment',
    registers: [this.registry],
  });
  readonly #auditLost = new Gauge({
    name: 'prpack_audit_lines_lost',
    help: 'Audit lines of released keys that found no room to wait, since the start',
    registers: [this.registry],
  });
  readonly #durations = new Histogram({
    name: 'prpack_http_request_duration_seconds',
    help: 'Time from request to answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  noteAuditBacklog({ waiting, lost }: AuditBacklog): void {
    this.#auditWaiting.set(waiting);
    this.#auditLost.set(lost);
  }

  /** Times every request of the server, and counts those that fail. */
  watch(app: FastifyInstance): void {
    app.addHook('onError', (request, _reply, error, done) => {
      this.#errors.inc({ code: problemOf(error, request.id).code });
      done();
    });
    app.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'none';
      this.#durations.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      );
      done();
    });
  }
}
