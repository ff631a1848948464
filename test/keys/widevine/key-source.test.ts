import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient, type HttpClientOptions } from '../../../src/keys/http/client.js';
import type { TrackKeyRequest } from '../../../src/keys/key-source.js';
import { WidevineKeySource, type WidevineOptions } from '../../../src/keys/widevine/key-source.js';
import { WidevineSigningKey } from '../../../src/keys/widevine/signing-key.js';
import { spellingsOf } from '../cpix/documents.js';
import { type Answer, failureOf, inTurn, reply, testServers } from '../http/servers.js';

const servers = testServers();
const UHD: TrackKeyRequest = { trackId: 1, type: 'video', width: 3840, height: 2160 };
const HD: TrackKeyRequest = { trackId: 2, type: 'video', width: 1280, height: 720 };
const SD: TrackKeyRequest = { trackId: 3, type: 'video', width: 720, height: 576 };
const AUDIO: TrackKeyRequest = { trackId: 4, type: 'audio' };
const WIDEVINE = 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed';
const PLAYREADY = '9a04f079-9840-4286-ab92-e65be0885f95';
const SIGNING = `${'0123456789abcdef'.repeat(4)} ${'ab'.repeat(16)}`;

const clients: HttpClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function source(url: string, options: Partial<WidevineOptions> = {}, http: HttpClientOptions = {}) {
  const client = new HttpClient({ retryDelayMs: 5, timeoutMs: 5000, ...http });
  clients.push(client);
  return new WidevineKeySource({ url, client, contentId: 'movie 1', ...options });
}

const b64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64');
const wrap = (inner: unknown) => JSON.stringify({ response: b64(JSON.stringify(inner)) });
const kidOf = (type: string) => Buffer.from(`KeyId of ${type}`.padEnd(16, '~'));
const keyOf = (type: string) => Buffer.from(`Key of ${type}`.padEnd(16, '~'));
const dataOf = (type: string) => Buffer.concat([Buffer.from([0x12, 16]), kidOf(type)]);
const uuidOf = (type: string) =>
  kidOf(type)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** A track as the documentation of the API shows it. */
const trackOf = (type: string, more: object = {}) => ({
  type,
  key_id: b64(kidOf(type)),
  key: b64(keyOf(type)),
  pssh: [{ drm_type: 'WIDEVINE', data: b64(dataOf(type)) }],
  ...more,
});

/** A server that has a key for every class, and answers in the form of the documentation. */
const server: Answer = (seen, response) => {
  const { tracks } = requestIn(seen.body);
  response.end(
    wrap({
      status: 'OK',
      drm: [{ type: 'WIDEVINE', system_id: '7e+LqXnWSs6jyCfc1R0h7Q==' }],
      tracks: tracks.map(({ type }: { type: string }) => trackOf(type)),
      already_used: true,
    }),
  );
};

function requestIn(body: string) {
  return JSON.parse(Buffer.from(JSON.parse(body).request, 'base64').toString());
}

describe('the Widevine key source', () => {
  it('sends a signed request for the classes of its tracks', async () => {
    const { url, seen } = await servers.http(server);
    const signingKey = WidevineSigningKey.parse(SIGNING);
    const keys = source(`${url}/getcontentkey/acme`, { signer: 'acme', signingKey, policy: 'gold' });
    await keys.assign(
      [UHD, HD, SD, AUDIO].map((track) => ({ ...track, scheme: 'cbcs' })),
      [PLAYREADY],
    );
    expect(seen).toMatchObject([
      { method: 'POST', url: '/getcontentkey/acme', headers: { 'content-type': 'application/json' } },
    ]);
    const { request, signature, signer } = JSON.parse(seen[0]!.body);
    expect(signer).toBe('acme');
    expect(signature).toBe(b64(signingKey.sign(Buffer.from(request, 'base64'))));
    // "Common Encryption API for Widevine DRM", request, in the order of its example
    expect(Buffer.from(request, 'base64').toString()).toBe(
      '{"content_id":"bW92aWUgMQ==","policy":"gold",' +
        '"tracks":[{"type":"SD"},{"type":"HD"},{"type":"UHD1"},{"type":"AUDIO"}],' +
        '"drm_types":["WIDEVINE","PLAYREADY"],"protection_scheme":"CBCS"}',
    );
  });

  it('gives each class its key, with the data that came for it', async () => {
    const { url } = await servers.http(server);
    const keys = source(url);
    const assigned = await keys.assign([HD, SD, AUDIO], [WIDEVINE]);
    expect(assigned.map(({ key, ...rest }) => ({ ...rest, key: key.revealHex() }))).toEqual(
      (['HD', 'SD', 'AUDIO'] as const).map((type, i) => ({
        trackId: i + 2,
        label: type,
        kid: uuidOf(type),
        key: keyOf(type).toString('hex'),
        source: 'widevine',
        algorithm: 'AESCTR',
        protection: [
          { systemId: WIDEVINE, data: new Uint8Array(dataOf(type)), isBoxData: true, origin: `${url}/` },
        ],
      })),
    );
    expect((await keys.find(assigned[0].kid))!.equals(assigned[0].key)).toBe(true);
  });

  it.each([
    ['type', ['HD', 'HD', 'AUDIO'], ['video', 'video', 'audio']],
    ['none', ['HD', 'HD', 'HD'], [undefined, undefined, undefined]],
  ] as const)(
    'takes the highest class for several of them, with keyPer %s',
    async (keyPer, types, labels) => {
      const { url, seen } = await servers.http(server);
      const assigned = await source(url, { keyPer }).assign([SD, HD, AUDIO]);
      expect(assigned.map(({ kid }) => kid)).toEqual(types.map(uuidOf));
      expect(assigned.map(({ label }) => label)).toEqual(labels);
      expect(requestIn(seen[0].body).tracks).toEqual([...new Set(types)].map((type) => ({ type })));
    },
  );

  it('asks for each crypto period by its index', async () => {
    const answer = wrap({
      status: 'OK',
      tracks: [
        trackOf('Audio', { crypto_period_index: 6, key_id: b64(kidOf('other')) }),
        trackOf('Audio', { crypto_period_index: 7 }),
      ],
    });
    const { url, seen } = await servers.http(reply(200, answer));
    const period = { index: 7, startSeconds: 70, durationSeconds: 10 };
    expect(await source(url).assign([{ ...AUDIO, period }])).toMatchObject([
      { kid: uuidOf('Audio'), period: 7 },
    ]);
    expect(requestIn(seen[0].body)).toMatchObject({
      first_crypto_period_index: 7,
      crypto_period_count: 1,
      crypto_period_seconds: 10,
    });
  });

  it('takes whole boxes in place of the data, one by one', async () => {
    const box = Buffer.concat([Buffer.from([0, 0, 0, 12]), Buffer.from('psshabcd')]);
    const pssh = [{ drm_type: 'WIDEVINE', data: 'AAAA', boxes: b64(Buffer.concat([box, box])) }];
    const { url } = await servers.http(
      reply(200, wrap({ status: 'OK', tracks: [trackOf('AUDIO', { pssh })] })),
    );
    const [{ protection }] = await source(url).assign([AUDIO]);
    expect(protection!.map(({ data }) => Buffer.from(data))).toEqual([box, box]);
  });

  it('asks again after an internal error, a busy server and a lost answer, as the answer is always the same', async () => {
    const failed = reply(200, wrap({ status: 'INTERNAL_ERROR' }));
    const cut: Answer = (_, response) => response.destroy();
    const { url, seen } = await servers.http(inTurn(failed, reply(503), cut, server));
    expect(await source(url).assign([AUDIO])).toHaveLength(1);
    expect(new Set(seen.map(({ body }) => body)).size).toBe(1);
    expect(seen).toHaveLength(4);
    const always = await servers.http(failed);
    const { error } = await failureOf(source(always.url, {}, { retries: 1 }).assign([AUDIO]));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: `${always.url}/ answered INTERNAL_ERROR: it failed`,
    });
    expect(always.seen).toHaveLength(2);
  });

  it('wants a signer and its key together', () => {
    expect(() => source('http://127.0.0.1:1/', { signer: 'acme' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('belong together'),
      }),
    );
  });

  const KEY64 = b64(keyOf('AUDIO'));
  it.each<[string, Answer, string]>([
    ['a signature that fails', reply(200, wrap({ status: 'SIGNATURE_FAILED' })), 'accept the signature'],
    ['a signer without access', reply(200, wrap({ status: 'ACCESS_DENIED' })), 'the signer has no access'],
    ['an unknown policy', reply(200, wrap({ status: 'POLICY_UNKNOWN' })), 'does not know the policy'],
    ['a missing content id', reply(200, wrap({ status: 'CONTENT_ID_MISSING' })), 'wants a content id'],
    ['unknown tracks', reply(200, wrap({ status: 'TRACK_TYPE_UNKNOWN' })), 'one of the types of tracks'],
    ['a malformed request', reply(200, wrap({ status: 'MALFORMED_REQUEST' })), 'understand the request'],
    [
      'another status',
      reply(200, wrap({ status: 'OUT_OF_SORTS' })),
      'answered OUT_OF_SORTS: it gives no keys',
    ],
    ['a status that is none', reply(200, wrap({ status: KEY64 })), 'answered without a known status'],
    ['no status', reply(200, wrap({ tracks: [trackOf('AUDIO')] })), 'answered without a known status'],
    ['403', reply(403, KEY64), 'answered 403 (Forbidden)'],
    ['no JSON', reply(200, `{"response": ${KEY64}`), 'an answer that is not a JSON object'],
    ['no response', reply(200, JSON.stringify({ key: KEY64 })), 'a message without "response" in base64'],
    [
      'no JSON inside',
      reply(200, JSON.stringify({ response: KEY64 })),
      'an answer that is not a JSON object',
    ],
    ['no track', reply(200, wrap({ status: 'OK', tracks: [trackOf('SD')] })), 'no key for AUDIO tracks'],
    ['no tracks', reply(200, wrap({ status: 'OK' })), 'no key for AUDIO tracks'],
    [
      'two keys',
      reply(
        200,
        wrap({ status: 'OK', tracks: [trackOf('AUDIO'), trackOf('AUDIO', { key: b64('x'.repeat(16)) })] }),
      ),
      'two keys for AUDIO tracks',
    ],
    [
      'a key in hex',
      reply(200, wrap({ status: 'OK', tracks: [trackOf('AUDIO', { key: keyOf('AUDIO').toString('hex') })] })),
      'a key of the wrong form',
    ],
    [
      'a short KID',
      reply(200, wrap({ status: 'OK', tracks: [trackOf('AUDIO', { key_id: 'AAAA' })] })),
      'a key_id of the wrong form',
    ],
    [
      'pssh data that is no base64',
      reply(
        200,
        wrap({ status: 'OK', tracks: [trackOf('AUDIO', { pssh: [{ drm_type: 'WIDEVINE', data: 7 }] })] }),
      ),
      'pssh data of the wrong form',
    ],
  ])('fails on %s, and tells no key', async (_, answer, message) => {
    const { url } = await servers.http(answer);
    const keys = source(`${url}/k?t=s3cret`, {
      signer: 'acme',
      signingKey: WidevineSigningKey.parse(SIGNING),
    });
    const { error, said } = await failureOf(keys.assign([AUDIO]));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining(message),
      details: { remedy: expect.stringMatching(/\.$/) },
    });
    const all = said + inspect([error, keys], { depth: 20, showHidden: true });
    for (const secret of [
      's3cret',
      ...spellingsOf(keyOf('AUDIO').toString('hex')),
      ...spellingsOf(SIGNING.slice(0, 64)),
    ])
      expect(all).not.toContain(secret);
  });
});
