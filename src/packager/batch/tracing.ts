import type { Context, Span, Tracer } from '@opentelemetry/api';
import type { BatchEvent, JobWork, KeyOperation, ResultLine } from './types.js';

type Api = typeof import('@opentelemetry/api');

/** What is followed: events of a batch, and those of a worker. */
type Traced =
  | Extract<BatchEvent, { readonly kind: 'planned' }>
  | { readonly kind: 'started'; readonly id: string }
  | ({ readonly kind: 'keys'; readonly id: string } & KeyOperation)
  | { readonly kind: 'ended'; readonly line: ResultLine; readonly work?: JobWork }
  | { readonly kind: 'progress' | 'ready' | 'trouble' };

/** Makes spans of OpenTelemetry of what happens. */
export interface Tracing {
  take(event: Traced): void;
  /** Ends the span of the run. */
  end(): void;
}

/**
 * Tracing, where a variable of OpenTelemetry (`OTEL_…`) asks for it and its API is installed; else undefined. Who registers an SDK gets the
 * spans.
 */
export async function openTracing(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Tracing | undefined> {
  if (!isAskedFor(environment)) return undefined;
  const api = await import('@opentelemetry/api').catch(() => undefined);
  return api && new SpanTracing(api);
}

function isAskedFor(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { OTEL_SDK_DISABLED: disabled, OTEL_TRACES_EXPORTER: exporter } = environment;
  if (disabled?.toLowerCase() === 'true' || exporter === 'none') return false;
  return Object.keys(environment).some((name) => name.startsWith('OTEL_'));
}

/** Stages of a job in their order, with the names of their spans. */
const STAGES = [
  ['plan', 'planMs'],
  ['encrypt', 'writeMs'],
  ['check', 'checkMs'],
] as const;

class SpanTracing implements Tracing {
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #jobs = new Map<string, Context>();
  #run: Span | undefined;
  /** What jobs are part of. */
  #context: Context;

  constructor(api: Api) {
    this.#api = api;
    this.#tracer = api.trace.getTracer('prpack');
    this.#context = api.context.active();
  }

  take(event: Traced): void {
    if (event.kind === 'planned') this.#begin(event.run, event.total);
    else if (event.kind === 'started') this.#jobs.set(event.id, this.#within(this.#context, 'job'));
    else if (event.kind === 'keys') this.#register(event);
    else if (event.kind === 'ended') this.#finish(event.line, event.work);
  }

  end(): void {
    this.#run?.end();
  }

  #begin(run: string, jobs: number): void {
    this.#run = this.#tracer.startSpan(
      'run',
      { attributes: { 'prpack.run': run, 'prpack.jobs': jobs } },
      this.#context,
    );
    this.#context = this.#api.trace.setSpan(this.#context, this.#run);
  }

  /** A span that has begun, as what others are part of. */
  #within(context: Context, name: string): Context {
    return this.#api.trace.setSpan(context, this.#tracer.startSpan(name, {}, context));
  }

  #register({ id, outcome, count, elapsedMs }: Extract<Traced, { readonly kind: 'keys' }>): void {
    const now = Date.now();
    const attributes = { 'prpack.outcome': outcome, 'prpack.keys': count };
    const options = { startTime: now - elapsedMs, attributes };
    this.#tracer.startSpan('register', options, this.#jobs.get(id)).end(now);
  }

  #finish({ id, run, contentId, status, bytes, startedAt, error }: ResultLine, work?: JobWork): void {
    const context = this.#jobs.get(id)!;
    this.#jobs.delete(id);
    if (work) this.#addStages(context, Date.parse(startedAt), work);
    const span = this.#api.trace.getSpan(context)!;
    span.setAttributes({
      ...{ 'prpack.run': run, 'prpack.job': id, 'prpack.content_id': contentId, 'prpack.status': status },
      ...(bytes !== undefined && { 'prpack.bytes': bytes }),
      ...(error && { 'error.type': error.code }),
    });
    if (error) span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: error.code });
    span.end();
  }

  /** One after another; what a job does besides, such as hashing its input, comes after them. */
  #addStages(context: Context, startMs: number, { timings }: JobWork): void {
    let atMs = startMs;
    for (const [name, field] of STAGES) {
      const span = this.#tracer.startSpan(name, { startTime: atMs }, context);
      atMs += timings[field];
      span.end(atMs);
    }
  }
}
