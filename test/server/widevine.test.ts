import { describe, expect, it } from 'vitest';
import { SYSTEM_IDS } from '../../src/drm/system-ids.js';
import { readWidevinePsshData } from '../../src/drm/widevine.js';
import { HttpClient } from '../../src/keys/http/client.js';
import { SecretHeader } from '../../src/keys/http/secret-header.js';
import { WidevineKeySource } from '../../src/keys/widevine/key-source.js';
import { WidevineSigningKey } from '../../src/keys/widevine/signing-key.js';
import { parsePssh } from '../../src/protection/pssh.js';
import { buildPsshBoxes } from '../../src/protection/pssh-boxes.js';
import { serverStarter, type TestServer } from './helpers.js';

const start = serverStarter();
const b64 = (text: string) => Buffer.from(text).toString('base64');

async function ask(server: TestServer, token: string, inner: unknown) {
  const body = {
    request: typeof inner === 'string' ? inner : b64(JSON.stringify(inner)),
    signature: '',
    signer: 'x',
  };
  const answer = await server.fetch('/widevine/getcontentkey', { method: 'POST', token, body });
  return { ...answer, inner: JSON.parse(Buffer.from(answer.json.response, 'base64').toString()) };
}

const REQUEST = {
  content_id: b64('film'),
  policy: '',
  tracks: [{ type: 'SD' }, { type: 'AUDIO' }],
  drm_types: ['WIDEVINE', 'PLAYREADY'],
  protection_scheme: 'CENC',
};

describe('the Widevine Common Encryption API', () => {
  it('gives the same keys again, with data for the systems that were asked for', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const [first, second] = await Promise.all([ask(server, token, REQUEST), ask(server, token, REQUEST)]);
    expect(first.inner).toMatchObject({ status: 'OK', tracks: [{ type: 'SD' }, { type: 'AUDIO' }] });
    expect(second.inner.tracks).toEqual(first.inner.tracks);
    const [sd, audio] = first.inner.tracks;
    expect(sd.key_id).not.toBe(audio.key_id);
    expect(Buffer.from(sd.key, 'base64')).toHaveLength(16);
    expect(sd.pssh.map(({ drm_type }: { drm_type: string }) => drm_type)).toEqual(['WIDEVINE', 'PLAYREADY']);
    const data = readWidevinePsshData(new Uint8Array(Buffer.from(sd.pssh[0].data, 'base64')));
    expect(Buffer.from(data.contentId!).toString()).toBe('film');
    expect(data.keyIds).toHaveLength(2);
    const { json } = await server.fetch('/v1/keys', { token });
    expect(json.items).toHaveLength(2);
  });

  it('has keys of their own for CBC mode, by the name or number of the scheme', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const kidOf = async (scheme: string | number | undefined) => {
      const { inner } = await ask(server, token, { ...REQUEST, protection_scheme: scheme });
      const [{ key_id, pssh }] = inner.tracks;
      const data = readWidevinePsshData(new Uint8Array(Buffer.from(pssh[0].data, 'base64')));
      return [key_id, data.protectionScheme, Buffer.from(pssh[1].data, 'base64').toString('utf16le', 10)];
    };
    const [cenc] = await kidOf(undefined);
    const cbcs = await kidOf('CBCS');
    expect(cbcs[0]).not.toBe(cenc);
    expect(cbcs).toEqual([cbcs[0], 'cbcs', expect.stringContaining('ALGID="AESCBC"')]);
    expect(await kidOf(0x63626373)).toEqual(cbcs);
    expect((await kidOf('CENS')).slice(0, 2)).toEqual([cenc, 'cens']);
    const { json } = await server.fetch('/v1/keys?contentId=film&algorithm=AESCBC', { token });
    expect(json.items).toHaveLength(2);
  });

  it('gives a crypto period the same keys in every request, and other periods others', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const kidsOf = async (first: number, count: number) => {
      const rotating = {
        ...REQUEST,
        tracks: [{ type: 'HD' }],
        first_crypto_period_index: first,
        crypto_period_count: count,
        crypto_period_seconds: 10,
      };
      const { tracks } = (await ask(server, token, rotating)).inner;
      return tracks.map((track: Record<string, unknown>) => [track.crypto_period_index, track.key_id]);
    };
    const first = await kidsOf(4, 3);
    expect(first.map(([index]: [number]) => index)).toEqual([4, 5, 6]);
    expect(new Set(first.map(([, kid]: [number, string]) => kid)).size).toBe(3);
    expect(await kidsOf(5, 2)).toEqual(first.slice(1));
    const { json } = await server.fetch('/v1/keys?contentId=film&period=5', { token });
    expect(json.items).toMatchObject([{ contentId: 'film', label: 'HD', period: 5, algorithm: 'AESCTR' }]);
  });

  it('goes on with the keys of a crypto period that an earlier version registered', async () => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const kid = '10000000-1000-1000-1000-100000000001';
    const body = { key: '1'.repeat(32), contentId: 'film/period-5', label: 'SD' };
    await server.fetch(`/v1/keys/${kid}`, { method: 'PUT', token, body });
    const { inner } = await ask(server, token, { ...REQUEST, first_crypto_period_index: 5 });
    expect(Buffer.from(inner.tracks[0].key_id, 'base64').toString('hex')).toBe(kid.replaceAll('-', ''));
  });

  it('is a key source for packagers of the same program', async () => {
    const server = await start();
    const authorization = SecretHeader.parse(`Bearer ${await server.token('register', 'read-keys')}`, 'test');
    const client = new HttpClient({ authorization });
    const url = `${server.url}/widevine/getcontentkey`;
    const signingKey = WidevineSigningKey.parse(`${'0f'.repeat(16)} ${'f0'.repeat(16)}`);
    const source = new WidevineKeySource({ url, client, contentId: 'film', signer: 's', signingKey });
    const hd = { trackId: 1, type: 'video', width: 1280, height: 720, scheme: 'cbcs' } as const;
    const period = { index: 3, startSeconds: 30, durationSeconds: 10 };
    const tracks = [
      { ...hd, period },
      { trackId: 2, type: 'audio', scheme: 'cbcs', period },
    ] as const;
    const assigned = await source.assign(tracks, [SYSTEM_IDS.widevine, SYSTEM_IDS.playready]);
    expect(assigned).toMatchObject([
      { label: 'HD', period: 3, algorithm: 'AESCBC', source: 'widevine' },
      { label: 'AUDIO', period: 3, algorithm: 'AESCBC', source: 'widevine' },
    ]);
    expect(await source.assign(tracks)).toMatchObject(assigned.map(({ kid }) => ({ kid })));
    // What came with the keys is fit for the file as it is.
    const { boxes, warnings } = buildPsshBoxes(assigned, { systems: ['widevine'], scheme: 'cbcs' });
    expect([boxes.length, warnings]).toEqual([1, []]);
    const [{ keyIds, widevine }] = await parsePssh(boxes[0]!);
    expect(keyIds).toEqual(assigned.map(({ kid }) => kid));
    expect(widevine).toMatchObject({
      contentId: Buffer.from('film').toString('hex'),
      protectionScheme: 'cbcs',
    });
    await client.close();
  });

  it.each([
    ['no base64', '{}', 'MALFORMED_REQUEST'],
    ['no JSON', b64('{'), 'MALFORMED_REQUEST'],
    ['deep nesting', b64('['.repeat(100_000)), 'MALFORMED_REQUEST'],
    ['no content id', { ...REQUEST, content_id: undefined }, 'CONTENT_ID_MISSING'],
    ['no tracks', { ...REQUEST, tracks: [] }, 'TRACK_TYPE_MISSING'],
    ['a strange track', { ...REQUEST, tracks: [{ type: 'SMELL' }] }, 'TRACK_TYPE_UNKNOWN'],
    ['an unknown scheme', { ...REQUEST, protection_scheme: 'PIFF' }, 'MALFORMED_REQUEST'],
    ['an unknown number of a scheme', { ...REQUEST, protection_scheme: 7 }, 'MALFORMED_REQUEST'],
    [
      'too many periods',
      { ...REQUEST, first_crypto_period_index: 0, crypto_period_count: 1e6 },
      'MALFORMED_REQUEST',
    ],
  ])('refuses %s in its own words', async (_title, inner, status) => {
    const server = await start();
    const token = await server.token('register', 'read-keys');
    const answer = await ask(server, token, inner);
    expect([answer.status, answer.inner]).toEqual([200, { status }]);
  });

  it('answers those alone who may both register and read keys', async () => {
    const server = await start();
    const body = { request: b64(JSON.stringify(REQUEST)), signature: '', signer: 'x' };
    const statusFor = async (token?: string) => {
      const options = { method: 'POST', body, ...(token !== undefined && { token }) };
      return (await server.fetch('/widevine/getcontentkey', options)).status;
    };
    expect(await statusFor()).toBe(401);
    expect(await statusFor('prpack_0000_wrong')).toBe(401);
    for (const scope of ['register', 'read-keys', 'admin'] as const) {
      expect([scope, await statusFor(await server.token(scope))]).toEqual([scope, 403]);
    }
    const { json } = await server.fetch('/v1/keys', { token: await server.token('register') });
    expect(json.items).toEqual([]);
    expect(await statusFor(await server.token('register', 'read-keys'))).toBe(200);
  });
});
