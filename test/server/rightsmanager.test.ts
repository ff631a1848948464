import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { readPlayReadyHeader } from '../../src/drm/playready/header-reader.js';
import { readPlayReadyObject } from '../../src/drm/playready/object.js';
import { serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const PATH = '/playready/rightsmanager.asmx';
const PROTOCOLS = 'http://schemas.microsoft.com/DRM/2007/03/protocols';
const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/';

function request(stream: string, systems = '9A04F079-9840-4286-AB92-E65BE0885F95'): string {
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="${ENVELOPE}"><s:Body><AcquirePackagingData xmlns="${PROTOCOLS}"><challenge xmlns="${PROTOCOLS}/AcquirePackagingData/v1.0"><ProtectionSystems><ProtectionSystemId>${systems}</ProtectionSystemId></ProtectionSystems><StreamProtectionRequests>${stream}</StreamProtectionRequests></challenge></AcquirePackagingData></s:Body></s:Envelope>`;
}

function stream(identifier: string): string {
  return `<StreamInformation><ProgramIdentifier>${identifier}</ProgramIdentifier><OffsetFromProgramStart>P0S</OffsetFromProgramStart></StreamInformation>`;
}

function message(operation: string, content = ''): string {
  return `<s:Envelope xmlns:s="${ENVELOPE}"><s:Body><${operation} xmlns="${PROTOCOLS}">${content}</${operation}></s:Body></s:Envelope>`;
}

function post(server: TestServer, body: string, token?: string, operation = 'AcquirePackagingData') {
  return server.fetch(PATH, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: `"${PROTOCOLS}/${operation}"` },
    ...(token !== undefined && { token }),
  });
}

const leaf = (xml: string, name: string) =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((m) => m[1]!);

describe('AcquirePackagingData', () => {
  it('gives each crypto period of a program a key of its own, by the time of the request', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const kidAt = async (offset: string, interval: string) => {
      const times = `<OffsetFromProgramStart>${offset}</OffsetFromProgramStart><RequestInterval>${interval}</RequestInterval>`;
      const timed = stream('film').replace(/<OffsetFromProgramStart>.*<\/OffsetFromProgramStart>/, times);
      return leaf((await post(server, request(timed), token)).text, 'KeyId')[0];
    };
    const whole = await kidAt('PT0S', 'PT0S');
    const third = await kidAt('PT12.012S', 'PT4.004S');
    expect([whole, third, await kidAt('PT3S', 'PT1S')]).toEqual([
      expect.any(String),
      expect.any(String),
      third,
    ]);
    expect(third).not.toBe(whole);
    expect(await kidAt('PT0.000S', 'PT0M')).toBe(whole);
    const { json } = await server.fetch('/v1/keys?contentId=film&period=3', { token });
    expect(json.items).toMatchObject([{ kid: third, algorithm: 'AESCTR' }]);
    expect(await kidAt('PT1S', 'P1M')).toBeUndefined();
  });

  it('gives KeyId, KeyData and a PlayReady Object, the same again to whoever asks for the program', async () => {
    const server = await start({ laUrl: 'https://drm.example.com/?a=1&b=2' });
    const token = await server.token('register', 'read-keys');
    const body = request(stream('film &amp; more') + stream('other'));
    const answers = await Promise.all([1, 2, 3, 4].map(() => post(server, body, token)));
    expect(answers.map(({ status, text }) => [status, text])).toEqual(
      answers.map(() => [200, answers[0]!.text]),
    );
    const { text } = answers[0]!;
    const kids = leaf(text, 'KeyId');
    expect(kids).toHaveLength(2);
    const records = (await server.fetch('/v1/keys', { token })).json.items;
    expect(records.map(({ contentId, kid }: { contentId: string; kid: string }) => [contentId, kid])).toEqual(
      [
        ['film & more', kids[0]],
        ['other', kids[1]],
      ],
    );
    const stored = await server.fetch(`/v1/keys/${kids[0]}/key`, { token });
    expect(leaf(text, 'KeyData')[0]).toBe(Buffer.from(stored.json.key, 'hex').toString('base64'));
    const object = readPlayReadyObject(new Uint8Array(Buffer.from(leaf(text, 'Data')[0]!, 'base64')));
    expect(readPlayReadyHeader(object.header!)).toMatchObject({
      laUrl: 'https://drm.example.com/?a=1&b=2',
      keys: [{ kid: kids[0], checksum: records[0].checksum }],
    });
    const at = ['<KeyId>', '<KeyData>', '<Data>'].map((name) => text.indexOf(name));
    expect(at).toEqual([...at].sort((a, b) => a - b));
  });

  it('passes over revoked keys', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys', 'admin');
    const [first] = leaf((await post(server, request(stream('film')), token)).text, 'KeyId');
    await server.fetch('/v1/revocations', { method: 'POST', token, body: { kids: [first] } });
    const [second] = leaf((await post(server, request(stream('film')), token)).text, 'KeyId');
    expect(second).not.toBe(first);
  });

  const DEEP = 5000;
  it.each([
    ['no XML', 'KeyId'],
    ['nothing', ''],
    ['no envelope', '<a/>'],
    ['an envelope of another namespace', request(stream('film')).replaceAll(ENVELOPE, 'urn:other')],
    [
      'an external entity',
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${request(stream('&x;')).slice(38)}`,
    ],
    [
      'entities that grow',
      `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>${request(stream('&b;')).slice(38)}`,
    ],
    ['an unknown entity', request(stream('&nbsp;'))],
    ['deep nesting', request('<a>'.repeat(DEEP) + '</a>'.repeat(DEEP))],
    ['a character that XML has not', request(stream('film\u0000'))],
    ['no stream', request('')],
    ['too many streams', request(stream('film').repeat(101))],
    ['an empty ProgramIdentifier', request(stream(' '))],
    ['a ProgramIdentifier without end', request(stream('x'.repeat(1025)))],
    [
      'another operation in the body',
      request(stream('film')).replaceAll('AcquirePackagingData', 'AcquireLicense'),
    ],
    ['another system', request(stream('film'), 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed')],
  ])('answers %s with a fault', async (_title, body) => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const answer = await post(server, body, token);
    expect(answer.status).toBe(500);
    expect(answer.headers.get('content-type')).toBe('text/xml; charset=utf-8');
    expect(answer.text).toContain('<faultcode>soap:Client</faultcode>');
    expect(leaf(answer.text, 'StatusCode')).toEqual(['0x8004C601']);
    expect(answer.text).not.toContain('root:');
    expect((await server.fetch('/v1/keys', { token })).json.items).toEqual([]);
  });

  it('refuses what is sent as another type, and without scopes', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const headers = { 'content-type': 'application/json', soapaction: `"${PROTOCOLS}/AcquirePackagingData"` };
    const json = await server.fetch(PATH, { method: 'POST', token, headers, body: request(stream('film')) });
    expect(json.status).toBe(415);
    const statuses = await Promise.all(
      [undefined, await server.token('register'), await server.token('read-keys')].map(
        async (weak) => (await post(server, request(stream('film')), weak)).status,
      ),
    );
    expect(statuses).toEqual([401, 403, 403]);
  });
});

describe('the other operations', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  async function upstream() {
    const seen: { url: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
    const body = gzipSync('<license/>');
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      seen.push({ url: request.url!, headers: request.headers, body: Buffer.concat(parts) });
      response.writeHead(218, 'This is fine', { 'Content-Encoding': 'gzip', 'X-Theirs': ['1', '2'] });
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    return { seen, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/drm/rm.asmx`) };
  }

  it('need an upstream, and say so', async () => {
    const server = await start();
    const answer = await post(server, '<anything', undefined, 'AcquireLicense');
    expect(answer.status).toBe(500);
    expect(answer.text).toContain('Server SDK');
    expect(leaf(answer.text, 'StatusCode')).toEqual(['0x8004C600']);
  });

  it.each([
    'AcquireLicense',
    'AcknowledgeLicense',
    'JoinDomain',
    'LeaveDomain',
    'GetMeteringCertificate',
    'ProcessMeteringData',
    'ProcessSecureStopData',
    'ProcessDeleteLicenseData',
  ])('%s goes to the upstream and back as it is', async (operation) => {
    const { seen, url } = await upstream();
    const server = await start({ rightsManagerUpstream: url });
    const token = await server.token('register');
    const sent = ` ${message(operation, 'any text \u{1f600} &#60;')}\r\n`;
    const response = await fetch(`${server.url}${PATH}?cfg=(a:b)`, {
      method: 'POST',
      headers: {
        'content-type': 'text/xml',
        soapaction: `"${PROTOCOLS}/${operation}"`,
        'x-device': 'tv',
        authorization: `Bearer ${token}`,
      },
      body: sent,
    });
    expect([response.status, response.statusText]).toEqual([218, 'This is fine']);
    expect(response.headers.get('x-theirs')).toBe('1, 2');
    expect(response.headers.get('content-security-policy')).toBeNull();
    expect(await response.text()).toBe('<license/>');
    expect(seen).toHaveLength(1);
    expect(seen[0]!.url).toBe('/drm/rm.asmx?cfg=(a:b)');
    expect(seen[0]!.body.toString()).toBe(sent);
    expect(seen[0]!.headers).toMatchObject({ 'x-device': 'tv', soapaction: `"${PROTOCOLS}/${operation}"` });
    expect(seen[0]!.headers.authorization).toBeUndefined();
  });

  it('are found by their message when there is no SOAPAction', async () => {
    const { seen, url } = await upstream();
    const server = await start({ rightsManagerUpstream: url });
    const body = `<s:Envelope xmlns:s="${ENVELOPE}"><s:Body><JoinDomain xmlns="${PROTOCOLS}"/></s:Body></s:Envelope>`;
    await server.fetch(PATH, { method: 'POST', headers: { 'content-type': 'text/xml' }, body });
    expect(seen).toHaveLength(1);
    await server.fetch(PATH, {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body: body.replace('Join', 'Burn'),
    });
    expect(seen).toHaveLength(1);
  });

  it.each<[string, string, Record<string, string>]>([
    [
      'another operation in the message',
      message('AcquirePackagingData'),
      { soapaction: `"${PROTOCOLS}/AcquireLicense"` },
    ],
    [
      'another operation in the Content-Type',
      message('JoinDomain'),
      {
        soapaction: `"${PROTOCOLS}/JoinDomain"`,
        'content-type': `application/soap+xml; action="${PROTOCOLS}/AcquirePackagingData"`,
      },
    ],
    ['an action of somebody else', message('JoinDomain'), { soapaction: '"urn:other/JoinDomain"' }],
    [
      'an operation of somebody else',
      message('JoinDomain').replace(PROTOCOLS, 'urn:other'),
      { soapaction: `"${PROTOCOLS}/JoinDomain"` },
    ],
    [
      'two operations',
      message('JoinDomain').replace('</s:Body>', `<LeaveDomain xmlns="${PROTOCOLS}"/></s:Body>`),
      { soapaction: `"${PROTOCOLS}/JoinDomain"` },
    ],
    [
      'two bodies',
      message('JoinDomain').replace('</s:Body>', '</s:Body><s:Body/>'),
      { soapaction: `"${PROTOCOLS}/JoinDomain"` },
    ],
    ['no XML', 'any bytes', { soapaction: `"${PROTOCOLS}/JoinDomain"` }],
  ])('are not forwarded with %s', async (_title, body, more) => {
    const { seen, url } = await upstream();
    const server = await start({ rightsManagerUpstream: url });
    const headers = { 'content-type': 'text/xml', ...more };
    const answer = await server.fetch(PATH, { method: 'POST', headers, body });
    expect([answer.status, leaf(answer.text, 'StatusCode')]).toEqual([500, ['0x8004C601']]);
    expect(seen).toEqual([]);
  });

  it('never carry a token of this server, wherever it stands', async () => {
    const { seen, url } = await upstream();
    const server = await start({ rightsManagerUpstream: url });
    const token = await server.token('register');
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const send = (headers: Record<string, string>, body = message('JoinDomain'), query = '') =>
      server.fetch(`${PATH}${query}`, {
        method: 'POST',
        headers: { 'content-type': 'text/xml', ...headers },
        body,
      });
    const hidden = [`Bearer\t${token}`, ...['', 'u:', 'us:', 'use:'].map((user) => basic(`${user}${token}`))];
    for (const authorization of hidden)
      await send({ authorization, 'x-api-key': token, cookie: `t=${token}` });
    const upstreams = basic('their:password');
    await send({ authorization: upstreams });
    expect(seen.map(({ headers }) => [headers.authorization, headers['x-api-key'], headers.cookie])).toEqual([
      ...hidden.map(() => [undefined, undefined, undefined]),
      [upstreams, undefined, undefined],
    ]);
    const percent = token.replace('prpack', '%70rpac%6B');
    const answers = [
      await send({}, message('JoinDomain', token)),
      await send({}, undefined, `?token=${token}`),
      await send({}, undefined, `?token=${percent}`),
    ];
    expect(answers.map(({ text }) => leaf(text, 'StatusCode'))).toEqual(answers.map(() => ['0x8004C601']));
    expect(seen).toHaveLength(hidden.length + 1);
  });

  it('answer with a fault when the upstream does not', async () => {
    const server = await start({ rightsManagerUpstream: new URL('http://127.0.0.1:1/') });
    const answer = await post(server, message('AcquireLicense'), undefined, 'AcquireLicense');
    expect(answer.status).toBe(502);
    expect(leaf(answer.text, 'StatusCode')).toEqual(['0x8004C600']);
  });
});

describe('callers who have not shown who they are', () => {
  const MANY = '<b/>'.repeat(100_000);
  it('get no body read where a token is needed', async () => {
    const server = await start();
    for (const soapaction of [`"${PROTOCOLS}/AcquirePackagingData"`, '""']) {
      const headers = { 'content-type': 'text/xml', soapaction };
      const answer = await server.fetch(PATH, { method: 'POST', headers, body: 'x'.repeat(2_000_000) });
      expect(answer.status).toBe(401); // and not 413
    }
    const unknown = await post(server, MANY, undefined, 'BurnDomain');
    expect(leaf(unknown.text, 'StatusCode')).toEqual(['0x8004C601']);
  });

  it('get small bodies read where the message is for an upstream', async () => {
    const server = await start({ rightsManagerUpstream: new URL('http://127.0.0.1:1/') });
    const large = message('AcquireLicense', ' '.repeat(256 * 1024));
    expect((await post(server, large, undefined, 'AcquireLicense')).status).toBe(413);
    const chunked = await fetch(`${server.url}${PATH}`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', soapaction: `"${PROTOCOLS}/AcquireLicense"` },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect([chunked.status, chunked.headers.get('connection')]).toEqual([413, 'close']);
  });

  it('get a few elements of a message read', async () => {
    const server = await start({ rightsManagerUpstream: new URL('http://127.0.0.1:1/') });
    const tooMany = message('AcquireLicense', '<b/>'.repeat(2000));
    const answer = await post(server, tooMany, undefined, 'AcquireLicense');
    expect(leaf(answer.text, 'StatusCode')).toEqual(['0x8004C601']);
    const enough = message('AcquireLicense', '<b/>'.repeat(1990));
    expect((await post(server, enough, undefined, 'AcquireLicense')).status).toBe(502);
  });
});
