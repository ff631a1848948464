import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type EncryptOptions, type EncryptResult, encrypt, encryptStream } from '../../src/index.js';
import type { KeyStore } from '../../src/keystore/key-store.js';
import { storeIn } from '../keystore/helpers.js';
import { INPUTS, periodKeys } from '../support/crypto-periods.js';
import { fingerprintAs } from '../support/fingerprint.js';
import { testKeys } from '../support/jobs.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { Collected, streamOf } from './stream/streams.js';

const temporary = temporaryFolder();
let count = 0;

/** Ways from an input to an output; each gives the bytes that came out. */
const WAYS: Record<string, (options: Partial<EncryptOptions>) => Promise<[EncryptResult, Buffer]>> = {
  'a file': async (options) => {
    const output = temporary(`${++count}.mp4`);
    return [await encrypt({ input: sample('bars.mp4'), output, ...options }), readFileSync(output)];
  },
  'a file by three threads': (options) => WAYS['a file']({ ...options, threads: 3 }),
  'a file to a stream': async (options) => {
    const output = new Collected();
    return [await encryptStream({ input: sample('bars.mp4'), ...options, output }), output.bytes];
  },
  'a stream': async (options) => {
    const [input, output] = [streamOf(readFileSync(INPUTS.stream)), new Collected()];
    return [await encryptStream({ ...options, input, output }), output.bytes];
  },
};

async function withStore<T>(work: (keyStore: KeyStore) => Promise<T>): Promise<T> {
  const keyStore = storeIn(temporary(`store${++count}`));
  try {
    return await work(keyStore);
  } finally {
    await keyStore.close();
  }
}

/** Each different set of published files that the keys of a store have. */
async function recordedIn(keyStore: KeyStore): Promise<string[][]> {
  const { items } = await keyStore.list();
  const sets = items.map(({ outputs }) => outputs.map(({ fingerprint }) => fingerprint));
  return [...new Map(sets.map((set) => [set.join(), set])).values()];
}

describe.each(Object.keys(WAYS))('the result of %s', (name) => {
  const run = WAYS[name];

  it('has no digest that nobody asked for', async () => {
    const [result] = await run({ keys: testKeys });
    expect(result).not.toHaveProperty('sha256');
    expect(result).not.toHaveProperty('fingerprint');
  });

  it('has the SHA-256 of the output on request, without a key store', async () => {
    const [result, bytes] = await run({ keys: testKeys, sha256: true });
    expect(result.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(result).not.toHaveProperty('fingerprint');
  });

  it('has the fingerprint that the key store has', async () => {
    await withStore(async (keyStore) => {
      const [{ fingerprint, sha256 }, bytes] = await run({ keyStore, contentId: 'film', sha256: true });
      expect(fingerprint).toBe(fingerprintAs(fingerprint!, bytes));
      expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      expect(await recordedIn(keyStore)).toEqual([[fingerprint]]);
      const [{ key }] = await keyStore.findByContentId('film');
      expect(fingerprint!.slice(0, 32)).not.toBe(key!.revealHex());
    });
  });
});

it.each<[string, Partial<EncryptOptions>]>([
  ['one key', {}],
  ['a key for each type', { keyPer: 'type' }],
  ['keys that rotate', { keys: periodKeys(20, 'cenc'), cryptoPeriodSeconds: 1.9 }],
])('a rerun with %s registers no second output, and has both digests on request', async (_, options) => {
  await withStore(async (keyStore) => {
    const job = { input: INPUTS.file, output: temporary(`${++count}.mp4`), keyStore, ...options };
    const first = await encrypt(job);
    const again = await encrypt({ ...job, sha256: true });
    expect({ first: first.unchanged, again: again.unchanged }).toEqual({ first: false, again: true });
    expect(again.fingerprint).toBe(first.fingerprint);
    expect(again.sha256).toBe(createHash('sha256').update(readFileSync(job.output)).digest('hex'));
    expect(await recordedIn(keyStore)).toEqual([[first.fingerprint]]);
    const { fingerprint } = await encrypt({ ...job, force: true }); // other IVs
    expect(fingerprint!.slice(0, 32)).toBe(first.fingerprint!.slice(0, 32));
    expect(fingerprint).not.toBe(first.fingerprint);
  });
});

it('a dry run has no digests', async () => {
  await withStore(async (keyStore) => {
    const output = temporary('none.mp4');
    const result = await encrypt({ input: sample('bars.mp4'), output, keyStore, sha256: true, dryRun: true });
    expect(result).not.toHaveProperty('sha256');
    expect(result).not.toHaveProperty('fingerprint');
  });
});
