import helmet from '@fastify/helmet';
import fastify from 'fastify';
import { expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../src/server/security-headers.js';
import { serverStarter } from './helpers.js';

const start = serverStarter();

it('every answer has the headers of Helmet', async () => {
  const app = fastify();
  await app.register(helmet, { contentSecurityPolicy: { directives: { 'default-src': ["'none'"] } } });
  const { headers } = await app.inject('/');
  const own = ['content-type', 'content-length', 'date', 'connection'];
  const ofHelmet = Object.entries(headers).filter(([name]) => !own.includes(name));
  expect(SECURITY_HEADERS).toEqual(Object.fromEntries(ofHelmet));
  const server = await start();
  for (const path of ['/health/live', '/v1/keys', '/nothing', '/openapi.json']) {
    const answer = await server.fetch(path);
    for (const [name, value] of ofHelmet)
      expect([path, name, answer.headers.get(name)]).toEqual([path, name, value]);
  }
});
