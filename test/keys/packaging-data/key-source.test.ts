import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient, type HttpClientOptions } from '../../../src/keys/http/client.js';
import { SecretHeader } from '../../../src/keys/http/secret-header.js';
import type { TrackKeyRequest } from '../../../src/keys/key-source.js';
import { PackagingDataKeySource } from '../../../src/keys/packaging-data/key-source.js';
import { SHAKA_OBJECT_4_0, TEST_KEYS } from '../../drm/playready/vectors.js';
import { certificatePath, spellingsOf } from '../cpix/documents.js';
import { type Answer, failureOf, inTurn, reply, testServers } from '../http/servers.js';

const servers = testServers();
const TRACKS: TrackKeyRequest[] = [
  { trackId: 1, type: 'video', label: 'HD' },
  { trackId: 2, type: 'audio' },
];
/** KID and key of the PlayReady Object: shaka-packager wrote it, with the key's checksum. */
const { kid: KID, keyHex: KEY } = TEST_KEYS[1];
const KEY64 = Buffer.from(KEY, 'hex').toString('base64');

const clients: HttpClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function source(url: string, http: HttpClientOptions = {}): PackagingDataKeySource {
  const client = new HttpClient({ retryDelayMs: 5, timeoutMs: 5000, ...http });
  clients.push(client);
  return new PackagingDataKeySource({ url, client, programIdentifier: 'movie <1> & "co"' });
}

/** An answer in which the leaves stand in some nesting. */
function soap(leaves: string): string {
  return (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">' +
    '<soap:Body><AcquirePackagingDataResponse xmlns="http://schemas.microsoft.com/DRM/2007/03/protocols">' +
    `<AcquirePackagingDataResult>${leaves}</AcquirePackagingDataResult></AcquirePackagingDataResponse></soap:Body></soap:Envelope>`
  );
}
const LEAVES = `<KeyId>${KID}</KeyId><KeyData>${KEY64}</KeyData><Data>${SHAKA_OBJECT_4_0}</Data>`;

const fault = (status: string) =>
  '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>soap:Server</faultcode>' +
  `<faultstring>key ${KEY}</faultstring><detail><Exception><StatusCode>${status}</StatusCode></Exception></detail></soap:Fault></soap:Body></soap:Envelope>`;

describe('AcquirePackagingData', () => {
  it('asks in SOAP 1.1 for one program', async () => {
    const server = await servers.http(reply(200, soap(LEAVES)));
    await source(`${server.url}/rightsmanager.asmx`).assign(TRACKS);
    const [{ method, url, headers, body }] = server.seen;
    expect([method, url, headers['content-type'], headers.soapaction]).toEqual([
      'POST',
      '/rightsmanager.asmx',
      'text/xml; charset=utf-8',
      '"http://schemas.microsoft.com/DRM/2007/03/protocols/AcquirePackagingData"',
    ]);
    expect(body).toContain(
      '<AcquirePackagingData xmlns="http://schemas.microsoft.com/DRM/2007/03/protocols"><challenge xmlns="http://schemas.microsoft.com/DRM/2007/03/protocols/AcquirePackagingData/v1.0">',
    );
    const { DOMParser } = await import('@xmldom/xmldom');
    const root = new DOMParser().parseFromString(body, 'text/xml').documentElement!;
    const textOf = (name: string) => root.getElementsByTagNameNS('*', name)[0].textContent;
    expect(textOf('ProgramIdentifier')).toBe('movie <1> & "co"');
    expect(textOf('ProtectionSystemId')).toBe('9A04F079-9840-4286-AB92-E65BE0885F95');
    expect(root.getElementsByTagNameNS('*', 'StreamInformation')).toHaveLength(1);
  });

  it.each([
    ['flat', LEAVES],
    [
      'nested and prefixed',
      `<a:R xmlns:a="urn:x"><a:S><a:KeyId>{${KID.toUpperCase()}}</a:KeyId><a:K><a:KeyData>\n${KEY64}\n</a:KeyData></a:K><P><Q><Data>${SHAKA_OBJECT_4_0}</Data></Q></P></a:S></a:R>`,
    ],
    [
      'in another order, beside data of other systems',
      `<Data>AAAA</Data><Data>${SHAKA_OBJECT_4_0}</Data><KeyData>${KEY64}</KeyData><KeyId>${KID}</KeyId>`,
    ],
    ['the same key for two streams', LEAVES + LEAVES],
  ])('reads leaves that are %s', async (_, leaves) => {
    const server = await servers.http(reply(200, soap(leaves)));
    const keys = source(server.url);
    const assigned = await keys.assign(TRACKS);
    const data = new Uint8Array(Buffer.from(SHAKA_OBJECT_4_0, 'base64'));
    const protection = [
      { systemId: '9a04f079-9840-4286-ab92-e65be0885f95', data, origin: expect.stringContaining(server.url) },
    ];
    expect(assigned.map(({ key, ...rest }) => ({ ...rest, key: key.revealHex() }))).toEqual([
      {
        trackId: 1,
        label: 'HD',
        kid: KID,
        key: KEY,
        source: 'packaging-data',
        algorithm: 'AESCTR',
        protection,
      },
      { trackId: 2, kid: KID, key: KEY, source: 'packaging-data', algorithm: 'AESCTR', protection },
    ]);
    expect((await keys.find(assigned[0].kid))!.revealHex()).toBe(KEY);
    expect(inspect(keys.answer, { depth: 9 })).not.toContain(KEY);
  });

  it('asks for each crypto period by its time, and knows the keys of all', async () => {
    const second = TEST_KEYS[0];
    const leavesOf = ({ kid, keyHex }: { kid: string; keyHex: string }) =>
      `<KeyId>${kid}</KeyId><KeyData>${Buffer.from(keyHex, 'hex').toString('base64')}</KeyData>`;
    const server = await servers.http(
      inTurn(reply(200, soap(leavesOf(TEST_KEYS[1]))), reply(200, soap(leavesOf(second)))),
    );
    const keys = source(server.url);
    const in3 = { index: 3, startSeconds: 3 * 4.004, durationSeconds: 4.004 };
    const [first] = await keys.assign([TRACKS[0]]);
    expect(await keys.assign([{ ...TRACKS[0], period: in3, scheme: 'cbcs' }])).toMatchObject([
      { kid: second.kid, period: 3, algorithm: 'AESCBC' },
    ]);
    expect(server.seen.map(({ body }) => /<Offset.*Interval>/.exec(body)![0])).toEqual([
      '<OffsetFromProgramStart>PT0S</OffsetFromProgramStart><RequestInterval>PT0S</RequestInterval>',
      '<OffsetFromProgramStart>PT12.012S</OffsetFromProgramStart><RequestInterval>PT4.004S</RequestInterval>',
    ]);
    expect((await keys.find(first.kid))!.revealHex()).toBe(KEY);
  });

  it('takes an answer without PlayReady Object', async () => {
    const server = await servers.http(reply(200, soap(`<KeyId>${KID}</KeyId><KeyData>${KEY64}</KeyData>`)));
    const keys = source(server.url);
    expect(await keys.assign(TRACKS)).toHaveLength(2);
    expect(keys.answer).not.toHaveProperty('pro');
  });

  const other = TEST_KEYS[0];
  it.each<[string, Answer, string]>([
    ['a fault: internal error', reply(500, fault('0x8004C600')), 'SOAP fault 0x8004C600: an internal error'],
    [
      'a fault: invalid message',
      reply(500, fault('0x8004c601')),
      'SOAP fault 0x8004c601: the message is not valid',
    ],
    [
      'another fault',
      reply(500, fault('0x80004005')),
      'SOAP fault 0x80004005: an error that is not known here',
    ],
    ['a fault without status', reply(500, fault(KEY)), 'SOAP fault: an error'],
    ['a fault under status 200', reply(200, fault('0x8004C600')), 'SOAP fault 0x8004C600'],
    ['500 without SOAP', reply(500, `<html>${KEY}`), 'answered 500 (Internal Server Error)'],
    ['403', reply(403, KEY), 'answered 403 (Forbidden)'],
    ['no XML', reply(200, KEY), 'not well-formed XML'],
    ['a cut answer', reply(200, soap(LEAVES).slice(0, -40)), 'not well-formed XML'],
    ['an entity', reply(200, `<!DOCTYPE a [<!ENTITY x "${KEY}">]>${soap(LEAVES)}`), 'not well-formed XML'],
    ['no KeyId', reply(200, soap(`<KeyData>${KEY64}</KeyData>`)), 'no KeyId'],
    ['an empty KeyData', reply(200, soap(`<KeyId>${KID}</KeyId><KeyData/>`)), 'no KeyData'],
    ['two keys', reply(200, soap(`${LEAVES}<KeyId>${other.kid}</KeyId>`)), '2 different values of KeyId'],
    [
      'a KeyId that is none',
      reply(200, soap(`<KeyId>${KEY}0</KeyId><KeyData>${KEY64}</KeyData>`)),
      'KeyId of the wrong form',
    ],
    [
      'a key in hex',
      reply(200, soap(`<KeyId>${KID}</KeyId><KeyData>${KEY}</KeyData>`)),
      'KeyData of the wrong form',
    ],
    [
      'Data that is no object',
      reply(200, soap(LEAVES.replace(SHAKA_OBJECT_4_0, 'AAAA'))),
      'no PlayReady Object',
    ],
    [
      'an object of another KID',
      reply(200, soap(LEAVES.replace(KID, other.kid))),
      `does not list KID ${other.kid}`,
    ],
    [
      'a KID in the wrong byte order',
      reply(200, soap(LEAVES.replace(KID, 'd086c7a2-eff9-b34c-b333-cd323a4284a5'))),
      'does not list KID',
    ],
    [
      'an object of another key',
      reply(200, soap(LEAVES.replace(KEY64, Buffer.from(other.keyHex, 'hex').toString('base64')))),
      'checksum is not that of the key',
    ],
  ])('fails on %s, and tells no key', async (_, answer, message) => {
    const server = await servers.http(answer);
    const authorization = SecretHeader.parse('Bearer s3cr3t-t0ken', 'test');
    const { error, said } = await failureOf(
      source(`${server.url}/r.asmx?t=1`, { authorization }).assign(TRACKS),
    );
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining(message),
      details: { remedy: expect.any(String) },
    });
    expect((error as Error).message.startsWith(`${server.url}/r.asmx `)).toBe(true);
    for (const secret of ['s3cr3t', 't=1', ...spellingsOf(KEY), ...spellingsOf(other.keyHex)])
      expect(said).not.toContain(secret);
  });

  it('asks again after 503, and not after a time-out', async () => {
    const busy = await servers.http(inTurn(reply(503), reply(200, soap(LEAVES))));
    await source(busy.url).assign(TRACKS);
    const silent = await servers.http(() => {});
    const { error } = await failureOf(source(silent.url, { timeoutMs: 80 }).assign(TRACKS));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('did not answer in time'),
    });
    expect([busy.seen.length, silent.seen.length]).toEqual([2, 1]);
  });

  it('works over mutual TLS', async () => {
    const authorities = certificatePath('ca.pem');
    const options = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(authorities) };
    const server = await servers.https(reply(200, soap(LEAVES)), 'server', options);
    const tls = {
      authorities,
      certificate: certificatePath('client.pem'),
      privateKey: certificatePath('client.key'),
    };
    expect(await source(server.url, { tls }).assign(TRACKS)).toHaveLength(2);
  });
});
