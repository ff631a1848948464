import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { SYSTEM_IDS } from '../../../src/drm/system-ids.js';
import { ContentKey } from '../../../src/keys/content-key.js';
import type { CpixDocument, CpixVersion } from '../../../src/keys/cpix/document.js';
import { readCpix } from '../../../src/keys/cpix/reader.js';
import { writeCpix } from '../../../src/keys/cpix/writer.js';
import { HttpClient, type HttpClientOptions } from '../../../src/keys/http/client.js';
import { readSecretHeader, SecretHeader } from '../../../src/keys/http/secret-header.js';
import { parseKeyId } from '../../../src/keys/key-id.js';
import type { TrackKeyRequest } from '../../../src/keys/key-source.js';
import { SpekeKeySource, type SpekeOptions } from '../../../src/keys/speke/key-source.js';
import {
  certificateOf,
  certificatePath,
  cpix,
  KEYS,
  KIDS,
  keyList,
  PLAYREADY,
  plainKey,
  privateKeyOf,
  spellingsOf,
  WIDEVINE,
} from '../cpix/documents.js';
import { type Answer, failureOf, inTurn, reply, testServers } from '../http/servers.js';

const servers = testServers();
const authorities = certificatePath('ca.pem');
const UHD: TrackKeyRequest = { trackId: 1, type: 'video', width: 3840, height: 2160 };
const HD: TrackKeyRequest = { trackId: 2, type: 'video', width: 1280, height: 720, label: 'main' };
const SD: TrackKeyRequest = { trackId: 3, type: 'video', width: 720, height: 576 };
const AUDIO: TrackKeyRequest = { trackId: 4, type: 'audio' };
const TRACKS = [UHD, HD, SD, AUDIO];

const clients: HttpClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function source(
  url: string,
  options: Partial<SpekeOptions> = {},
  http: HttpClientOptions = {},
): SpekeKeySource {
  const client = new HttpClient({ retryDelayMs: 5, timeoutMs: 5000, ...http });
  clients.push(client);
  const systems = [{ systemId: PLAYREADY, wants: ['pssh'] }] as const;
  return new SpekeKeySource({
    url,
    client,
    contentId: 'movie "1" & <co>',
    scheme: 'cenc',
    systems,
    ...options,
  });
}

/** A version 0 pssh box. */
function psshOf(systemId: string, data = 'data'): Uint8Array {
  const box = Buffer.alloc(32 + data.length);
  box.writeUInt32BE(box.length, 0);
  box.write('pssh', 4, 'latin1');
  Buffer.from(systemId.replaceAll('-', ''), 'hex').copy(box, 12);
  box.writeUInt32BE(data.length, 28);
  box.write(data, 32, 'latin1');
  return new Uint8Array(box);
}

/** Fills a request as a key provider does. */
function filled(asked: CpixDocument): CpixDocument {
  return {
    ...asked,
    contentKeys: asked.contentKeys.map((entry, i) => ({
      ...entry,
      key: ContentKey.fromHex(KEYS[i % KEYS.length]),
    })),
    drmSystems: asked.drmSystems.map((system) => ({
      ...system,
      ...(system.pssh && { pssh: psshOf(system.systemId) }),
      ...(system.contentProtectionData === '' && { contentProtectionData: '<x/>' }),
      ...(system.hlsSignaling && { hlsSignaling: { media: '#A', multivariant: '#B' } }),
      ...(system.smoothStreamingData === '' && { smoothStreamingData: 'x' }),
    })),
  };
}

/** A key provider. `change` is made to its answers. */
function provider(
  change: (answer: CpixDocument) => CpixDocument = (a) => a,
  version: CpixVersion = '2.3',
): Answer {
  return ({ body, headers }, response) => {
    const speke = headers['x-speke-version'];
    response.writeHead(200, {
      'content-type': 'application/xml',
      ...(speke && { 'x-speke-version': speke }),
    });
    response.end(writeCpix(change(filled(readCpix(body))), version));
  };
}

describe('the request', () => {
  const period = { index: 12, startSeconds: 48.048, durationSeconds: 4.004 };

  it.each([
    ['1.0', '2.0', { index: 12 }, undefined],
    ['2.0', '2.3', { index: 12 }, 'AUDIO'],
    ['2.1', '2.4', { index: 12, startOffset: 'PT48.048S', endOffset: 'PT52.052S' }, 'AUDIO'],
  ] as const)(
    'asks in SPEKE %s for the keys of a crypto period',
    async (version, cpixVersion, times, type) => {
      const server = await servers.http(provider((answer) => answer, cpixVersion));
      const keys = source(server.url, { version });
      const before = await keys.assign([AUDIO]);
      const assigned = await keys.assign([{ ...AUDIO, period, scheme: 'cbcs' }]);
      expect(assigned).toMatchObject([{ trackId: 4, period: 12, algorithm: 'AESCBC' }]);
      const asked = readCpix(server.seen[1].body);
      expect(asked.keyPeriods).toEqual([{ id: 'keyPeriod_12', ...times }]);
      const [{ intendedTrackType, keyPeriodFilters }] = asked.usageRules;
      expect([intendedTrackType, keyPeriodFilters]).toEqual([type, ['keyPeriod_12']]);
      expect(asked.contentKeys[0].commonEncryptionScheme).toBe(version === '1.0' ? undefined : 'cbcs');
      expect((await keys.find(before[0].kid))?.equals(before[0].key)).toBe(true);
    },
  );

  it('asks for what manifests say where they are made, and takes what comes of it', async () => {
    const server = await servers.http(
      provider((answer) => ({
        ...answer,
        drmSystems: answer.drmSystems.map((system) => ({ ...system, contentProtectionData: '' })),
      })),
    );
    const keys = source(server.url);
    const [plain] = await keys.assign([AUDIO], [PLAYREADY]);
    const [signalled] = await keys.assign([AUDIO], [PLAYREADY], true);
    const [before, after] = server.seen.map(({ body }) => readCpix(body).drmSystems[0]);
    expect([before.contentProtectionData, before.hlsSignaling]).toEqual([undefined, undefined]);
    expect([after.contentProtectionData, after.hlsSignaling]).toEqual(['', { media: '', multivariant: '' }]);
    expect(plain.signalling).toBeUndefined();
    expect(signalled.signalling).toEqual([
      { systemId: PLAYREADY, hlsKey: '#A', hlsSessionKey: '#B', origin: expect.stringContaining(server.url) },
    ]);
  });

  it('asks for FairPlay without a box, and is content without an answer', async () => {
    const server = await servers.http(
      provider((answer) => ({
        ...answer,
        drmSystems: answer.drmSystems.filter(({ systemId }) => systemId !== SYSTEM_IDS.fairplay),
      })),
    );
    const keys = source(server.url, { systems: [] });
    const [key] = await keys.assign([AUDIO], [SYSTEM_IDS.fairplay], true);
    expect(readCpix(server.seen[0].body).drmSystems).toEqual([
      {
        systemId: SYSTEM_IDS.fairplay,
        kid: key.kid,
        contentProtectionData: '',
        hlsSignaling: { media: '', multivariant: '' },
      },
    ]);
    expect(key.signalling).toBeUndefined();
  });

  it('asks in SPEKE 2.0 for a key, signalling and a rule for each class that occurs', async () => {
    const server = await servers.http(provider());
    await source(`${server.url}/speke`, {
      systems: [
        { systemId: PLAYREADY, wants: ['pssh', 'contentProtectionData', 'smoothStreamingData'] },
        { systemId: WIDEVINE, wants: ['pssh', 'hlsSignaling'] },
      ],
    }).assign([...TRACKS, { ...AUDIO, trackId: 5 }]);
    const [{ method, url, headers, body }] = server.seen;
    expect({ method, url, type: headers['content-type'], version: headers['x-speke-version'] }).toEqual({
      method: 'POST',
      url: '/speke',
      type: 'application/xml',
      version: '2.0',
    });
    const asked = readCpix(body);
    expect(asked).toMatchObject({ contentId: 'movie "1" & <co>', version: '2.3', recipients: [] });
    expect(asked.id).toBeUndefined();
    expect(asked.contentKeys).toEqual(
      asked.contentKeys.map(({ kid }) => ({ kid, commonEncryptionScheme: 'cenc' })),
    );
    expect(new Set(asked.contentKeys.map(({ kid }) => kid)).size).toBe(4);
    expect(asked.drmSystems).toEqual(
      asked.contentKeys.flatMap(({ kid }) => [
        {
          systemId: PLAYREADY,
          kid,
          pssh: new Uint8Array(),
          contentProtectionData: '',
          smoothStreamingData: '',
        },
        { systemId: WIDEVINE, kid, pssh: new Uint8Array(), hlsSignaling: { media: '', multivariant: '' } },
      ]),
    );
    expect(
      asked.usageRules.map((rule) => [rule.intendedTrackType, ...rule.videoFilters, ...rule.audioFilters]),
    ).toEqual([
      ['UHD1', { minPixels: 2073601, maxPixels: 8847360 }],
      ['HD', { minPixels: 589825, maxPixels: 2073600 }],
      ['SD', { maxPixels: 589824 }],
      ['AUDIO', {}],
    ]);
    expect(asked.usageRules.map(({ kid }) => kid)).toEqual(asked.contentKeys.map(({ kid }) => kid));
  });

  it('asks in SPEKE 2.1 with CPIX 2.4', async () => {
    const server = await servers.http(provider(undefined, '2.4'));
    const systems = [{ systemId: WIDEVINE, wants: ['hlsSignaling'] }] as const;
    await source(server.url, { version: '2.1', systems }).assign([HD]);
    expect(server.seen[0].headers['x-speke-version']).toBe('2.1');
    expect(server.seen[0].body).toMatch(/version="2\.4".*playlist="multiVariant"/);
  });

  it('asks in SPEKE 1.0 for one key, without version, scheme and rules, the content id as id', async () => {
    const server = await servers.http(provider(undefined, '2.0'));
    const keys = await source(server.url, { version: '1.0' }).assign(TRACKS);
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
    const { headers, body } = server.seen[0];
    expect(headers).not.toHaveProperty('x-speke-version');
    expect(body).toContain(' id="movie &#34;1&#34; &#38; &#60;co&#62;"');
    for (const absent of ['contentId', ' version="2', 'commonEncryptionScheme', 'UsageRule']) {
      expect(body).not.toContain(absent);
    }
    expect(() => source(server.url, { version: '1.0', keyPer: 'type' })).toThrow('one key for all tracks');
  });

  it.each([
    ['none', ['ALL'], [0, 0, 0, 0]],
    ['type', ['VIDEO', 'AUDIO'], [0, 0, 0, 1]],
    ['resolution', ['UHD1', 'HD', 'SD', 'AUDIO'], [0, 1, 2, 3]],
  ] as const)('shares keys per %s', async (keyPer, types, expected) => {
    const server = await servers.http(provider());
    const keys = await source(server.url, { keyPer }).assign(TRACKS);
    const asked = readCpix(server.seen[0].body);
    expect(asked.usageRules.map(({ intendedTrackType }) => intendedTrackType)).toEqual(types);
    expect(keys.map(({ kid }) => asked.contentKeys.findIndex((entry) => entry.kid === kid))).toEqual(
      expected,
    );
  });

  it('takes the pixel bounds of the classes as the standard has them', async () => {
    const server = await servers.http(provider());
    const sizes = [
      [1024, 576],
      [1024, 577],
      [1920, 1080],
      [1920, 1081],
      [4096, 2160],
      [4097, 2160],
      [7680, 4320],
    ];
    await source(server.url).assign(
      sizes.map(([width, height], i) => ({ trackId: i + 1, type: 'video', width, height })),
    );
    const types = readCpix(server.seen[0].body).usageRules.map(({ intendedTrackType }) => intendedTrackType);
    expect(types).toEqual(['SD', 'HD', 'UHD1', 'UHD2']);
    const unknown = source(server.url).assign([{ trackId: 1, type: 'video' }]);
    expect((await failureOf(unknown)).error).toMatchObject({ code: 'KEY_INVALID' });
  });

  it('shows its authorization header, from a file', async () => {
    const { mkdtempSync, writeFileSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const directory = mkdtempSync(`${tmpdir()}/prpack-test-`);
    writeFileSync(`${directory}/auth`, 'Basic dXNlcjpwYXNz\n');
    const authorization = await readSecretHeader(`${directory}/auth`);
    rmSync(directory, { recursive: true });
    const server = await servers.http(provider());
    await source(server.url, {}, { authorization }).assign([HD]);
    expect(server.seen[0].headers.authorization).toBe('Basic dXNlcjpwYXNz');
  });
});

describe('the answer', () => {
  it('gives every track the key of its class, and keeps the signalling', async () => {
    const server = await servers.http(provider());
    const speke = source(server.url);
    expect(speke.answer).toBeUndefined();
    const keys = await speke.assign([HD, AUDIO]);
    const origin = `${server.url}/`;
    const protection = [{ systemId: PLAYREADY, data: psshOf(PLAYREADY), origin }];
    expect(keys.map(({ key, kid, ...rest }) => ({ ...rest, key: key.revealHex() }))).toEqual([
      { trackId: 2, label: 'HD', source: 'speke', algorithm: 'AESCTR', key: KEYS[0], protection },
      { trackId: 4, label: 'AUDIO', source: 'speke', algorithm: 'AESCTR', key: KEYS[1], protection },
    ]);
    expect((await speke.find(keys[1].kid))!.revealHex()).toBe(KEYS[1]);
    expect(await speke.find(parseKeyId('0'.repeat(32)))).toBeUndefined();
    expect(speke.answer!.drmSystems).toHaveLength(2);
    expect(inspect(speke, { depth: 9 })).not.toContain(KEYS[0]);
  });

  it('takes KIDs that the provider put in the place of those asked for', async () => {
    const overridden = (answer: CpixDocument): CpixDocument => {
      const other = new Map(answer.contentKeys.map(({ kid }, i) => [kid, KIDS[i]]));
      const swap = <T extends { kid: CpixDocument['contentKeys'][number]['kid'] }>(entry: T) => ({
        ...entry,
        kid: other.get(entry.kid)!,
      });
      return {
        ...answer,
        contentKeys: answer.contentKeys.map(swap).reverse(),
        drmSystems: answer.drmSystems.map(swap),
        usageRules: answer.usageRules.map(swap),
      };
    };
    const server = await servers.http(provider(overridden));
    const keys = await source(server.url).assign([HD, AUDIO]);
    expect(keys.map(({ kid, key }) => [kid, key.revealHex()])).toEqual([
      [KIDS[0], KEYS[0]],
      [KIDS[1], KEYS[1]],
    ]);
    const old = await servers.http(provider(overridden, '2.0'));
    expect((await source(old.url, { version: '1.0' }).assign([HD]))[0].kid).toBe(KIDS[0]);
  });

  it('reads an answer written by hand in the shape of a provider in the field', async () => {
    const server = await servers.http(({ body }, response) => {
      const [kid] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(body)!;
      const pssh = Buffer.from(psshOf(PLAYREADY)).toString('base64');
      response.writeHead(200, { 'X-Speke-Version': '2.0', 'Content-Type': 'application/xml;charset=utf-8' });
      response.end(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
        <ns2:CPIX xmlns:ns2="urn:dashif:org:cpix" xmlns:ns3="urn:ietf:params:xml:ns:keyprov:pskc" contentId="m" version="2.3">
          <ns2:ContentKeyList><ns2:ContentKey kid="${kid.toUpperCase()}" commonEncryptionScheme="cenc">
            <ns2:Data><ns3:Secret><ns3:PlainValue>${Buffer.from(KEYS[0], 'hex').toString('base64')}</ns3:PlainValue></ns3:Secret></ns2:Data>
          </ns2:ContentKey></ns2:ContentKeyList>
          <ns2:DRMSystemList><ns2:DRMSystem kid="${kid}" systemId="${PLAYREADY}" name="PlayReady"><ns2:PSSH>${pssh}</ns2:PSSH></ns2:DRMSystem></ns2:DRMSystemList>
          <ns2:ContentKeyUsageRuleList><ns2:ContentKeyUsageRule kid="${kid}" intendedTrackType="ALL"><ns2:VideoFilter/><ns2:AudioFilter/></ns2:ContentKeyUsageRule></ns2:ContentKeyUsageRuleList>
        </ns2:CPIX>`);
    });
    const speke = source(server.url, { keyPer: 'none' });
    const keys = await speke.assign([HD, AUDIO]);
    expect(keys.map(({ key }) => key.revealHex())).toEqual([KEYS[0], KEYS[0]]);
    expect(keys[0].protection).toMatchObject([{ systemId: PLAYREADY, data: psshOf(PLAYREADY) }]);
  });

  it('takes an answer without rules that keeps the KIDs', async () => {
    const server = await servers.http(provider((answer) => ({ ...answer, usageRules: [] })));
    const keys = await source(server.url).assign([HD, AUDIO]);
    expect(keys.map(({ key }) => key.revealHex())).toEqual([KEYS[0], KEYS[1]]);
  });

  it('opens keys that are encrypted to its certificate', async () => {
    const server = await servers.http(provider());
    const own = { certificate: certificateOf('recipient'), privateKey: privateKeyOf('recipient') };
    const keys = await source(server.url, own).assign([HD]);
    expect(keys[0].key.revealHex()).toBe(KEYS[0]);
    expect(server.seen[0].body).toContain('X509Certificate');
    const closed = await failureOf(source(server.url, { certificate: own.certificate }).assign([HD]));
    expect(closed.error).toMatchObject({ code: 'KEY_REQUIRED' });
  });

  const without = (field: string) => (answer: CpixDocument) => ({
    ...answer,
    drmSystems: answer.drmSystems.map((system) => ({
      ...system,
      [field]: field === 'pssh' ? new Uint8Array() : '',
    })),
  });
  it.each<[string, (answer: CpixDocument) => CpixDocument, string]>([
    [
      'a key that was not given',
      (a) => ({ ...a, contentKeys: a.contentKeys.map(({ kid }) => ({ kid })) }),
      'gave no key for HD tracks',
    ],
    ['a KID that was lost', (a) => ({ ...a, usageRules: [], contentKeys: [] }), 'gave no key for HD tracks'],
    [
      'two keys for a class',
      (a) => ({ ...a, usageRules: [...a.usageRules, { ...a.usageRules[0], kid: KIDS[2] }] }),
      'gave no key for HD tracks',
    ],
    [
      'another scheme',
      (a) => ({ ...a, contentKeys: a.contentKeys.map((k) => ({ ...k, commonEncryptionScheme: 'cbcs' })) }),
      'for another encryption scheme',
    ],
    ['an unfilled PSSH', without('pssh'), `did not fill PSSH of system ${PLAYREADY}`],
    [
      'an unfilled ContentProtectionData',
      without('contentProtectionData'),
      'did not fill ContentProtectionData',
    ],
    [
      'an unfilled HLSSignalingData',
      (a) => ({
        ...a,
        drmSystems: a.drmSystems.map((s) => ({ ...s, hlsSignaling: { media: 'x', multivariant: '' } })),
      }),
      'did not fill HLSSignalingData',
    ],
    ['a system that is missing', (a) => ({ ...a, drmSystems: [] }), 'did not fill PSSH'],
    [
      'a pssh box of another system',
      (a) => ({ ...a, drmSystems: a.drmSystems.map((s) => ({ ...s, pssh: psshOf(WIDEVINE) })) }),
      'no whole pssh box',
    ],
    [
      'a pssh box that is cut',
      (a) => ({ ...a, drmSystems: a.drmSystems.map((s) => ({ ...s, pssh: s.pssh!.slice(0, -1) })) }),
      'no whole pssh box',
    ],
    [
      'signalling that is no pssh box',
      (a) => ({ ...a, drmSystems: a.drmSystems.map((s) => ({ ...s, pssh: new Uint8Array(40) })) }),
      'no whole pssh box',
    ],
  ])('stops at %s, and tells no key', async (_, change, message) => {
    const server = await servers.http(provider(change));
    const systems = [
      { systemId: PLAYREADY, wants: ['pssh', 'contentProtectionData', 'hlsSignaling'] },
    ] as const;
    const speke = source(`${server.url}/p?token=abc`, { systems });
    const { error, said } = await failureOf(speke.assign([HD]));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining(message),
      details: { remedy: expect.any(String) },
    });
    expect(said).toContain(`${server.url}/p `);
    for (const secret of ['token', ...spellingsOf(KEYS[0])]) expect(said).not.toContain(secret);
    expect(speke.answer).toBeUndefined();
  });

  it.each<[string, Answer, Record<string, unknown>]>([
    [
      'no XML',
      reply(200, `{"key":"${KEYS[0]}"}`),
      { code: 'KEY_INVALID', message: expect.stringContaining('127.0.0.1') },
    ],
    ['a cut document', reply(200, cpix(keyList(plainKey(0))).slice(0, -30)), { code: 'KEY_INVALID' }],
    [
      'no UTF-8',
      (_, r) => void r.end(Buffer.from([0xff, 0xfe, 0x41])),
      { message: expect.stringContaining('not UTF-8') },
    ],
    [
      'another version',
      reply(200, cpix(keyList(plainKey(0))), { 'x-speke-version': '1.0' }),
      { message: expect.stringContaining('another version of SPEKE') },
    ],
    ['403', reply(403, KEYS[0]), { message: expect.stringMatching(/answered 403 \(Forbidden\)$/) }],
    [
      '401',
      reply(401),
      { details: { remedy: expect.stringContaining('(authorization of the HttpClient)') } },
    ],
    ['503 for ever', reply(503), { message: expect.stringMatching(/answered 503 .* after 4 attempts$/) }],
    ['504', reply(504), { message: expect.stringMatching(/answered 504 \(Gateway Timeout\)$/) }],
    [
      '422 Missing CPIX@version',
      reply(422, 'Missing CPIX@version'),
      {
        message: expect.stringContaining('it wants SPEKE 2'),
        details: { remedy: 'Ask with SPEKE 2.0 or 2.1.' },
      },
    ],
    [
      '422 Unsupported CPIX@version',
      reply(422, 'Unsupported CPIX@version'),
      { message: expect.stringContaining('does not support the CPIX version') },
    ],
    [
      '422 with a KID',
      reply(422, `Missing ContentKey@commonEncryptionScheme for KID ${KEYS[0]}`),
      { message: expect.stringContaining('wants the encryption scheme') },
    ],
    [
      '422 on the scheme',
      reply(422, 'Non compliant ContentKey@commonEncryptionScheme combination'),
      { details: { remedy: expect.stringContaining('another encryption scheme') } },
    ],
    [
      '422 with other words',
      reply(422, `no ${KEYS[0]}`),
      { message: expect.stringMatching(/\(Unprocessable Entity\)$/) },
    ],
  ])('fails on %s', async (_, answer, expected) => {
    const server = await servers.http(answer);
    const authorization = SecretHeader.parse('Bearer s3cr3t-t0ken', 'test');
    const { error, said } = await failureOf(source(server.url, {}, { authorization }).assign([HD]));
    expect(error).toMatchObject({ code: 'KEY_SOURCE_FAILED', ...expected });
    for (const secret of ['s3cr3t', ...spellingsOf(KEYS[0])]) expect(said).not.toContain(secret);
  });

  it('asks again after 503, with the same KIDs', async () => {
    const server = await servers.http(inTurn(reply(503, '', { 'retry-after': '0' }), provider()));
    await source(server.url).assign([HD]);
    expect(server.seen).toHaveLength(2);
    expect(server.seen[1].body).toBe(server.seen[0].body);
  });

  it('does not ask again when the provider may have made keys: no answer in time, or one that breaks off', async () => {
    const silent = await servers.http(() => {});
    const timeOut = await failureOf(source(silent.url, {}, { timeoutMs: 80 }).assign([HD]));
    expect(timeOut.error).toMatchObject({ message: expect.stringContaining('did not answer in time') });
    const broken = await servers.http((_, response) => {
      response.writeHead(200, { 'content-length': '5000' });
      response.write(cpix(keyList(plainKey(0))));
      setImmediate(() => response.destroy());
    });
    const { error, said } = await failureOf(source(broken.url).assign([HD]));
    expect(error).toMatchObject({ code: 'KEY_SOURCE_FAILED' });
    for (const spelling of spellingsOf(KEYS[0])) expect(said).not.toContain(spelling);
    expect([silent.seen.length, broken.seen.length]).toEqual([1, 1]);
  });

  it('works over mutual TLS', async () => {
    const { readFileSync } = await import('node:fs');
    const ca = readFileSync(authorities);
    const server = await servers.https(provider(), 'server', {
      requestCert: true,
      rejectUnauthorized: true,
      ca,
    });
    const tls = {
      authorities,
      certificate: certificatePath('client.pem'),
      privateKey: certificatePath('client.key'),
    };
    expect(await source(server.url, {}, { tls }).assign([HD])).toHaveLength(1);
  });
});
