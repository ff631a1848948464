import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { givenKeySource } from '../../src/keys/given.js';
import { newKeyId } from '../../src/keys/key-id.js';
import type { KeySource, TrackKeyRequest } from '../../src/keys/key-source.js';
import { randomKeySource } from '../../src/keys/random.js';
import type { KeyStore } from '../../src/keystore/key-store.js';
import {
  assertCanRotate,
  assignKeys,
  assignPeriodKeys,
  openPeriodKeys,
} from '../../src/packager/key-assignment.js';
import { confirmPublication, registerKeys } from '../../src/packager/registration.js';
import type { DescribedTrack } from '../../src/protection/tracks.js';
import { scratchDirectories } from '../keys/scratch.js';
import { SHA, storeIn } from '../keystore/helpers.js';

const scratch = scratchDirectories();
let store: KeyStore;
beforeEach(() => {
  store = storeIn(scratch());
});
afterEach(() => store.close());

/** As much of a track as the choice of its key looks at. */
function track(id: number, handler: 'vide' | 'soun'): DescribedTrack {
  const samples = { count: 0, sizes: new Uint32Array() };
  return { track: { id, handler, samples, timescaleHz: 1, durationTicks: 0n }, codecs: [{}] } as never;
}
const TRACKS = [track(1, 'vide'), track(2, 'soun')];
const PERIODS = [0, 1, 2].map((index) => ({ index, startSeconds: 10 * index, durationSeconds: 10 }));

describe('keys of a scheme', () => {
  it('are registered for its algorithm; another scheme has keys of its own, and a rerun the same', async () => {
    const keysOf = async (scheme: 'cenc' | 'cbcs') => {
      const keys = await assignKeys(TRACKS, 'film', { keyStore: store, scheme });
      await registerKeys({ keyStore: store }, keys, 'film', undefined);
      return keys.map(({ kid, algorithm }) => [kid, algorithm]);
    };
    const [cenc, cbcs] = [await keysOf('cenc'), await keysOf('cbcs')];
    expect([cenc[0]![1], cbcs[0]![1]]).toEqual(['AESCTR', 'AESCBC']);
    expect(cbcs[0]![0]).not.toBe(cenc[0]![0]);
    expect([await keysOf('cenc'), await keysOf('cbcs')]).toEqual([cenc, cbcs]);
    const { items } = await store.list();
    expect(items.map(({ contentId, algorithm }) => `${contentId} ${algorithm}`)).toEqual([
      'film AESCTR',
      'film AESCBC',
    ]);
  });

  it('are refused where the source says that they are for the other algorithm', async () => {
    const keys: KeySource = {
      assign: async (requests) =>
        requests.map(({ trackId }) => ({
          trackId,
          kid: newKeyId(),
          key: ContentKey.random(),
          source: 'mine',
          algorithm: 'AESCTR',
        })),
    };
    await expect(assignKeys(TRACKS, 'film', { keys, scheme: 'cbcs' })).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      message: expect.stringContaining('AESCTR and cannot serve AESCBC'),
      details: { remedy: expect.stringContaining('never for both') },
    });
  });
});

describe('keys of crypto periods', () => {
  it('are random, registered with their period, and found again by a rerun', async () => {
    const options = { keyStore: store, keyPer: 'type', scheme: 'cbcs' } as const;
    const keys = await assignPeriodKeys(TRACKS, 'film', options, PERIODS);
    expect(keys.map((ofPeriod) => ofPeriod.map(({ label, period }) => [label, period]))).toEqual(
      PERIODS.map(({ index }) => [
        ['video', index],
        ['audio', index],
      ]),
    );
    expect(new Set(keys.flat().map(({ kid }) => kid)).size).toBe(6);
    await registerKeys({ keyStore: store }, keys.flat(), 'film', undefined);
    await confirmPublication(store, keys.flat(), SHA);
    const { items } = await store.list({ period: 1 });
    expect(items.map(({ label, algorithm, state }) => [label, algorithm, state])).toEqual(
      expect.arrayContaining([
        ['video', 'AESCBC', 'active'],
        ['audio', 'AESCBC', 'active'],
      ]),
    );
    const again = await assignPeriodKeys(TRACKS, 'film', options, PERIODS);
    expect(again.map((ofPeriod) => ofPeriod.map(({ kid }) => kid))).toEqual(
      keys.map((ofPeriod) => ofPeriod.map(({ kid }) => kid)),
    );
  });

  it('are registered in parts where a key server would not take them at once', async () => {
    const sizes: number[] = [];
    const keyStore = {
      location: 'memory',
      register: async (some: readonly unknown[]) => {
        sizes.push(some.length);
        return [];
      },
      markActive: async (kids: readonly unknown[]) => void sizes.push(kids.length),
      findByContentId: async () => [],
    };
    const request: TrackKeyRequest = { trackId: 1, type: 'video' };
    const assign = randomKeySource();
    const keys = (await Promise.all(Array.from({ length: 1001 }, () => assign.assign([request])))).flat();
    await registerKeys({ keyStore }, keys, 'film', undefined);
    await confirmPublication(keyStore, keys, SHA);
    expect(sizes).toEqual([1000, 1, 1000, 1]);
  });

  it('are refused from a source with one key, before it is asked', async () => {
    const keys = givenKeySource(newKeyId(), ContentKey.random());
    const refusal = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('key rotation') };
    expect(() => assertCanRotate(keys)).toThrow(expect.objectContaining(refusal));
    await expect(openPeriodKeys(TRACKS, 'film', { keys: async () => keys })).rejects.toMatchObject(refusal);
    for (const able of [undefined, randomKeySource(), async () => keys]) {
      expect(() => assertCanRotate(able)).not.toThrow();
    }
  });

  it('are refused when a key comes for a second period', async () => {
    const { assign } = givenKeySource(newKeyId(), ContentKey.random());
    const keysOf = await openPeriodKeys(TRACKS, 'film', { keys: { assign } });
    await keysOf(PERIODS[1]!);
    await keysOf(PERIODS[1]!);
    await expect(keysOf(PERIODS[2]!)).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      message: expect.stringContaining('crypto periods 1 and 2'),
    });
  });

  it('are refused where random ones would be kept nowhere', async () => {
    await expect(assignPeriodKeys(TRACKS, 'film', {}, PERIODS)).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
    });
  });
});
