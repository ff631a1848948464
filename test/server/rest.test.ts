import { describe, expect, it } from 'vitest';
import { keyChecksum } from '../../src/keys/checksum.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import { SHA } from '../keystore/helpers.js';
import { breakStore, serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const OTHER_KID = '20000000-1000-1000-1000-100000000002';
const OTHER_KEY = '00112233445566778899aabbccddeeff';
const CHECKSUM = keyChecksum(parseKeyId(KID), ContentKey.fromHex(KEY));

const BODY = { key: KEY, algorithm: 'AESCTR', contentId: 'film', source: 'random' };

async function started(): Promise<{ server: TestServer; register: string; read: string; admin: string }> {
  const server = await start();
  const [register, read, admin] = await Promise.all([
    server.token('register'),
    server.token('read-keys'),
    server.token('admin'),
  ]);
  return { server, register, read, admin };
}

describe('registering one key', () => {
  it('creates it, then finds it unchanged', async () => {
    const { server, register: token } = await started();
    const put = () =>
      server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body: { ...BODY, checksum: CHECKSUM } });
    const first = await put();
    expect(first.status).toBe(201);
    expect(first.json).toMatchObject({ outcome: 'created', record: { kid: KID, state: 'pending' } });
    const second = await put();
    expect(second.status).toBe(200);
    expect(second.json.outcome).toBe('unchanged');
    expect(second.json.record).toEqual(first.json.record);
    expect(first.text).not.toContain(KEY);
  });

  it('keeps the crypto period that it is for, and finds keys by it', async () => {
    const { server, register: token, read } = await started();
    const put = (kid: string, key: string, period: number) =>
      server.fetch(`/v1/keys/${kid}`, { method: 'PUT', token, body: { ...BODY, key, period } });
    expect((await put(KID, KEY, 0)).json.record).toMatchObject({ kid: KID, period: 0 });
    expect((await put(OTHER_KID, OTHER_KEY, 1)).status).toBe(201);
    expect((await server.fetch('/v1/keys?period=1', { token })).json.items).toMatchObject([
      { kid: OTHER_KID },
    ]);
    const stored = await server.fetch('/v1/content-keys?contentId=film&period=0', { token: read });
    expect(stored.json.items).toMatchObject([{ record: { kid: KID }, key: KEY }]);
    for (const period of [-1, 0.5, '1']) expect((await put(KID, KEY, period as number)).status).toBe(400);
  });

  it('refuses another key under the same KID, and keeps the first', async () => {
    const { server, register: token, read } = await started();
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body: BODY });
    const other = await server.fetch(`/v1/keys/${KID}`, {
      method: 'PUT',
      token,
      body: { ...BODY, key: OTHER_KEY },
    });
    expect(other.status).toBe(409);
    expect(other.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(other.json).toMatchObject({ status: 409, code: 'KEY_CONFLICT' });
    expect(other.json.requestId).toBe(other.headers.get('x-request-id'));
    const held = await server.fetch(`/v1/keys/${KID}/key`, { token: read });
    expect(held.json.key).toBe(KEY);
  });

  it('refuses a key that was damaged on its way', async () => {
    const { server, register: token } = await started();
    const body = { ...BODY, key: OTHER_KEY, checksum: CHECKSUM };
    const answer = await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body });
    expect(answer.status).toBe(422);
    expect(answer.json.code).toBe('KEY_INVALID');
  });
});

describe('registering many keys', () => {
  const keys = [
    { kid: KID, ...BODY },
    { kid: OTHER_KID, ...BODY, key: OTHER_KEY, label: 'other' },
  ];

  it('answers for each key, in their order', async () => {
    const { server, register: token } = await started();
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body: { ...BODY, key: OTHER_KEY } });
    const answer = await server.fetch('/v1/keys', { method: 'POST', token, body: { keys } });
    expect(answer.status).toBe(200);
    expect(answer.json.results).toMatchObject([
      { kid: KID, status: 409, outcome: 'conflict' },
      { kid: OTHER_KID, status: 201, outcome: 'created' },
    ]);
  });

  it('registers none when all or none is asked for', async () => {
    const { server, register: token } = await started();
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body: { ...BODY, key: OTHER_KEY } });
    const answer = await server.fetch('/v1/keys', { method: 'POST', token, body: { keys, atomic: true } });
    expect(answer.status).toBe(409);
    const record = await server.fetch(`/v1/keys/${OTHER_KID}`, { token });
    expect(record.status).toBe(404);
    expect(record.json.code).toBe('KEY_REQUIRED');
  });
});

describe('finding keys', () => {
  it('by KID, by content, and by filters page by page', async () => {
    const { server, register: token, read } = await started();
    const keys = Array.from({ length: 5 }, (_, i) => ({
      kid: `${i}0000000-1000-1000-1000-100000000001`,
      ...BODY,
      contentId: i < 4 ? 'a film / with ümlauts & slashes' : 'other',
      label: i % 2 ? 'audio' : 'HD',
    }));
    await server.fetch('/v1/keys', { method: 'POST', token, body: { keys } });
    const contentId = encodeURIComponent('a film / with ümlauts & slashes');
    const content = await server.fetch(`/v1/content-keys?contentId=${contentId}`, { token: read });
    expect(content.json.items.map(({ key }: { key: string }) => key)).toEqual([KEY, KEY, KEY, KEY]);

    const kids: string[] = [];
    let cursor = '';
    do {
      const page = await server.fetch(`/v1/keys?contentId=${contentId}&limit=3${cursor}`, { token });
      expect(page.status).toBe(200);
      expect(page.text).not.toContain(KEY);
      kids.push(...page.json.items.map(({ kid }: { kid: string }) => kid));
      cursor = page.json.next && `&cursor=${page.json.next}`;
    } while (cursor);
    expect(kids.sort()).toEqual(keys.slice(0, 4).map(({ kid }) => kid));
    const audio = await server.fetch('/v1/keys?label=audio&state=pending', { token });
    expect(audio.json.items).toHaveLength(2);
    expect((await server.fetch('/v1/keys?cursor=bm9uc2Vuc2U', { token })).status).toBe(400);
  });
});

describe('the life of a key', () => {
  it('leads from pending to active to revoked, and is audited with the name of the token', async () => {
    const { server, register, read, admin } = await started();
    const stateOf = async () => (await server.fetch(`/v1/keys/${KID}`, { token: admin })).json.state;
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token: register, body: BODY });
    expect(await stateOf()).toBe('pending');
    const body = { kids: [KID], output: { fingerprint: SHA, madeFrom: 'in.mp4' } };
    const published = await server.fetch('/v1/publications', { method: 'POST', token: register, body });
    expect(published.status).toBe(204);
    expect(published.text).toBe('');
    expect(await stateOf()).toBe('active');
    await server.fetch(`/v1/keys/${KID}/key`, { token: read });
    const kids = { kids: [KID] };
    expect((await server.fetch('/v1/revocations', { method: 'POST', token: admin, body: kids })).status).toBe(
      204,
    );
    expect(await stateOf()).toBe('revoked');
    const again = await server.fetch('/v1/publications', { method: 'POST', token: register, body });
    expect(again.status).toBe(409);

    const audit = await server.fetch(`/v1/audit?kid=${KID}`, { token: admin });
    expect(
      audit.json.items.map(({ operation, actor, outcome }: Record<string, string>) => [
        operation,
        actor.replace(/ \([0-9a-f]{8}\)$/, ''),
        outcome,
      ]),
    ).toEqual([
      ['register', 'token test register', 'done'],
      ['activate', 'token test register', 'done'],
      ['open', 'token test read-keys', 'done'],
      ['revoke', 'token test admin', 'done'],
      ['activate', 'token test register', 'conflict'],
    ]);
    expect(audit.text).not.toContain(KEY);
  });

  it('answers 404 for KIDs that are not registered', async () => {
    const { server, register, read, admin } = await started();
    const output = { fingerprint: SHA };
    const answers = await Promise.all([
      server.fetch('/v1/publications', { method: 'POST', token: register, body: { kids: [KID], output } }),
      server.fetch('/v1/revocations', { method: 'POST', token: admin, body: { kids: [KID] } }),
      server.fetch(`/v1/keys/${KID}/key`, { token: read }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  });
});

describe('the server about itself', () => {
  it('answers health and readiness without a token', async () => {
    const { server } = await started();
    expect((await server.fetch('/health/live')).json).toEqual({ status: 'ok' });
    expect((await server.fetch('/health/ready')).json).toEqual({ status: 'ok' });
  });

  it('is not ready when the store cannot be read, and does not say where it is', async () => {
    const server = await start();
    await breakStore(server);
    const answer = await server.fetch('/health/ready');
    expect(answer.status).toBe(503);
    expect(answer.json.code).toBe('KEY_STORE_FAILED');
    expect(answer.text).not.toContain('.sqlite');
    expect(server.log.join('')).toContain('.sqlite');
  });

  it('does not start on a store that cannot be read', async () => {
    const starting = start({ store: { location: 'sqlite:/dev/null/keys.sqlite' } });
    await expect(starting).rejects.toMatchObject({ code: 'KEY_STORE_FAILED' });
  });

  it('counts', async () => {
    const { server, register: token, read } = await started();
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body: BODY });
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body: { ...BODY, key: OTHER_KEY } });
    await server.fetch(`/v1/keys/${KID}/key`, { token: read });
    await server.fetch('/nothing');
    const both = await server.token('register', 'read-keys');
    const soap = { method: 'POST', body: '<a/>', headers: { 'content-type': 'text/xml' } };
    await server.fetch('/playready/rightsmanager.asmx', soap);
    await server.fetch('/speke/v2.0/copyProtection', { ...soap, token: both });
    const { text, headers } = await server.fetch('/metrics', { token });
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toContain('prpack_key_registrations_total{outcome="created"} 1');
    expect(text).toContain('prpack_key_registrations_total{outcome="conflict"} 1');
    expect(text).toContain('prpack_key_releases_total{by="rest"} 1');
    for (const code of ['KEY_CONFLICT', 'NOT_FOUND', 'UNAUTHENTICATED', 'BAD_REQUEST']) {
      expect(text).toContain(`prpack_http_errors_total{code="${code}"} 1`);
    }
    expect(text).toMatch(
      /request_duration_seconds_count\{method="PUT",route="\/v1\/keys\/:kid",status="201"\} 1/,
    );
  });

  it('takes over request ids that are harmless', async () => {
    const { server } = await started();
    const idOf = async (id: string) =>
      (await server.fetch('/health/live', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await idOf('trace-7.1')).toBe('trace-7.1');
    expect(await idOf('run.1,run.2')).toBe('run.1,run.2');
    expect(await idOf('run.1,')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf('a b"c')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
