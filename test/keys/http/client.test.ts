import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpClient, type HttpClientOptions } from '../../../src/keys/http/client.js';
import { assertSuccess } from '../../../src/keys/http/failure.js';
import { SecretHeader } from '../../../src/keys/http/secret-header.js';
import { certificatePath, KEYS, spellingsOf } from '../cpix/documents.js';
import { failureOf, inTurn, reply, type Seen, testServers } from './servers.js';

const servers = testServers();
const SECRET = 'c2VjcmV0LXRva2VuLTEyMzQ1';
const authorities = certificatePath('ca.pem');

const clients: HttpClient[] = [];
function client(options: HttpClientOptions = {}): HttpClient {
  const made = new HttpClient({ retryDelayMs: 5, timeoutMs: 5000, ...options });
  clients.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(clients.splice(0).map((made) => made.close()));
});

const get = (url: string) => ({ method: 'GET', url }) as const;
const post = (url: string) => ({ method: 'POST', url, body: '<x/>' }) as const;
const text = (body: Uint8Array) => new TextDecoder().decode(body);

describe('HttpClient', () => {
  it('sends what it is given and returns what comes back, whatever the status', async () => {
    const server = await servers.http(reply(418, 'tea', { 'X-Kind': 'pot' }));
    const authorization = SecretHeader.parse(`Bearer ${SECRET}`, 'test');
    const response = await client({ authorization }).request({
      ...post(`${server.url}/a?q=1`),
      headers: { 'content-type': 'text/xml' },
    });
    expect({ ...response, body: text(response.body) }).toMatchObject({
      status: 418,
      body: 'tea',
      headers: { 'x-kind': 'pot' },
      url: `${server.url}/a`,
      attempts: 1,
    });
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/a?q=1',
        body: '<x/>',
        headers: { 'content-type': 'text/xml', authorization: `Bearer ${SECRET}`, 'content-length': '4' },
      },
    ]);
  });

  it.each([429, 502, 503, 504])('repeats a GET after %i, and says how often', async (status) => {
    const server = await servers.http(inTurn(reply(status), reply(status), reply(200, 'ok')));
    expect(await client().request(get(server.url))).toMatchObject({ status: 200, attempts: 3 });
  });

  it.each([
    [429, 2],
    [503, 2],
    [502, 1],
    [504, 1],
    [500, 1],
    [403, 1],
  ])(
    'after %i sends a POST %i times in all: it is repeated only when it had no effect',
    async (status, times) => {
      const server = await servers.http(inTurn(reply(status), reply(200)));
      await client().request(post(server.url));
      expect(server.seen).toHaveLength(times);
    },
  );

  it('repeats a POST that is said to be idempotent as a GET', async () => {
    const server = await servers.http(inTurn(reply(504), reply(200)));
    expect(await client().request({ ...post(server.url), isIdempotent: true })).toMatchObject({
      status: 200,
    });
  });

  it.each([403, 404, 500, 501])('does not repeat after %i', async (status) => {
    const server = await servers.http(reply(status));
    await client().request(get(server.url));
    expect(server.seen).toHaveLength(1);
  });

  it('gives up after the last attempt', async () => {
    const server = await servers.http(reply(503));
    expect(await client({ retries: 2 }).request(get(server.url))).toMatchObject({ status: 503, attempts: 3 });
  });

  it('waits as long as Retry-After says, and not at all for one that is too long', async () => {
    const short = await servers.http(inTurn(reply(503, '', { 'retry-after': '1' }), reply(200)));
    const start = performance.now();
    await client().request(post(short.url));
    expect(performance.now() - start).toBeGreaterThan(950);
    const long = await servers.http(reply(503, '', { 'retry-after': '3600' }));
    expect(await client().request(post(long.url))).toMatchObject({ status: 503, attempts: 1 });
  });

  it('repeats after a refused connection, a POST too', async () => {
    const port = await servers.closedPort();
    const { error } = await failureOf(
      client({ retries: 2 }).request(post(`http://127.0.0.1:${port}/x?token=${SECRET}`)),
    );
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: `http://127.0.0.1:${port}/x refuses connections after 3 attempts (ECONNREFUSED)`,
      details: { remedy: expect.stringContaining('Check host and port') },
    });
  });

  it.each([
    ['GET', 3],
    ['POST', 1],
  ] as const)('sends a %s %i times when the server hangs up', async (method, times) => {
    let connections = 0;
    const server = await servers.tcp((socket) => {
      socket.once('data', () => {
        connections++;
        socket.destroy();
      });
    });
    const { error } = await failureOf(client({ retries: 2 }).request({ method, url: server.url }));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('closed the connection'),
    });
    expect(connections).toBe(times);
  });

  it.each([
    ['never answers', () => {}],
    [
      'stops in the middle of its answer',
      (_: Seen, response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('<half');
      },
    ],
  ])('gives up on a server that %s', async (_, answer) => {
    const server = await servers.http(answer);
    const { error } = await failureOf(client({ timeoutMs: 100 }).request(post(server.url)));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('did not answer in time'),
    });
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n'],
  ])('refuses an answer %s that breaks off, and repeats none of it', async (_, head) => {
    const server = await servers.tcp((socket) => socket.once('data', () => socket.end(`${head}${KEYS[0]}`)));
    const { error, said } = await failureOf(client().request(post(server.url)));
    expect(error).toMatchObject({ code: 'KEY_SOURCE_FAILED' });
    expect(said).not.toContain(KEYS[0]);
  });

  it('does not repeat what is no HTTP in an error or its cause', async () => {
    const server = await servers.tcp((socket) =>
      socket.once('data', () => socket.end(`KEY ${KEYS[0]}\r\n\r\n`)),
    );
    const { error, said } = await failureOf(client().request(post(server.url)));
    expect(error).toMatchObject({ message: expect.stringContaining('gave no answer that could be read') });
    for (const spelling of spellingsOf(KEYS[0]))
      expect(said + inspect(error, { depth: 9 })).not.toContain(spelling);
  });

  it('refuses an answer over the limit, and a compressed one', async () => {
    const large = await servers.http(reply(200, 'x'.repeat(2000)));
    const limited = client({ maxResponseBytes: 1999 });
    expect((await failureOf(limited.request(get(large.url)))).error).toMatchObject({
      message: expect.stringContaining('more than 1999 bytes'),
    });
    expect((await client({ maxResponseBytes: 2000 }).request(get(large.url))).body).toHaveLength(2000);
    const zipped = await servers.http(reply(200, 'x', { 'content-encoding': 'gzip' }));
    expect((await failureOf(client().request(get(zipped.url)))).error).toMatchObject({
      message: expect.stringContaining('compressed'),
    });
  });

  it('does not follow redirections', async () => {
    const other = await servers.http(reply(200));
    const server = await servers.http(reply(307, '', { location: other.url }));
    const response = await client().request(post(server.url));
    expect(() => assertSuccess(response, '--cpix-auth')).toThrow(
      expect.objectContaining({ code: 'KEY_SOURCE_FAILED' }),
    );
    expect(other.seen).toHaveLength(0);
  });

  it('keeps its time limit beside a signal that may be raised, whatever the garbage collector does', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const server = await servers.http(() => setTimeout(collect, 50));
    const { signal } = new AbortController();
    const { error } = await failureOf(
      client({ timeoutMs: 300, signal, retries: 0 }).request(get(server.url)),
    );
    expect(error).toMatchObject({ message: expect.stringContaining('did not answer in time') });
  });

  it('ends when its signal is raised, during an attempt or a pause', async () => {
    const silent = await servers.http(() => {});
    const during = client({ signal: AbortSignal.timeout(50) }).request(get(silent.url));
    expect((await failureOf(during)).error).toMatchObject({ code: 'ABORTED' });
    const busy = await servers.http(reply(503));
    const pausing = client({ signal: AbortSignal.timeout(50), retryDelayMs: 9000 }).request(get(busy.url));
    expect((await failureOf(pausing)).error).toMatchObject({ code: 'ABORTED' });
  });

  it.each([
    'ftp://keys.example/x',
    'keys.example',
    '',
    `https://user:${SECRET}@keys.example/`,
    `x ${SECRET}`,
  ])('refuses the URL %s, without repeating secrets', async (url) => {
    const { error, said } = await failureOf(client().request(get(url)));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { remedy: expect.any(String) } });
    expect(said).not.toContain(SECRET);
  });
});

describe('statuses', () => {
  it.each([
    [403, 'answered 403 (Forbidden)', 'is allowed to fetch'],
    [401, 'answered 401 (Unauthorized)', 'Check the authorization header (--cpix-auth)'],
    [422, 'answered 422 (Unprocessable Entity)', 'Check the URL, the content id'],
    [599, 'answered 599 (unknown status)', 'log of the server'],
  ])('says which server, status %i, and what next', async (status, message, remedy) => {
    const server = await servers.http(reply(status, `key ${KEYS[0]}`));
    const authorization = SecretHeader.parse(SECRET, 'test');
    const answer = client({ authorization })
      .request(get(`${server.url}/p?sig=${SECRET}`))
      .then((response) => assertSuccess(response, '--cpix-auth'));
    const { error, said } = await failureOf(answer);
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: `${server.url}/p ${message}`,
      details: { received: status, remedy: expect.stringContaining(remedy) },
    });
    for (const secret of [SECRET, ...spellingsOf(KEYS[0])]) expect(said).not.toContain(secret);
  });
});

describe('TLS', () => {
  it('trusts the authorities that it is given, and verifies', async () => {
    const server = await servers.https(reply(200, 'ok'));
    expect(await client({ tls: { authorities } }).request(get(server.url))).toMatchObject({ status: 200 });
  });

  it('refuses a certificate of an unknown authority, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const server = await servers.https(reply(200));
    const { error } = await failureOf(client().request(get(server.url)));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('has a certificate that is not trusted'),
    });
    expect(server.seen).toHaveLength(0);
  });

  it('refuses a certificate of another name', async () => {
    const server = await servers.https(reply(200), 'elsewhere');
    const { error } = await failureOf(client({ tls: { authorities } }).request(get(server.url)));
    expect(error).toMatchObject({ message: expect.stringContaining('certificate of another name') });
    expect(server.seen).toHaveLength(0);
  });

  it('shows a client certificate to a server that wants one', async () => {
    const { readFileSync } = await import('node:fs');
    const ca = readFileSync(authorities);
    const server = await servers.https(reply(200), 'server', {
      requestCert: true,
      rejectUnauthorized: true,
      ca,
    });
    const certificate = certificatePath('client.pem');
    const privateKey = certificatePath('client.key');
    const known = client({ tls: { authorities, certificate, privateKey } });
    expect(await known.request(post(server.url))).toMatchObject({ status: 200 });
    const { error } = await failureOf(client({ tls: { authorities } }).request(post(server.url)));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      details: { remedy: expect.stringContaining('client certificate') },
    });
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    [{ authorities: certificatePath('client.key') }, 'KEY_SOURCE_FAILED', 'cannot be used for TLS'],
    [{ certificate: certificatePath('client.pem') }, 'INVALID_ARGUMENT', 'belong together'],
    [
      { certificate: certificatePath('client.pem'), privateKey: certificatePath('server.key') },
      'KEY_SOURCE_FAILED',
      'cannot be used for TLS',
    ],
    [
      { certificate: certificatePath('no.pem'), privateKey: certificatePath('no.key') },
      'KEY_SOURCE_FAILED',
      'cannot be read',
    ],
  ])('refuses unusable files before it connects: %o', async (tls, code, message) => {
    const { error } = await failureOf(client({ tls }).request(get('https://localhost:1/')));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('says so when http is spoken to a TLS port, or TLS to an http port', async () => {
    const plain = await servers.http(reply(200));
    const tls = await servers.https(reply(200));
    for (const url of [plain.url.replace('http:', 'https:'), tls.url.replace('https:', 'http:')]) {
      const { error } = await failureOf(client({ tls: { authorities }, retries: 0 }).request(post(url)));
      expect(error).toMatchObject({
        code: 'KEY_SOURCE_FAILED',
        details: { remedy: expect.stringContaining('http or https') },
      });
    }
  });
});

describe('proxies', () => {
  it('tunnels through HTTPS_PROXY and still verifies the server, except for NO_PROXY', async () => {
    const server = await servers.https(reply(200));
    const proxy = await servers.proxy(server.port);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', '');
    expect(await client({ tls: { authorities } }).request(get(server.url))).toMatchObject({ status: 200 });
    expect(proxy.seen).toMatchObject([{ method: 'CONNECT', url: `localhost:${server.port}` }]);
    const wrongName = client({ tls: { authorities } }).request(get(`https://keys.example:${server.port}/`));
    expect((await failureOf(wrongName)).error).toMatchObject({ code: 'KEY_SOURCE_FAILED' });
    expect(server.seen).toHaveLength(1);
    vi.stubEnv('NO_PROXY', 'localhost');
    await client({ tls: { authorities } }).request(get(server.url));
    expect(proxy.seen).toHaveLength(2);
    expect(server.seen).toHaveLength(2);
  });

  it('asks HTTP_PROXY for the URLs of http servers, without a tunnel', async () => {
    const proxy = await servers.http(reply(200, 'ok'));
    vi.stubEnv('HTTP_PROXY', proxy.url.replace('//', `//user:${SECRET}@`));
    vi.stubEnv('NO_PROXY', '');
    expect(await client().request(post('http://keys.example/speke?a=1'))).toMatchObject({ status: 200 });
    expect(proxy.seen).toMatchObject([
      {
        method: 'POST',
        url: 'http://keys.example/speke?a=1',
        body: '<x/>',
        headers: { host: 'keys.example', 'proxy-authorization': expect.stringMatching(/^Basic /) },
      },
    ]);
  });

  it('says so when HTTP_PROXY wants another user', async () => {
    const proxy = await servers.http(reply(407));
    vi.stubEnv('HTTP_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', '');
    const answer = client()
      .request(get('http://keys.example/'))
      .then((response) => assertSuccess(response, '--cpix-auth'));
    expect((await failureOf(answer)).error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message:
        'http://keys.example/ is behind a proxy that wants another user or password (UND_ERR_INVALID_ARG)',
      details: { remedy: expect.stringContaining('user and password in the URL of the proxy') },
    });
    expect(proxy.seen).toHaveLength(1);
  });

  it('says so when the proxy hangs up', async () => {
    const proxy = await servers.tcp((socket) => socket.once('data', () => socket.end()));
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
    vi.stubEnv('NO_PROXY', '');
    const { error } = await failureOf(client().request(get('https://keys.example/')));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('through the proxy'),
    });
  });

  it('says so when the proxy refuses', async () => {
    const proxy = await servers.tcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n')),
    );
    vi.stubEnv('HTTPS_PROXY', `http://user:${SECRET}@127.0.0.1:${proxy.port}`);
    vi.stubEnv('NO_PROXY', '');
    const { error, said } = await failureOf(client({ retries: 0 }).request(get('https://keys.example/')));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('through the proxy'),
    });
    expect(said).not.toContain(SECRET);
  });
});
