import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { givenKeySource } from '../../src/keys/given.js';
import { newKeyId } from '../../src/keys/key-id.js';
import { randomKeySource } from '../../src/keys/random.js';
import type { KeyStore } from '../../src/keystore/key-store.js';
import { encrypt } from '../../src/packager/encrypt.js';
import { encryptStream } from '../../src/packager/stream/encrypt-stream.js';
import type { EncryptOptions, EncryptResult } from '../../src/packager/types.js';
import { scratchDirectories } from '../keys/scratch.js';
import { storeIn } from '../keystore/helpers.js';
import { sample } from '../support/samples.js';
import { Collected, streamOf } from './stream/streams.js';

const scratch = scratchDirectories();

type Run = (job: EncryptOptions) => Promise<EncryptResult>;

/** Jobs that have all looked for keys before the first of them registers one. */
async function atOnce(
  count: number,
  folder: string,
  store: KeyStore,
  more: Partial<EncryptOptions>,
  run: Run = encrypt,
) {
  let waiting = count;
  let go: () => void;
  const allHaveLooked = new Promise<void>((resolve) => {
    go = resolve;
  });
  const jobs = Array.from({ length: count }, (_, i) => {
    let isFirst = true;
    const register: KeyStore['register'] = async (registrations) => {
      if (isFirst && --waiting === 0) go();
      isFirst = false;
      await allHaveLooked;
      return store.register(registrations);
    };
    const keyStore = {
      location: store.location,
      register,
      markActive: store.markActive.bind(store),
      findByContentId: store.findByContentId.bind(store),
    };
    const output = join(folder, `${i}.mp4`);
    return { input: sample('bars.mp4'), output, contentId: 'film', keyStore, threads: 1, ...more };
  });
  return { jobs, results: await Promise.all(jobs.map(run)) };
}

/** Files and streams as input and output. */
const RUNS: Record<string, Run> = {
  'a file to a stream': (job) => encryptStream({ ...job, output: new Collected() }),
  'a stream to a file': (job) => encryptStream({ ...job, input: fragments() }),
  'a stream to a stream': (job) => encryptStream({ ...job, input: fragments(), output: new Collected() }),
};

const fragments = () => streamOf(readFileSync(sample('bars-fragmented.mp4')));

const kidsOf = (results: readonly EncryptResult[]) =>
  results.map(({ tracks }) => tracks.map(({ kid }) => kid).join(' '));

describe('jobs that run at once with one new content id', () => {
  it.each([
    ['none', 1],
    ['type', 2],
  ] as const)('share its keys with --key-per %s, and are finished work afterwards', async (keyPer, keys) => {
    const folder = scratch();
    const store = storeIn(folder);
    const { jobs, results } = await atOnce(3, folder, store, { keyPer });
    expect(new Set(kidsOf(results)).size).toBe(1);
    const { items } = await store.list();
    expect(items.map(({ state, outputs }) => [state, outputs.length])).toEqual(
      Array.from({ length: keys }, () => ['active', 3]),
    );
    for (const job of jobs) expect((await encrypt(job)).unchanged).toBe(true);
    await store.close();
  });

  it.each(Object.entries(RUNS))('share its keys from %s', async (_, run) => {
    const folder = scratch();
    const store = storeIn(folder);
    const { results } = await atOnce(3, folder, store, { keyPer: 'type' }, run);
    expect(new Set(kidsOf(results)).size).toBe(1);
    const { items } = await store.list();
    expect(items.map(({ state, outputs }) => [state, outputs.length])).toEqual([
      ['active', 3],
      ['active', 3],
    ]);
    await store.close();
  });

  it('have keys of their own where those were given', async () => {
    const folder = scratch();
    const store = storeIn(folder);
    const { results } = await atOnce(2, folder, store, {
      keys: async () => givenKeySource(newKeyId(), ContentKey.random(), 'key file'),
    });
    expect(new Set(kidsOf(results)).size).toBe(2);
    await store.close();
  });

  it('have keys of their own where new ones were asked for', async () => {
    const folder = scratch();
    const store = storeIn(folder);
    const { results } = await atOnce(2, folder, store, { keys: randomKeySource() });
    expect(new Set(kidsOf(results)).size).toBe(2);
    await store.close();
  });
});
