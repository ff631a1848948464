import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePssh } from '../../src/index.js';
import { readCpix } from '../../src/keys/cpix/reader.js';
import { HttpClient } from '../../src/keys/http/client.js';
import { SecretHeader } from '../../src/keys/http/secret-header.js';
import type { TrackKeyRequest } from '../../src/keys/key-source.js';
import { SpekeKeySource, type SpekeOptions } from '../../src/keys/speke/key-source.js';
import { type Answer, serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const pem = (name: string) => readFileSync(join(import.meta.dirname, 'certificates', `${name}.pem`), 'utf8');
const LA_URL = 'https://drm.example.com/rightsmanager.asmx';

const PLAYREADY = '9a04f079-9840-4286-ab92-e65be0885f95';
const WIDEVINE = 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed';
const COMMON = '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b';
const FAIRPLAY = '94ce86fb-07ff-4f43-adb8-93d2fa968ca2';
const KID = '98ee5596-cd3e-a20d-163a-e382420c6eff';
const KID_2 = '53abdba2-f210-43cb-bc90-f18f9a890a02';

const TRACKS: readonly TrackKeyRequest[] = [
  { trackId: 1, type: 'video', width: 1920, height: 1080 },
  { trackId: 2, type: 'video', width: 640, height: 360 },
  { trackId: 3, type: 'audio' },
];

async function source(server: TestServer, token: string, options: Partial<SpekeOptions> = {}) {
  const path = options.version === '1.0' ? 'v1.0' : 'v2.0';
  return new SpekeKeySource({
    url: `${server.url}/speke/${path}/copyProtection`,
    client: new HttpClient({ retries: 0, authorization: SecretHeader.parse(`Bearer ${token}`, 'test') }),
    contentId: 'film',
    scheme: 'cenc',
    systems: [
      {
        systemId: PLAYREADY,
        wants: ['pssh', 'contentProtectionData', 'hlsSignaling', 'smoothStreamingData'],
      },
      { systemId: WIDEVINE, wants: ['pssh', 'contentProtectionData', 'hlsSignaling'] },
      { systemId: COMMON, wants: ['pssh', 'contentProtectionData'] },
    ],
    ...options,
  });
}

describe.each(['1.0', '2.0', '2.1'] as const)('an encryptor that speaks SPEKE %s', (version) => {
  it('gets keys and everything it asks for, and the same keys again', async () => {
    const server = await start({ laUrl: LA_URL });
    const token = await server.token('register', 'read-keys');
    const ask = async () => ({ given: await (await source(server, token, { version })).assign(TRACKS) });
    const first = await ask();
    const second = await ask();
    expect(second.given.map(({ kid }) => kid)).toEqual(first.given.map(({ kid }) => kid));
    expect(first.given.every(({ key }, i) => key.equals(second.given[i]!.key))).toBe(true);
    const { json } = await server.fetch('/v1/keys?contentId=film', { token });
    const labels = json.items.map(({ label }: { label?: string }) => label).sort();
    expect(labels).toEqual(version === '1.0' ? [undefined] : ['AUDIO', 'HD', 'SD']);
    const stored = await server.fetch(`/v1/keys/${first.given[0]!.kid}/key`, { token });
    expect(stored.json.key).toBe(first.given[0]!.key.revealHex());

    const distinct = new Map(first.given.map(({ kid, protection = [] }) => [kid, protection]));
    const boxes = [...distinct.values()].flat();
    const described = await Promise.all(boxes.map(({ data }) => parsePssh(data)));
    const playready = described.flat().filter(({ systemId }) => systemId === PLAYREADY);
    expect(playready).toHaveLength(json.items.length);
    expect(playready[0]!.playready).toMatchObject({
      laUrl: LA_URL,
      keys: [{ checksum: expect.any(String) }],
    });
  });

  it('gets keys that only it can open, where it shows a certificate', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const certificate = new Uint8Array(new X509Certificate(pem('encryptor')).raw);
    const privateKey = createPrivateKey(pem('encryptor.key'));
    const sealed = await source(server, token, { version, certificate, privateKey });
    const [given] = await sealed.assign(TRACKS.slice(0, 1));
    const stored = await server.fetch(`/v1/keys/${given!.kid}/key`, { token });
    expect(given!.key.revealHex()).toBe(stored.json.key);
    const closed = await source(server, token, { version, certificate });
    await expect(closed.assign(TRACKS.slice(0, 1))).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
  });
});

/** A request as the AWS documentation shows it: a namespace by default, empty elements, prefixes of its own. */
function request({
  root = 'contentId="abc123" version="2.3"',
  scheme = 'commonEncryptionScheme="cenc"',
  system = PLAYREADY,
  rules = `<cpix:ContentKeyUsageRule kid="${KID}" intendedTrackType="VIDEO"><cpix:VideoFilter /></cpix:ContentKeyUsageRule>`,
  keys = `<cpix:ContentKey kid="${KID}" ${scheme}></cpix:ContentKey>`,
}: Record<string, string> = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<cpix:CPIX ${root} xmlns:cpix="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc">
  <cpix:ContentKeyList>${keys}</cpix:ContentKeyList>
  <cpix:DRMSystemList>
    <cpix:DRMSystem kid="${KID}" systemId="${system}">
      <cpix:PSSH />
      <cpix:ContentProtectionData />
      <cpix:HLSSignalingData playlist="media" />
      <cpix:HLSSignalingData playlist="master" />
    </cpix:DRMSystem>
  </cpix:DRMSystemList>
  <cpix:ContentKeyUsageRuleList>${rules}</cpix:ContentKeyUsageRuleList>
</cpix:CPIX>`;
}

async function post(
  server: TestServer,
  token: string | undefined,
  body: string,
  headers: Record<string, string> = {},
  path = 'v2.0',
): Promise<Answer> {
  return server.fetch(`/speke/${path}/copyProtection`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/xml', 'x-speke-version': '2.0', ...headers },
    ...(token !== undefined && { token }),
  });
}

describe('what an encryptor gets', () => {
  it('keeps its KID where it is free, and is signalled for DASH and HLS', async () => {
    const server = await start({ laUrl: LA_URL });
    const answer = await post(server, await server.token('register', 'read-keys'), request());
    expect([
      answer.status,
      answer.headers.get('content-type'),
      answer.headers.get('x-speke-version'),
    ]).toEqual([200, 'application/xml', '2.0']);
    const { contentKeys, drmSystems, usageRules, contentId, version } = readCpix(answer.text);
    expect({ contentId, version }).toEqual({ contentId: 'abc123', version: '2.3' });
    expect(contentKeys).toMatchObject([{ kid: KID, commonEncryptionScheme: 'cenc' }]);
    expect(contentKeys[0]!.key).toBeDefined();
    expect(usageRules).toMatchObject([{ kid: KID, intendedTrackType: 'VIDEO' }]);
    const [{ pssh, contentProtectionData, hlsSignaling }] = drmSystems as [(typeof drmSystems)[number]];
    const [described] = await parsePssh(pssh!);
    expect(described!.keyIds).toEqual([KID]);
    const object = /<mspr:pro xmlns:mspr="urn:microsoft:playready">([^<]+)<\/mspr:pro>/.exec(
      contentProtectionData!,
    )![1]!;
    expect(object).toBe(described!.data);
    expect(contentProtectionData).toContain(`>${Buffer.from(pssh!).toString('base64')}</cenc:pssh>`);
    const attributes = `METHOD=SAMPLE-AES-CTR,URI="data:text/plain;charset=UTF-16;base64,${object}",KEYFORMAT="com.microsoft.playready",KEYFORMATVERSIONS="1"`;
    expect(hlsSignaling).toEqual({
      media: `#EXT-X-KEY:${attributes}`,
      multivariant: `#EXT-X-SESSION-KEY:${attributes}`,
    });
  });

  it('is another KID where that of the request is taken, in every place', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const body = { key: '1'.repeat(32), contentId: 'other' };
    await server.fetch(`/v1/keys/${KID}`, { method: 'PUT', token, body });
    const { contentKeys, drmSystems, usageRules } = readCpix((await post(server, token, request())).text);
    const kid = contentKeys[0]!.kid;
    expect(kid).not.toBe(KID);
    expect([drmSystems[0]!.kid, usageRules[0]!.kid]).toEqual([kid, kid]);
    expect((await parsePssh(drmSystems[0]!.pssh!))[0]!.keyIds).toEqual([kid]);
  });

  it('stays empty where a system is not served', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const { drmSystems } = readCpix((await post(server, token, request({ system: FAIRPLAY }))).text);
    expect(drmSystems[0]).toMatchObject({ pssh: new Uint8Array(), contentProtectionData: '' });
  });

  it('is of the scheme that it asks for, with keys of its own', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const cenc = readCpix((await post(server, token, request())).text);
    const cbcs = readCpix(
      (await post(server, token, request({ scheme: 'commonEncryptionScheme="cbcs"' }))).text,
    );
    expect(cbcs.contentKeys).toMatchObject([{ commonEncryptionScheme: 'cbcs' }]);
    expect(cbcs.contentKeys[0]!.kid).not.toBe(cenc.contentKeys[0]!.kid);
    expect((await parsePssh(cbcs.drmSystems[0]!.pssh!))[0]!.playready).toMatchObject({
      version: '4.3.0.0',
      keys: [{ algId: 'AESCBC' }],
    });
    expect(cbcs.drmSystems[0]!.hlsSignaling!.media).toMatch(/^#EXT-X-KEY:METHOD=SAMPLE-AES,/);
  });

  it.each(['1.0', '2.0', '2.1'] as const)(
    'is the same for a crypto period again, in SPEKE %s',
    async (version) => {
      const server = await start();
      const token = await server.token('register', 'read-keys');
      const kidsOf = async (index: number) => {
        const period = { index, startSeconds: 4 * index, durationSeconds: 4 };
        const requests = [
          { ...TRACKS[2]!, period, scheme: version === '1.0' ? ('cenc' as const) : ('cbcs' as const) },
        ];
        return (await (await source(server, token, { version })).assign(requests)).map(({ kid }) => kid);
      };
      const [zero, one] = [await kidsOf(0), await kidsOf(1)];
      expect(one).not.toEqual(zero);
      expect(await kidsOf(1)).toEqual(one);
      const { json } = await server.fetch('/v1/keys?contentId=film&period=1', { token });
      expect(json.items.map(({ kid }: { kid: string }) => kid)).toEqual(one);
    },
  );

  it('has keys of its own for each key period', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const rule = (kid: string, period: string) =>
      `<cpix:ContentKeyUsageRule kid="${kid}" intendedTrackType="VIDEO"><cpix:KeyPeriodFilter periodId="${period}"/><cpix:VideoFilter/></cpix:ContentKeyUsageRule>`;
    const key = (kid: string) => `<cpix:ContentKey kid="${kid}" commonEncryptionScheme="cenc"/>`;
    const body = request({ keys: key(KID) + key(KID_2), rules: rule(KID, 'a') + rule(KID_2, 'b') }).replace(
      '<cpix:ContentKeyUsageRuleList>',
      '<cpix:ContentKeyPeriodList><cpix:ContentKeyPeriod id="a" index="7"/><cpix:ContentKeyPeriod id="b" index="8"/></cpix:ContentKeyPeriodList><cpix:ContentKeyUsageRuleList>',
    );
    expect((await post(server, token, body)).status).toBe(200);
    const { json } = await server.fetch('/v1/keys', { token });
    expect(
      json.items
        .map(({ contentId, label, period }: Record<string, unknown>) => [contentId, label, period])
        .sort(),
    ).toEqual([
      ['abc123', 'VIDEO', 7],
      ['abc123', 'VIDEO', 8],
    ]);
  });
});

describe('what an encryptor is refused', () => {
  const V2 = { 'x-speke-version': '2.0' };
  it.each<[string, string, Record<string, string>, string]>([
    ['another version', request(), { 'x-speke-version': '3.0' }, 'Unsupported SPEKE version'],
    ['no content id', request({ root: 'version="2.3"' }), V2, 'Missing CPIX@contentId'],
    ['no CPIX version', request({ root: 'contentId="a"' }), V2, 'Missing CPIX@version'],
    ['the CPIX version of another', request(), { 'x-speke-version': '2.1' }, 'Unsupported CPIX@version'],
    ['no scheme', request({ scheme: '' }), V2, `Missing ContentKey@commonEncryptionScheme for KID ${KID}`],
    [
      'a scheme that is none of MPEG',
      request({ scheme: 'commonEncryptionScheme="SAMPLE-AES"' }),
      V2,
      'Non compliant ContentKey@commonEncryptionScheme combination',
    ],
    [
      'keys of two schemes',
      request({
        keys: `<cpix:ContentKey kid="${KID}" commonEncryptionScheme="cenc"/><cpix:ContentKey kid="${KID_2}" commonEncryptionScheme="cbcs"/>`,
      }),
      V2,
      'Non compliant ContentKey@commonEncryptionScheme combination',
    ],
    [
      'a class twice',
      request({
        keys: [KID, KID_2]
          .map((kid) => `<cpix:ContentKey kid="${kid}" commonEncryptionScheme="cenc"/>`)
          .join(''),
        rules: [KID, KID_2]
          .map((kid) => `<cpix:ContentKeyUsageRule kid="${kid}" intendedTrackType="SD"/>`)
          .join(''),
      }),
      V2,
      'Duplicate intendedTrackType SD',
    ],
    ['no keys', request({ keys: '' }), V2, 'ContentKey'],
    ['no XML', '<cpix:CPIX', V2, 'not well-formed'],
    [
      'an external entity',
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${request().slice(38)}`,
      V2,
      'not well-formed',
    ],
    ['deep nesting', `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`, V2, 'not well-formed'],
    ['nothing', '', V2, 'not well-formed'],
  ])('%s', async (_title, body, headers, says) => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const answer = await post(server, token, body, headers);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(says);
    expect((await server.fetch('/v1/keys', { token })).json.items).toEqual([]);
  });

  it('a recipient whose certificate is none, before keys are made', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const delivery = `<cpix:DeliveryDataList><cpix:DeliveryData><cpix:DeliveryKey><ds:X509Data xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></cpix:DeliveryKey></cpix:DeliveryData></cpix:DeliveryDataList>`;
    const answer = await post(
      server,
      token,
      request().replace('<cpix:ContentKeyList>', `${delivery}<cpix:ContentKeyList>`),
    );
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('certificate')]);
    expect((await server.fetch('/v1/keys', { token })).json.items).toEqual([]);
  });

  it('without both scopes, and as another type', async () => {
    const server = await start();
    const statuses = [];
    for (const path of ['v1.0', 'v2.0']) {
      for (const token of [undefined, await server.token('register'), await server.token('read-keys')]) {
        statuses.push((await post(server, token, request(), {}, path)).status);
      }
    }
    expect(statuses).toEqual([401, 403, 403, 401, 403, 403]);
    const token = await server.token('register', 'read-keys');
    expect((await post(server, token, request(), { 'content-type': 'application/json' })).status).toBe(415);
  });
});
