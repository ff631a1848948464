import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { ResultLine } from '../../src/packager/batch/types.js';
import { addQueueMetrics, BatchMetrics, WorkMetrics } from '../../src/telemetry/metrics.js';
import { resultLine } from '../support/result-lines.js';

const line = (more: Partial<ResultLine> = {}) =>
  resultLine({ fingerprint: { bytes: 1000, mtimeMs: 1 }, bytes: 1100, ...more });
const work = { tracks: 2, samples: 300, timings: { planMs: 1, writeMs: 2, checkMs: 3, totalMs: 6 } };
const failed = { status: 'failed', error: { code: 'KEY_STORE_FAILED', message: 'm' } } as const;

async function valuesOf(registry: Registry): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((text) => /^prpack_/.test(text));
  return Object.fromEntries(lines.map((text) => [text.replace(/ \S+$/, ''), Number(/\S+$/.exec(text)![0])]));
}

describe('metrics of jobs', () => {
  it('follow what happens to them', async () => {
    const registry = new Registry();
    const metrics = new WorkMetrics(registry);
    for (let i = 0; i < 5; i++) metrics.take({ kind: 'started', id: 'r.0', input: '/in' });
    metrics.take({ kind: 'keys', id: 'r.0', outcome: 'created', count: 2, elapsedMs: 1 });
    metrics.take({ kind: 'keys', id: 'r.0', outcome: 'conflict', count: 1, elapsedMs: 1 });
    metrics.take({ kind: 'ended', line: line(), work, ended: 1 });
    metrics.take({ kind: 'ended', line: line({ unchanged: true }), ended: 2 });
    metrics.take({ kind: 'ended', line: line(failed), ended: 2, retryMs: 1000 });
    metrics.take({ kind: 'ended', line: line(failed), ended: 3 });
    metrics.take({ kind: 'trouble', reason: 'gone' });
    expect(await valuesOf(registry)).toMatchObject({
      prpack_jobs_running: 1,
      'prpack_jobs_total{outcome="done"}': 1,
      'prpack_jobs_total{outcome="unchanged"}': 1,
      'prpack_jobs_total{outcome="retried"}': 1,
      'prpack_jobs_total{outcome="failed"}': 1,
      'prpack_job_errors_total{code="KEY_STORE_FAILED"}': 2,
      'prpack_job_duration_seconds_bucket{le="0.025",status="done"}': 2,
      prpack_job_read_bytes_total: 1000,
      prpack_job_written_bytes_total: 1100,
      prpack_job_tracks_total: 2,
      prpack_job_samples_total: 300,
      'prpack_job_keys_total{outcome="created"}': 2,
      'prpack_job_keys_total{outcome="conflict"}': 1,
      prpack_queue_failures_total: 1,
    });
  });

  it('of a batch say how far it is', async () => {
    const registry = new Registry();
    const metrics = new BatchMetrics(registry);
    metrics.take({ kind: 'planned', run: 'r', total: 3 });
    metrics.take({ kind: 'ended', job: 0, line: line(failed), ended: 1, total: 3 });
    expect(await valuesOf(registry)).toEqual({
      prpack_batch_jobs: 3,
      'prpack_batch_jobs_ended_total{status="failed"}': 1,
    });
  });
});

describe('metrics of a queue', () => {
  it('are those of the moment, and missing while it does not answer', async () => {
    const registry = new Registry();
    let answer = async () => ({
      paused: false,
      waiting: 7,
      delayed: 1,
      active: 2,
      done: 0,
      failed: 0,
      workers: ['w'],
    });
    addQueueMetrics(registry, () => answer());
    expect(await valuesOf(registry)).toMatchObject({
      prpack_queue_up: 1,
      prpack_queue_paused: 0,
      prpack_queue_workers: 1,
      'prpack_queue_jobs{state="waiting"}': 7,
    });
    answer = () => Promise.reject(new Error('gone'));
    expect(await valuesOf(registry)).toEqual({ prpack_queue_up: 0 });
  });
});
