import { Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { serveMetrics } from '../../src/telemetry/metrics-server.js';

const registry = new Registry();
new Gauge({ name: 'answer', help: 'of everything', registers: [registry] }).set(42);

describe('serveMetrics', () => {
  it('serves them on the loopback interface, and nothing else', async () => {
    const server = await serveMetrics('0', registry);
    try {
      expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
      const answer = await fetch(server.url);
      expect(answer.headers.get('content-type')).toContain('version=0.0.4');
      expect(await answer.text()).toContain('answer 42\n');
      expect((await fetch(new URL('/', server.url))).status).toBe(404);
      expect((await fetch(server.url, { method: 'POST' })).status).toBe(405);
    } finally {
      await server.close();
    }
  });

  it('says when something listens there already', async () => {
    const first = await serveMetrics('127.0.0.1:0', registry);
    const { host } = new URL(first.url);
    try {
      await expect(serveMetrics(host, registry)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: `the metrics cannot be served at ${host} (EADDRINUSE)`,
      });
    } finally {
      await first.close();
    }
  });
});
