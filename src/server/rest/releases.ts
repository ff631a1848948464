import { parseKeyId } from '../../keys/key-id.js';
import type { StoredKey } from '../../keystore/key-store.js';
import { type ServerContext, storeOf } from '../context.js';
import { type App, keyNotFound, PROBLEM, present, REFUSALS, SECURITY } from './common.js';
import { ContentQuery, KidParams, StoredKeyBody, StoredKeys } from './schemas.js';

/** Where keys leave: for `read-keys` alone, and every time the store notes it. */
export function releaseRoutes(app: App, context: ServerContext): void {
  app.get(
    '/v1/keys/:kid/key',
    {
      config: { demand: ['read-keys'] },
      schema: {
        operationId: 'releaseKey',
        summary: 'Get a key with its record',
        description:
          'Audited. The key of a revoked record is given out, too: its `state` says that no license is to be made.',
        tags: ['keys'],
        security: SECURITY,
        params: KidParams,
        response: { 200: StoredKeyBody, 404: PROBLEM, ...REFUSALS },
      },
    },
    async (request) => {
      const kid = parseKeyId(request.params.kid);
      const stored = await storeOf(context, request).get(kid);
      if (!stored) throw keyNotFound(kid);
      return released(context, stored) as never;
    },
  );

  app.get(
    '/v1/content-keys',
    {
      config: { demand: ['read-keys'] },
      schema: {
        operationId: 'releaseContentKeys',
        summary: 'Get all keys of a content, oldest first',
        description: 'Audited, each key by itself. All filters given must match.',
        tags: ['keys'],
        security: SECURITY,
        querystring: ContentQuery,
        response: { 200: StoredKeys, ...REFUSALS },
      },
    },
    async (request) => {
      const { contentId, ...filter } = request.query;
      const stored = await storeOf(context, request).findByContentId(contentId, present(filter));
      return { items: stored.map((one) => released(context, one)) } as never;
    },
  );
}

function released({ metrics }: ServerContext, { record, key }: StoredKey): object {
  if (!key) return { record };
  metrics.releases.inc({ by: 'rest' });
  return { record, key: key.revealHex() };
}
