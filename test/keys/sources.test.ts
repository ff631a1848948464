import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { environmentKeySource } from '../../src/keys/environment.js';
import { givenKeyTexts } from '../../src/keys/given.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import type { TrackKeyRequest } from '../../src/keys/key-source.js';
import { randomKeySource } from '../../src/keys/random.js';

const KID = '09e36702-8f33-436c-a5dd-60ffe6671e70';
const KEY = 'b42ca3172ee4e69bf51848a59db9cd13';
const TRACKS: TrackKeyRequest[] = [
  { trackId: 1, type: 'video', label: 'HD', width: 1280, height: 720 },
  { trackId: 2, type: 'audio' },
];

describe('randomKeySource', () => {
  it('shares one key among the tracks of a call, and none among calls', async () => {
    const source = randomKeySource();
    const [first, second] = await source.assign(TRACKS);
    expect(first).toMatchObject({ trackId: 1, label: 'HD', source: 'random' });
    expect(second).toEqual({
      trackId: 2,
      kid: first!.kid,
      key: first!.key,
      source: 'random',
      algorithm: 'AESCTR',
    });
    const [other] = await source.assign(TRACKS);
    expect(other!.kid).not.toBe(first!.kid);
    expect(other!.key.equals(first!.key)).toBe(false);
  });
});

describe('givenKeyTexts', () => {
  it('assigns the key to every track and finds it by its KID only', async () => {
    const source = givenKeyTexts(KID.toUpperCase(), KEY);
    const assigned = await source.assign(TRACKS);
    expect(assigned.map(({ trackId, kid, source }) => [trackId, kid, source])).toEqual([
      [1, KID, 'given'],
      [2, KID, 'given'],
    ]);
    expect((await source.find(parseKeyId(KID)))!.equals(ContentKey.fromHex(KEY))).toBe(true);
    expect(await source.find(parseKeyId('0'.repeat(32)))).toBeUndefined();
  });
});

describe('environmentKeySource', () => {
  it('takes KID and key from the environment', async () => {
    const source = environmentKeySource({ PRPACK_KID: KID.replaceAll('-', ''), PRPACK_KEY: KEY })!;
    const [assigned] = await source.assign(TRACKS);
    expect(assigned).toMatchObject({ kid: KID, source: 'environment' });
    expect(assigned!.key.revealHex()).toBe(KEY);
  });

  it('is absent when nothing is set', () => {
    expect(environmentKeySource({})).toBeUndefined();
    expect(environmentKeySource({ PRPACK_KID: '', PRPACK_KEY: '' })).toBeUndefined();
  });

  it.each([
    [{ PRPACK_KID: KID }, 'PRPACK_KEY is not'],
    [{ PRPACK_KEY: KEY }, 'PRPACK_KID is not'],
  ])('wants both variables: %o', (environment, message) => {
    expect(() => environmentKeySource(environment)).toThrow(
      expect.objectContaining({ code: 'KEY_REQUIRED', message: expect.stringContaining(message) }),
    );
  });

  it('names the variables and hides the value when the key is wrong', () => {
    const wrong = `${KEY}ff`;
    try {
      environmentKeySource({ PRPACK_KID: KID, PRPACK_KEY: wrong });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'KEY_INVALID', message: expect.stringContaining('PRPACK_KEY') });
      expect(`${error}${JSON.stringify(error)}`).not.toContain(KEY);
    }
  });
});
