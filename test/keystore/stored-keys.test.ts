import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseKeyId } from '../../src/keys/key-id.js';
import { KeySeed } from '../../src/keys/key-seed.js';
import type { TrackKeyRequest } from '../../src/keys/key-source.js';
import { randomKeySource } from '../../src/keys/random.js';
import type { KeyStore } from '../../src/keystore/key-store.js';
import { storedContentSource, storedKeyLookup, storedKeySource } from '../../src/keystore/stored-keys.js';
import { scratchDirectories } from '../keys/scratch.js';
import { NO_KID, registration, SHA, storeIn, tamper } from './helpers.js';

const scratch = scratchDirectories();
const VIDEO: TrackKeyRequest = { trackId: 1, type: 'video', label: 'HD' };
const AUDIO: TrackKeyRequest = { trackId: 2, type: 'audio' };
const MOVIE = { contentId: 'movie' } as const;
const SEED = KeySeed.parse('XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I');
let directory: string;
let store: KeyStore;

beforeEach(() => {
  directory = scratch();
  store = storeIn(directory);
});
afterEach(() => store.close());

function seeded() {
  const kid = parseKeyId('09e36702-8f33-436c-a5dd-60ffe6671e70');
  return registration({ kid, key: SEED.contentKey(kid), source: 'seed', seedId: SEED.id });
}

async function kidsOf(source: ReturnType<typeof storedContentSource>, ...requests: TrackKeyRequest[]) {
  return (await source.assign(requests)).map(({ kid }) => kid);
}

describe('storedContentSource', () => {
  it('finds each track the key that is labelled for it', async () => {
    const [hd, audio, rest] = [{ label: 'HD' }, { label: 'audio' }, {}].map((more) => registration(more));
    await store.register([hd!, audio!, rest!]);
    const assigned = await storedContentSource(store, MOVIE).assign([
      AUDIO,
      VIDEO,
      { trackId: 3, type: 'video' },
    ]);
    expect(assigned.map(({ trackId, kid, label }) => [trackId, kid, label])).toEqual([
      [2, audio!.kid, 'audio'],
      [1, hd!.kid, 'HD'],
      [3, rest!.kid, undefined],
    ]);
    expect(assigned[1]!.key.equals(hd!.key)).toBe(true);
    expect(assigned[1]!.source).toBe('store');
  });

  it('passes over keys of the other algorithm, and of other crypto periods', async () => {
    const period = { index: 7, startSeconds: 70, durationSeconds: 10 };
    const forms = [{}, { algorithm: 'AESCBC' }, { period: 7 }, { period: 7, algorithm: 'AESCBC' }] as const;
    const keys = forms.map((more) => registration(more));
    await store.register(keys);
    const source = storedContentSource(store, MOVIE);
    const asked = [{}, { scheme: 'cbcs' }, { period }, { scheme: 'cbcs', period }] as const;
    for (const [i, more] of asked.entries()) {
      expect(await source.assign([{ ...AUDIO, ...more }])).toMatchObject([
        { kid: keys[i]!.kid, algorithm: i % 2 ? 'AESCBC' : 'AESCTR', ...(i > 1 && { period: 7 }) },
      ]);
    }
    const other = { ...AUDIO, period: { ...period, index: 8 } };
    await expect(source.assign([other])).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
  });

  it('takes the key that was registered first, published or not, and when it is revoked the next', async () => {
    const keys = [registration(), registration(), registration()];
    for (const key of keys) {
      await store.register([key]);
      await new Promise((resolve) => setTimeout(resolve, 2)); // times are kept in milliseconds
    }
    const source = storedContentSource(store, MOVIE);
    expect(await kidsOf(source, VIDEO)).toEqual([keys[0]!.kid]);
    await store.markActive([keys[1]!.kid, keys[2]!.kid], { fingerprint: SHA });
    expect(await kidsOf(source, VIDEO)).toEqual([keys[0]!.kid]);
    await store.revoke([keys[0]!.kid]);
    expect(await kidsOf(source, VIDEO)).toEqual([keys[1]!.kid]);
  });

  it('asks another source for what the store does not have', async () => {
    const audio = registration({ label: 'audio' });
    await store.register([
      audio,
      registration({ contentId: 'other' }),
      registration({ algorithm: 'AESCBC' }),
    ]);
    await expect(storedContentSource(store, MOVIE).assign([VIDEO, AUDIO])).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
      message: expect.stringMatching(/"movie" for video track 1$/),
    });
    const source = storedContentSource(store, { ...MOVIE, otherwise: randomKeySource() });
    const [video, sound] = await source.assign([VIDEO, AUDIO]);
    expect(video).toMatchObject({ trackId: 1, source: 'random' });
    expect(sound).toMatchObject({ trackId: 2, source: 'store', kid: audio.kid });
  });
});

describe('storedKeySource', () => {
  it('gives one registered key to all tracks', async () => {
    const one = registration();
    await store.register([one]);
    expect(await kidsOf(storedKeySource(store, one.kid), VIDEO, AUDIO)).toEqual([one.kid, one.kid]);
  });

  it('refuses a KID that is unknown or revoked', async () => {
    const one = registration();
    await store.register([one]);
    await store.revoke([one.kid]);
    await expect(storedKeySource(store, NO_KID).assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
    });
    await expect(storedKeySource(store, one.kid).assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
    });
  });

  it('refuses a key for AESCBC: one KID never serves both algorithms', async () => {
    const one = registration({ algorithm: 'AESCBC' });
    await store.register([one]);
    await expect(storedKeySource(store, one.kid).assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      message: expect.stringContaining('AESCBC'),
    });
  });

  it('derives a key that the store knows by its seed, and verifies it', async () => {
    const one = seeded();
    await store.register([one]);
    const [assigned] = await storedKeySource(store, one.kid, SEED).assign([VIDEO]);
    expect(assigned!.key.revealHex()).toBe('b42ca3172ee4e69bf51848a59db9cd13'); // Microsoft's documentation
    expect(assigned!.seedId).toBe(SEED.id);
    for (const seed of [undefined, KeySeed.parse('0'.repeat(60))]) {
      await expect(storedKeySource(store, one.kid, seed).assign([VIDEO])).rejects.toMatchObject({
        code: 'KEY_REQUIRED',
        message: expect.stringContaining(SEED.id),
      });
    }
    tamper(
      directory,
      'drop trigger keys_keep_their_description',
      "update keys set checksum = 'AAAAAAAAAAA='",
    );
    await expect(storedKeySource(store, one.kid, SEED).assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
    });
  });
});

describe('storedKeyLookup', () => {
  it('finds every registered key, the revoked ones too', async () => {
    const one = registration();
    const other = seeded();
    await store.register([one, other]);
    await store.revoke([one.kid]);
    const lookup = storedKeyLookup(store, SEED);
    expect((await lookup.find(one.kid))!.equals(one.key)).toBe(true);
    expect((await lookup.find(other.kid))!.equals(other.key)).toBe(true);
    expect(await lookup.find(NO_KID)).toBeUndefined();
  });
});
