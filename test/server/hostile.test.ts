import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const KID = '10000000-1000-1000-1000-100000000001';
const POLICY_ID = '5e11ab1e-0000-4000-8000-0123456789ab';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';

interface Conversation {
  readonly socket: Socket;
  /** All that the server said, once it has closed the connection. */
  readonly ended: Promise<string>;
}

function talk({ url }: TestServer, ...said: string[]): Conversation {
  const { port } = new URL(url);
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  const heard: Buffer[] = [];
  socket.on('data', (part) => heard.push(part));
  socket.on('error', () => {});
  for (const part of said) socket.write(part);
  const ended = new Promise<string>((resolve) => {
    const finish = () => resolve(Buffer.concat(heard).toString());
    socket.on('end', finish);
    socket.on('close', finish);
  });
  return { socket, ended };
}

const statusOf = async ({ ended }: Conversation) => Number(/^HTTP\/1\.1 (\d{3})/.exec(await ended)?.[1]);

const post = (path: string, headers: readonly string[], body = '') =>
  [`POST ${path} HTTP/1.1`, 'host: x', 'connection: close', ...headers, '', body].join('\r\n');

async function isWell(server: TestServer): Promise<void> {
  expect((await server.fetch('/health/ready')).status).toBe(200);
}

describe('clients that are slow', () => {
  const limits = { headersTimeoutMs: 300, requestTimeoutMs: 600, idleTimeoutMs: 1000 };

  it('are cut off in their headers', async () => {
    const server = await start({ limits });
    const slow = Array.from({ length: 50 }, () => talk(server, 'POST /v1/keys HTTP/1.1\r\nhost: x\r\nx-a: '));
    expect(await Promise.all(slow.map(statusOf))).toEqual(Array(50).fill(408));
    await isWell(server);
  });

  it('are cut off in their body', async () => {
    const server = await start({ limits });
    const token = await server.token('register');
    const head = post('/v1/keys', [
      `authorization: Bearer ${token}`,
      'content-type: application/json',
      'content-length: 1000',
    ]);
    const slow = talk(server, head, '{"keys":');
    expect(await statusOf(slow)).toBe(408);
    await isWell(server);
  });

  it('are cut off when they say nothing', async () => {
    const server = await start({ limits });
    await talk(server).ended;
    await isWell(server);
  });
});

describe('requests that are too large', () => {
  it.each(['/v1/keys', '/playready/rightsmanager.asmx', '/widevine/getcontentkey', '/clearkey'])(
    '%s refuses the body before it is read',
    async (path) => {
      const server = await start({ limits: { bodyBytes: 1000 }, clearKey: { origins: [] } });
      const token = await server.token('register', 'read-keys');
      const body = 'x'.repeat(100_000);
      const headers = { 'content-type': path.endsWith('asmx') ? 'text/xml' : 'application/json' };
      const answer = await server.fetch(path, { method: 'POST', token, body, headers });
      expect(answer.status).toBe(413);
    },
  );

  it('and those that do not say how large they are', async () => {
    const server = await start({ limits: { bodyBytes: 1000 } });
    const token = await server.token('register');
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    const headers = [
      `authorization: Bearer ${token}`,
      'content-type: application/json',
      'transfer-encoding: chunked',
    ];
    const large = talk(server, post('/v1/keys', headers), chunk, chunk, chunk);
    expect(await statusOf(large)).toBe(413);
  });

  it('by Clear Key, which asks nobody who they are', async () => {
    const server = await start({ clearKey: { origins: [] } });
    const body = JSON.stringify({ kids: [' '.repeat(16 * 1024)] });
    expect((await server.fetch('/clearkey', { method: 'POST', body })).status).toBe(413);
  });

  it('in their headers and path', async () => {
    const server = await start();
    expect(await statusOf(talk(server, post('/v1/keys', [`x-a: ${'y'.repeat(100_000)}`])))).toBe(431);
    expect((await server.fetch(`/v1/keys/${'a'.repeat(500)}`)).status).toBe(414);
  });
});

describe('requests that are no requests', () => {
  it.each([
    ['noise', '\u0000\u0001\u0002\r\n\r\n'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n'],
    ['two lengths', post('/v1/keys', ['content-length: 1', 'content-length: 2'])],
    ['a length and chunks', post('/v1/keys', ['content-length: 1', 'transfer-encoding: chunked'])],
    [
      'a bad chunk',
      post('/v1/keys', ['content-type: application/json', 'transfer-encoding: chunked'], 'zz\r\n'),
    ],
  ])('answers %s with 400 or 401', async (_title, said) => {
    const server = await start();
    expect([400, 401]).toContain(await statusOf(talk(server, said)));
    await isWell(server);
  });

  it('answers a socket that is closed on one side', async () => {
    const server = await start();
    const half = talk(server, 'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    half.socket.end();
    expect(await statusOf(half)).toBe(200);
  });

  it('forgets clients that go away', async () => {
    const server = await start();
    for (let i = 0; i < 50; i++) {
      const gone = talk(server, 'POST /v1/keys HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{');
      gone.socket.once('connect', () => gone.socket.resetAndDestroy());
      await gone.ended;
    }
    await isWell(server);
  });
});

describe('JSON that is not as it has to be', () => {
  const valid = { kid: KID, key: KEY, contentId: 'film' };
  const body = (more: object) => JSON.stringify({ keys: [{ ...valid, ...more }] });

  it.each<[string, string, number]>([
    ['broken', `{"keys":[{"kid":"${KID}","key":"${KEY}`, 400],
    ['empty', '', 400],
    ['nested deep', `{"keys":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400],
    [
      'a policy nested deep',
      body({ policy: {} }).replace('{}', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`),
      400,
    ],
    ['a prototype', body({}).replace('"kid"', '"__proto__":{"x":1},"kid"'), 400],
    ['a prototype in escapes', body({}).replace('"kid"', '"\\u005f_proto_\\u005f":{"x":1},"kid"'), 400],
    ['too many values', `{"keys":[${'0,'.repeat(100_000)}0]}`, 400],
    ['no keys', '{"keys":[]}', 400],
    ['too many keys', JSON.stringify({ keys: Array(1001).fill(valid) }), 400],
    ['a key that is too short', body({ key: KEY.slice(1) }), 400],
    ['a key in place of the KID', body({ kid: KEY }), 400],
    ['a key as the name of a field', body({ [KEY]: 1 }), 400],
    ['an unknown algorithm', body({ algorithm: 'ROT13' }), 400],
    ['an empty content id', body({ contentId: '' }), 400],
    ['text with a NUL', body({ contentId: 'a\u0000b' }), 400],
    ['a policy that is no object', body({ policy: [1] }), 400],
    ['a policy with unknown words', body({ policy: { minSecurity: 2000 } }), 400],
    ['a policy that contradicts itself', body({ policy: { expiration: 'P30D' } }), 400],
    ['a key of zeros', body({ key: '0'.repeat(32) }), 400],
    ['a KID of zeros', body({ kid: '00000000-0000-0000-0000-000000000000' }), 400],
  ])('%s', async (_title, sent, status) => {
    const server = await start();
    const token = await server.token('register');
    const headers = { 'content-type': 'application/json' };
    const answer = await server.fetch('/v1/keys', { method: 'POST', token, body: sent, headers });
    expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([
      status,
      'application/problem+json',
    ]);
    expect(answer.text).not.toContain(KEY.slice(1));
    expect(server.log.join('')).not.toContain(KEY.slice(1));
  });

  it.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'is not taken as %s',
    async (type) => {
      const server = await start();
      const token = await server.token('register');
      const headers = { 'content-type': type };
      const answer = await server.fetch('/v1/keys', { method: 'POST', token, body: body({}), headers });
      expect([answer.status, answer.json.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    },
  );
});

describe('too many requests of one address', () => {
  it('are refused, whether they have a token or not', async () => {
    const server = await start({ limits: { requestsPerSecond: 5 } });
    const answers = await Promise.all(Array.from({ length: 30 }, () => server.fetch('/v1/keys')));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(15);
    expect(limited[0]!.json.code).toBe('RATE_LIMITED');
    expect(limited[0]!.headers.get('retry-after')).toMatch(/^\d+$/);
  });
});

describe('the log', () => {
  it('has no key and no token in it, at any level and whatever is asked', async () => {
    const server = await start({ clearKey: { origins: [] } });
    const token = await server.token('register', 'read-keys', 'admin');
    const body = { key: KEY, contentId: 'film', policy: { meteringId: POLICY_ID } };
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body });
    await server.fetch(`/v1/keys/${KID}`, {
      method: 'PUT',
      token,
      body: { ...body, key: KEY.replace('3', '4') },
    });
    await server.fetch(`/v1/keys/${KID}/key`, { token });
    await server.fetch(`/v1/keys/${KEY}`, { token });
    await server.fetch(`/v1/keys?label=${KEY}`, { token });
    await server.fetch(`/${KEY}`, { token: KEY });
    await server.fetch('/clearkey', { method: 'POST', body: { kids: ['EAAAABAAEAAQABAAAAAAAQ'] } });
    await talk(server, `GET /${KEY} HTTP/9.9\r\n\r\n`).ended;
    const log = server.log.join('');
    expect(log).toContain('"route":"/v1/keys/:kid/key"');
    const bytes = Buffer.from(KEY, 'hex');
    for (const secret of [
      KEY,
      bytes.toString('base64').slice(0, 20),
      bytes.toString('base64url').slice(0, 20),
    ]) {
      expect(log.toLowerCase()).not.toContain(secret.toLowerCase());
    }
    expect(log).not.toContain(token.slice(16));
    expect(log).not.toContain(POLICY_ID);
  });
});

describe('a server that is told to stop', () => {
  it('answers what is in flight, and takes nothing new', async () => {
    const server = await start();
    const token = await server.token('register');
    const body = JSON.stringify({ key: KEY, contentId: 'film' });
    const head = `PUT /v1/keys/${KID} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const inFlight = talk(server, head, body.slice(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = server.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(server.fetch('/health/live')).rejects.toThrow();
    inFlight.socket.write(body.slice(10));
    expect(await statusOf(inFlight)).toBe(201);
    await closed;
  });

  it('does not wait for those that never end', async () => {
    // No other limit ends the request: a server that waited would meet the time limit of the test.
    const never = 3_600_000;
    const server = await start({ limits: { requestTimeoutMs: never, idleTimeoutMs: never, drainMs: 300 } });
    const stuck = talk(server, 'POST /clearkey HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.close();
    await stuck.ended;
  });
});
