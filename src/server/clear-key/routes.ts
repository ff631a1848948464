import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ServerContext } from '../context.js';
import { addJsonParser } from '../json-body.js';
import { Problem } from '../problem.js';
import type { App } from '../rest/common.js';
import { PROBLEM } from '../rest/common.js';
import { type Decision, kidOfBase64url, type Licensor, licenseOf, storeLicensor } from './license.js';

/** KIDs of one request. */
const MAX_KIDS = 100;
/** Anybody may ask: a request of so many KIDs has 3 KB. */
const MAX_BODY_BYTES = 16 * 1024;

export const LicenseRequest = z.object({
  kids: z.array(z.string()).min(1).max(MAX_KIDS).describe('Key ids in base64url'),
  type: z.literal('temporary').default('temporary').describe('Licenses are for one session'),
});

const License = z.object({
  keys: z.array(z.object({ kty: z.literal('oct'), kid: z.string(), k: z.string() })),
  type: z.literal('temporary'),
});

/** What Clear Key is opened for. */
export interface ClearKeyOptions {
  /** Origins whose pages may ask, such as `https://player.example.com`; `*` is every page. Pages of the server itself always may. */
  readonly origins: readonly string[];
}

/** Who keys go to in the store's audit. Clear Key asks nobody who they are. */
const ACTOR = 'clear key license';

/** Licenses of W3C Clear Key: keys in the clear, for everyone who asks. */
export function clearKeyRoutes(app: App, { stores, metrics }: ServerContext, options: ClearKeyOptions): void {
  // Players send the request of the browser as it is, under whatever type they like, or none.
  app.removeAllContentTypeParsers();
  addJsonParser(app, '*');
  app.addHook('onRequest', async (request, reply) => allowOrigin(request, reply, options));
  app.options('/clearkey', { schema: { hide: true } }, async (_request, reply) => reply.code(204).send());
  app.post(
    '/clearkey',
    {
      bodyLimit: MAX_BODY_BYTES,
      schema: {
        operationId: 'clearKeyLicense',
        summary: 'Get a Clear Key license (W3C Encrypted Media Extensions, 9.1)',
        description:
          'Off unless the server was started with --clear-key. Not for revoked keys, nor outside of the time of the policy.',
        tags: ['players'],
        body: LicenseRequest,
        response: { 200: License, 400: PROBLEM, 403: PROBLEM, 429: PROBLEM, 503: PROBLEM },
      },
    },
    async (request) => {
      const decisions = await decide(storeLicensor(stores.of(ACTOR)), request.body.kids);
      metrics.releases.inc({ by: 'clearkey' }, decisions.filter((decision) => 'key' in decision).length);
      return licenseOf(decisions) as never;
    },
  );
}

/**
 * Decides on the KIDs of a request.
 * @throws Problem 400 for what is no KID, 403 when there is a license for none
 */
export async function decide(licensor: Licensor, kids: readonly string[]): Promise<Decision[]> {
  const parsed = [...new Set(kids)].map(kidOfBase64url);
  if (!parsed.every((kid) => kid !== undefined)) {
    throw new Problem(400, 'INVALID_ARGUMENT', 'a key id is not 16 bytes in base64url');
  }
  const decisions = await licensor.decide(parsed);
  if (decisions.some((decision) => 'key' in decision)) return decisions;
  const reasons = decisions.map((decision) => `${decision.kid}: ${reasonOf(decision)}`);
  throw new Problem(403, 'FORBIDDEN', `there is no license for these keys (${reasons.join('; ')})`);
}

const REASONS = {
  unknown: 'the key is not known',
  revoked: 'the key is revoked',
  'not yet': 'its time has not begun',
  expired: 'its time is over',
  seed: 'the key follows from a seed that is not here',
} as const;

function reasonOf(decision: Decision): string {
  return 'refusal' in decision ? REASONS[decision.refusal] : 'granted';
}

/** Cross-Origin Resource Sharing (Fetch, 3.2). */
function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply, { origins }: ClearKeyOptions): void {
  reply.header('vary', 'origin').header('cross-origin-resource-policy', 'cross-origin');
  const allowed = origins.includes('*') ? '*' : origins.find((origin) => origin === headers.origin);
  if (allowed === undefined) return;
  reply.header('access-control-allow-origin', allowed);
  reply.header('access-control-allow-methods', 'POST');
  reply.header('access-control-allow-headers', 'content-type');
  reply.header('access-control-max-age', '600');
}
