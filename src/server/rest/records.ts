import { parseKeyId } from '../../keys/key-id.js';
import type { KeyFilter } from '../../keystore/key-store.js';
import { type ServerContext, storeOf } from '../context.js';
import { type App, keyNotFound, PROBLEM, present, REFUSALS, SECURITY } from './common.js';
import { KeyPage, KeyQuery, KeyRecord, KidParams } from './schemas.js';

/** Records never have the key in them. */
export function recordRoutes(app: App, context: ServerContext): void {
  app.get(
    '/v1/keys',
    {
      config: { demand: 'any' },
      schema: {
        operationId: 'listKeys',
        summary: 'List records, oldest first',
        description: 'Without keys. All filters given must match.',
        tags: ['keys'],
        security: SECURITY,
        querystring: KeyQuery,
        response: { 200: KeyPage, ...REFUSALS },
      },
    },
    async (request) => {
      const { cursor, limit, kid, ...fields } = request.query;
      const filter: KeyFilter = { ...present(fields), ...(kid !== undefined && { kid: parseKeyId(kid) }) };
      return (await storeOf(context, request).list(filter, present({ cursor, limit }))) as never;
    },
  );

  app.get(
    '/v1/keys/:kid',
    {
      config: { demand: 'any' },
      schema: {
        operationId: 'getKeyRecord',
        summary: 'Get the record of a key',
        description: 'Without the key.',
        tags: ['keys'],
        security: SECURITY,
        params: KidParams,
        response: { 200: KeyRecord, 404: PROBLEM, ...REFUSALS },
      },
    },
    async (request) => {
      const kid = parseKeyId(request.params.kid);
      const { items } = await storeOf(context, request).list({ kid });
      if (!items[0]) throw keyNotFound(kid);
      return items[0] as never;
    },
  );
}
