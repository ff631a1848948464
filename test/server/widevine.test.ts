import { describe, expect, it } from 'vitest';
import { readWidevinePsshData } from '../../src/drm/widevine.js';
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

  it.each([
    ['no base64', '{}', 'MALFORMED_REQUEST'],
    ['no JSON', b64('{'), 'MALFORMED_REQUEST'],
    ['deep nesting', b64('['.repeat(100_000)), 'MALFORMED_REQUEST'],
    ['no content id', { ...REQUEST, content_id: undefined }, 'CONTENT_ID_MISSING'],
    ['no tracks', { ...REQUEST, tracks: [] }, 'TRACK_TYPE_MISSING'],
    ['a strange track', { ...REQUEST, tracks: [{ type: 'SMELL' }] }, 'TRACK_TYPE_UNKNOWN'],
    ['another scheme', { ...REQUEST, protection_scheme: 'CBCS' }, 'MALFORMED_REQUEST'],
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
