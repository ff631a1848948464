import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

/** Version of the contract, not of the program: the second number grows with what is added to v1. */
const API_VERSION = '1.1.0';

/** Describes the routes that follow, and serves the description. */
export async function addOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'prpack key server',
        description: 'The key store that a license server reads: register keys, find them, end their life.',
        version: API_VERSION,
      },
      tags: [
        { name: 'keys', description: 'Content keys and their records' },
        { name: 'audit', description: 'Who did what with which key' },
        { name: 'health', description: 'For the operator of the server' },
        { name: 'packagers', description: 'Protocols by which packagers fetch keys' },
        { name: 'players', description: 'Licenses for tests and previews' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'A token of `prpack serve token create`' },
          basic: { type: 'http', scheme: 'basic', description: 'The token as the password; any user name' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
