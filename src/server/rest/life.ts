import { parseKeyId } from '../../keys/key-id.js';
import { type ServerContext, storeOf } from '../context.js';
import { type App, orNotFound, PROBLEM, present, REFUSALS, SECURITY } from './common.js';
import {
  AuditPage,
  AuditQuery,
  Empty,
  KeyRecord,
  KidParams,
  Kids,
  PolicyReplacement,
  Publication,
} from './schemas.js';

/** What happens to keys after their registration. */
export function lifeRoutes(app: App, context: ServerContext): void {
  app.post(
    '/v1/publications',
    {
      config: { demand: ['register'] },
      schema: {
        operationId: 'notePublication',
        summary: 'Note that a file with these keys was published',
        description: 'The keys become active. Idempotent.',
        tags: ['keys'],
        security: SECURITY,
        body: Publication,
        response: { 204: Empty, 404: PROBLEM, 409: PROBLEM, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const { kids, output } = request.body;
      await orNotFound(storeOf(context, request).markActive(kids.map(parseKeyId), present(output)));
      return reply.code(204).send();
    },
  );

  app.post(
    '/v1/revocations',
    {
      config: { demand: ['admin'] },
      schema: {
        operationId: 'revokeKeys',
        summary: 'Revoke keys',
        description: 'No license is to be made for them any more. For good, and idempotent.',
        tags: ['keys'],
        security: SECURITY,
        body: Kids,
        response: { 204: Empty, 404: PROBLEM, ...REFUSALS },
      },
    },
    async (request, reply) => {
      await orNotFound(storeOf(context, request).revoke(request.body.kids.map(parseKeyId)));
      return reply.code(204).send();
    },
  );

  app.put(
    '/v1/keys/:kid/policy',
    {
      config: { demand: ['admin'] },
      schema: {
        operationId: 'replacePolicy',
        summary: 'Replace the policy of a key',
        description:
          'The policy becomes a new version, and earlier ones are kept. Licenses that were issued before keep theirs. The same policy again changes nothing.',
        tags: ['keys'],
        security: SECURITY,
        params: KidParams,
        body: PolicyReplacement,
        response: { 200: KeyRecord, 404: PROBLEM, 409: PROBLEM, ...REFUSALS },
      },
    },
    async (request) => {
      const { policy, replaces } = request.body;
      const kid = parseKeyId(request.params.kid);
      return (await orNotFound(storeOf(context, request).replacePolicy(kid, policy, replaces))) as never;
    },
  );

  app.get(
    '/v1/audit',
    {
      config: { demand: ['admin'] },
      schema: {
        operationId: 'readAudit',
        summary: 'Read the audit, oldest entry first',
        tags: ['audit'],
        security: SECURITY,
        querystring: AuditQuery,
        response: { 200: AuditPage, ...REFUSALS },
      },
    },
    async (request) => {
      const { cursor, limit, kid, contentId } = request.query;
      const filter = present({ contentId, kid: kid === undefined ? undefined : parseKeyId(kid) });
      return (await storeOf(context, request).audit(filter, present({ cursor, limit }))) as never;
    },
  );
}
