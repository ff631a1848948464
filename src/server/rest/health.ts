import { PrpackError } from '../../errors.js';
import type { ServerContext } from '../context.js';
import { SELF } from '../stores.js';
import { type App, PROBLEM, REFUSALS, SECURITY } from './common.js';
import { Health, MetricsText } from './schemas.js';

/** For so long one answer of the store is good for everybody who asks whether it is ready: a probe writes to the disk. */
const PROBE_KEPT_MS = 1000;
/** Those who ask wait a second or so before they take the server for dead. */
const PROBE_WAIT_MS = 750;

export function healthRoutes(app: App, { stores, metrics, metricsText }: ServerContext): void {
  const probe = keptFor(PROBE_KEPT_MS, () => stores.of(SELF).probe());
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
        summary: 'Whether the key store can be read and written',
        tags: ['health'],
        response: { 200: Health, 503: PROBLEM },
      },
    },
    async () => {
      await withinMs(PROBE_WAIT_MS, probe());
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
      const text = await metricsText();
      return reply.type(metrics.registry.contentType).serializer(String).send(text);
    },
  );
}

/** @throws PrpackError KEY_STORE_FAILED when the work takes longer; it goes on all the same */
async function withinMs(waitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow()), waitMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function tooSlow(): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', 'the key store cannot be written within a moment', {
    retryAfterSeconds: 1,
    remedy: 'See whether its disk is overloaded, or another program has locked it.',
  });
}

/** The work, done again when its last result is older than this; requests meanwhile get that result. */
function keptFor<T>(keptMs: number, work: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined;
  let endsMs = 0;
  return () => {
    if (last && performance.now() < endsMs) return last;
    endsMs = Number.POSITIVE_INFINITY; // until it has ended
    last = work().finally(() => {
      endsMs = performance.now() + keptMs;
    });
    return last;
  };
}
