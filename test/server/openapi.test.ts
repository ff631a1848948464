import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/samples.js';
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

it('is the contract in docs/openapi, so that nobody changes it unseen', async () => {
  const server = await start({ clearKey: { origins: [] } });
  const { text } = await server.fetch('/openapi.json');
  const path = join(ROOT, 'docs/openapi/key-server.json');
  // To take a change over: save what the server serves at /openapi.json, with --clear-key, as this file.
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(path, 'utf8')));
});

/** What the contract says of an answer is what the server sends: every field that is described, and no other. */
it('describes the answers of the server', async () => {
  const server = await start();
  const token = await server.token('register', 'read-keys', 'admin');
  const kid = '10000000-1000-1000-1000-100000000001';
  const body = {
    key: '3a2a1b68dd2bd9b2eeb25e84c4776668',
    contentId: 'film',
    label: 'HD',
    laUrl: 'https://drm.example.com/',
    policy: { persist: true },
  };
  const { paths, components } = (await server.fetch('/openapi.json')).json;
  const misfits = misfitsBy(components.schemas);
  const asked = [
    ['put', '/v1/keys/{kid}', body],
    ['get', '/v1/keys', undefined],
    ['get', '/v1/keys/{kid}', undefined],
    ['get', '/v1/keys/{kid}/key', undefined],
    ['get', '/v1/content-keys', undefined],
    ['get', '/v1/audit', undefined],
    ['get', '/health/ready', undefined],
  ] as const;
  for (const [method, path, sent] of asked) {
    const query = path === '/v1/content-keys' ? '?contentId=film' : '';
    const answer = await server.fetch(path.replace('{kid}', kid) + query, {
      method: method.toUpperCase(),
      token,
      ...(sent && { body: sent }),
    });
    const { schema } = paths[path][method].responses[answer.status].content['application/json'];
    expect(misfits(answer.json, schema, path)).toEqual([]);
  }
  const missing = await server.fetch('/v1/keys/20000000-1000-1000-1000-100000000002', { token });
  const { schema } = paths['/v1/keys/{kid}'].get.responses[404].content['application/problem+json'];
  expect(misfits(missing.json, schema, 'problem')).toEqual([]);
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
}

/** Says where a value is not what its schema says. */
function misfitsBy(components: Readonly<Record<string, Schema>>) {
  return misfits;

  function misfits(value: unknown, asWritten: Schema, at: string): string[] {
    const schema = asWritten.$ref
      ? components[asWritten.$ref.replace('#/components/schemas/', '')]!
      : asWritten;
    if (Array.isArray(value)) return value.flatMap((item, i) => misfits(item, schema.items!, `${at}/${i}`));
    if (typeof value === 'object' && value !== null) return misfitsOfObject(value, schema, at);
    if (schema.enum && !schema.enum.includes(value)) return [`${at} is none of its values`];
    if (schema.pattern && !new RegExp(schema.pattern).test(`${value}`))
      return [`${at} is not as its pattern`];
    return [];
  }

  function misfitsOfObject(value: object, { properties, required = [] }: Schema, at: string): string[] {
    if (!properties) return []; // a policy: any object
    const undescribed = Object.entries(value).flatMap(([name, field]) =>
      properties[name]
        ? misfits(field, properties[name], `${at}/${name}`)
        : [`${at}/${name} is not described`],
    );
    return [
      ...required.filter((name) => !(name in value)).map((name) => `${at}/${name} is missing`),
      ...undescribed,
    ];
  }
}
