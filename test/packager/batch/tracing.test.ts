import { type Span, type SpanOptions, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { openTracing } from '../../../src/packager/batch/tracing.js';
import { resultLine } from '../../support/result-lines.js';

const ASKED = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

interface Recorded {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Record<string, unknown>;
  startMs?: number;
  endMs?: number;
  error?: string;
  hasEnded?: true;
}

/** Registers what an SDK would. */
function recordSpans(): Recorded[] {
  const spans: Recorded[] = [];
  const nameOf = new Map<unknown, string>();
  const startSpan = (name: string, { startTime, attributes }: SpanOptions = {}, context?: never) => {
    const parent = context && nameOf.get(trace.getSpan(context));
    const record: Recorded = { name, parent, attributes: { ...attributes }, startMs: startTime as number };
    const span = {
      setAttributes: (more: object) => Object.assign(record.attributes, more),
      setStatus: ({ message }: { message: string }) => Object.assign(record, { error: message }),
      end: (endMs?: number) => Object.assign(record, { hasEnded: true, endMs }),
    } as unknown as Span;
    nameOf.set(span, name);
    spans.push(record);
    return span;
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as never });
  return spans;
}

describe('tracing', () => {
  afterEach(() => trace.disable());

  it.each([{}, { ...ASKED, OTEL_SDK_DISABLED: 'true' }, { ...ASKED, OTEL_TRACES_EXPORTER: 'none' }])(
    'is off with %j',
    async (environment) => {
      expect(await openTracing(environment)).toBeUndefined();
    },
  );

  it('makes a span of the run, of each job and of what it consists of', async () => {
    const spans = recordSpans();
    const tracing = (await openTracing(ASKED))!;
    tracing.take({ kind: 'planned', run: 'r', total: 2 });
    tracing.take({ kind: 'started', id: 'r.0' });
    tracing.take({ kind: 'keys', id: 'r.0', outcome: 'created', count: 1, elapsedMs: 3 });
    const timings = { planMs: 1, writeMs: 2, checkMs: 4, totalMs: 7 };
    tracing.take({ kind: 'ended', line: resultLine({ bytes: 7 }), work: { tracks: 1, timings } });
    tracing.take({ kind: 'started', id: 'r.1' });
    const error = { code: 'NOT_MP4', message: 'no film' };
    tracing.take({ kind: 'ended', line: resultLine({ id: 'r.1', status: 'failed', error }) });
    tracing.end();
    expect(spans.map(({ name, parent }) => [name, parent])).toEqual([
      ['run', undefined],
      ['job', 'run'],
      ['register', 'job'],
      ['plan', 'job'],
      ['encrypt', 'job'],
      ['check', 'job'],
      ['job', 'run'],
    ]);
    expect(spans.every(({ hasEnded }) => hasEnded)).toBe(true);
    const [, job, register, , , check, failed] = spans;
    expect(job!.attributes).toMatchObject({ 'prpack.run': 'r', 'prpack.job': 'r.0', 'prpack.bytes': 7 });
    expect(register!.endMs! - register!.startMs!).toBe(3);
    expect(check).toMatchObject({ startMs: 1000 + 1 + 2, endMs: 1000 + 1 + 2 + 4 });
    expect(failed).toMatchObject({ error: 'NOT_MP4', attributes: { 'error.type': 'NOT_MP4' } });
  });
});
