import type { ServerContext } from '../context.js';
import { SELF } from '../stores.js';
import { type App, PROBLEM, REFUSALS, SECURITY } from './common.js';
import { Health, MetricsText } from './schemas.js';

export function healthRoutes(app: App, { stores, metrics }: ServerContext): void {
  app.get(
    '/health/live',
    {
      schema: {
        operationId: 'live',
        summary: 'Whether the process answers',
        tags: ['health'],
        response: { 200: Health },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/health/ready',
    {
      schema: {
        operationId: 'ready',
        summary: 'Whether the key store can be read',
        tags: ['health'],
        response: { 200: Health, 503: PROBLEM },
      },
    },
    async () => {
      await stores.of(SELF).list({}, { limit: 1 });
      return { status: 'ok' as const };
    },
  );

  app.get(
    '/metrics',
    {
      config: { demand: 'any' },
      schema: {
        operationId: 'metrics',
        summary: 'Counters and timings for Prometheus',
        tags: ['health'],
        security: SECURITY,
        response: { 200: MetricsText, ...REFUSALS },
      },
    },
    async (_request, reply) => {
      const text = await metrics.registry.metrics();
      return reply.type(metrics.registry.contentType).serializer(String).send(text);
    },
  );
}
