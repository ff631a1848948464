import { expect, it } from 'vitest';
import { serverStarter } from './helpers.js';

const start = serverStarter();

it('describes itself as OpenAPI 3.1', async () => {
  const server = await start();
  const { json } = await server.fetch('/openapi.json');
  expect(json.openapi).toBe('3.1.0');
  const operations = Object.entries(json.paths).flatMap(([path, methods]) =>
    Object.entries(methods as object).map(([method, operation]) => ({ path, method, ...operation })),
  );
  expect(operations.length).toBeGreaterThan(10);
  for (const { operationId, summary, tags } of operations) {
    expect(operationId && summary && tags.length > 0).toBeTruthy();
  }
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it('says which routes ask for credentials, and no other does', async () => {
  const server = await start();
  const { paths } = (await server.fetch('/openapi.json')).json;
  for (const [path, methods] of Object.entries<Record<string, { security?: object[] }>>(paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      const kid = '10000000-1000-1000-1000-100000000001';
      const { status } = await server.fetch(path.replace('{kid}', kid), {
        method: method.toUpperCase(),
        ...(method === 'get' ? {} : { body: {} }),
      });
      expect([method, path, status === 401]).toEqual([method, path, security !== undefined]);
    }
  }
});
