import { describe, expect, it } from 'vitest';
import { PrpackError } from '../../../src/errors.js';
import { ContentKey } from '../../../src/keys/content-key.js';
import { newKeyId } from '../../../src/keys/key-id.js';
import type { KeyRegistration, PackagerKeyStore } from '../../../src/keystore/key-store.js';
import { NO_STORE } from '../../../src/packager/batch/no-store.js';
import { Registrar } from '../../../src/packager/batch/registrar.js';

const registration = (contentId: string): KeyRegistration => ({
  kid: newKeyId(),
  key: ContentKey.random(),
  algorithm: 'AESCTR',
  contentId,
  source: 'random',
});

/** A store that notes how many keys each call brought, and refuses calls with certain contents. */
function recordingStore(
  refuse: (contentIds: readonly string[]) => PrpackError | undefined = () => undefined,
) {
  const calls: number[] = [];
  const store: PackagerKeyStore = {
    ...NO_STORE,
    async register(registrations) {
      calls.push(registrations.length);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const refusal = refuse(registrations.map(({ contentId }) => contentId));
      if (refusal) throw refusal;
      return NO_STORE.register(registrations);
    },
  };
  return { calls, registrar: new Registrar(store) };
}

const contentsOf = async (answer: ReturnType<Registrar['register']>) =>
  (await answer).map(({ record }) => record.contentId);

describe('registration of many jobs', () => {
  it('goes together when it comes together, and to each job goes what is its own', async () => {
    const { calls, registrar } = recordingStore();
    const answers = ['a', 'b', 'c'].map((id) =>
      registrar.register([registration(id), registration(`${id}2`)]),
    );
    expect(await Promise.all(answers.map(contentsOf))).toEqual([
      ['a', 'a2'],
      ['b', 'b2'],
      ['c', 'c2'],
    ]);
    expect(calls).toEqual([6]);
  });

  it('goes out under the ids of all of its jobs, and everything else under that of one', async () => {
    const ids: string[] = [];
    const store: PackagerKeyStore = {
      ...NO_STORE,
      withRequestId(id) {
        const note = () => void ids.push(id);
        return {
          ...NO_STORE,
          register: (keys) => Promise.resolve(note()).then(() => NO_STORE.register(keys)),
          markActive: async () => note(),
        };
      },
    };
    const registrar = new Registrar(store);
    const jobs = ['run.1', 'run.2'].map((id) => registrar.withRequestId(id));
    await Promise.all(jobs.map((job) => job.register([registration('a'), registration('b')])));
    await jobs[1]!.markActive([], { fingerprint: '' });
    expect(ids).toEqual(['run.1,run.2', 'run.2']);
  });

  it('collects what comes while a call is under way', async () => {
    const { calls, registrar } = recordingStore();
    const first = registrar.register([registration('first')]);
    await new Promise((resolve) => setTimeout(resolve, 2));
    const others = Array.from({ length: 10 }, (_, i) => registrar.register([registration(`${i}`)]));
    await Promise.all([first, ...others]);
    expect(calls).toEqual([1, 10]);
    await registrar.register([registration('later')]);
    expect(calls).toEqual([1, 10, 1]);
  });

  it('takes so many keys at once and no more', async () => {
    const { calls, registrar } = recordingStore();
    await Promise.all(Array.from({ length: 1200 }, () => registrar.register([registration('x')])));
    expect(calls).toEqual([500, 500, 200]);
  });

  it('fails for the job whose key is a conflict, and for no other', async () => {
    const conflict = new PrpackError('KEY_CONFLICT', 'conflict');
    const { calls, registrar } = recordingStore((ids) => (ids.includes('bad') ? conflict : undefined));
    const answers = ['a', 'bad', 'b'].map((id) => registrar.register([registration(id)]));
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: conflict });
    expect(calls).toEqual([3, 1, 1, 1]);
  });

  it('fails for all when the store does, without asking it again for each', async () => {
    const locked = new PrpackError('KEY_STORE_FAILED', 'locked');
    const { calls, registrar } = recordingStore(() => locked);
    const answers = ['a', 'b'].map((id) => registrar.register([registration(id)]));
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(calls).toEqual([2]);
  });
});
