import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PrpackError } from '../../src/errors.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import type { KeyAlgorithm, KeyRegistration, KeyState, KeyStore } from '../../src/keystore/key-store.js';

/** What the contract of KeyStore says, in the plainest words: a map, and no SQL, no wrapping. */
interface ModelKey {
  readonly key: string;
  readonly algorithm: KeyAlgorithm;
  readonly contentId: string;
  state: KeyState;
  readonly outputs: Set<string>;
}

class Model {
  keys = new Map<number, ModelKey>();

  register(batch: readonly Wanted[]): string {
    const next = new Map([...this.keys].map(([kid, key]) => [kid, { ...key }]));
    const outcomes: string[] = [];
    for (const { kid, key, algorithm, contentId } of batch) {
      const held = next.get(kid);
      if (!held) next.set(kid, { key, algorithm, contentId, state: 'pending', outputs: new Set() });
      else if (held.key !== key || held.algorithm !== algorithm || held.state === 'revoked')
        return 'KEY_CONFLICT';
      outcomes.push(held ? 'unchanged' : 'created');
    }
    this.keys = next;
    return outcomes.join();
  }

  markActive(kids: readonly number[], fingerprint: string): string {
    if (kids.some((kid) => !this.keys.has(kid))) return 'KEY_REQUIRED';
    if (kids.some((kid) => this.keys.get(kid)!.state === 'revoked')) return 'KEY_CONFLICT';
    for (const kid of kids) {
      this.keys.get(kid)!.state = 'active';
      this.keys.get(kid)!.outputs.add(fingerprint);
    }
    return 'done';
  }

  revoke(kids: readonly number[]): string {
    if (kids.some((kid) => !this.keys.has(kid))) return 'KEY_REQUIRED';
    for (const kid of kids) this.keys.get(kid)!.state = 'revoked';
    return 'done';
  }
}

interface Wanted {
  readonly kid: number;
  readonly key: string;
  readonly algorithm: KeyAlgorithm;
  readonly contentId: string;
}

const kidNumber = fc.integer({ min: 0, max: 3 });
const kids = fc.array(kidNumber, { maxLength: 3 });
const wanted: fc.Arbitrary<Wanted> = fc.record({
  kid: kidNumber,
  key: fc.constantFrom('1'.repeat(32), '2'.repeat(32)),
  algorithm: fc.constantFrom<KeyAlgorithm>('AESCTR', 'AESCTR', 'AESCTR', 'AESCBC'),
  contentId: fc.constantFrom('a', 'b'),
});
const fingerprint = fc.constantFrom('a'.repeat(64), 'b'.repeat(64));
const anyStep = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant('register' as const),
      batch: fc.array(wanted, { maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ name: fc.constant('markActive' as const), kids, fingerprint }) },
  { weight: 1, arbitrary: fc.record({ name: fc.constant('revoke' as const), kids }) },
);

function kidOf(run: number, kid: number) {
  return parseKeyId(`${run}`.padStart(31, '0') + kid);
}

async function outcome(work: Promise<string>): Promise<string> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PrpackError) return error.code;
    throw error;
  }
}

/**
 * Compares a store with the model after each step of many histories.
 * @param open the store
 * @param hasStates whether keys can be revoked
 */
export function historiesOf(open: () => Promise<KeyStore>, numRuns: number, hasStates = true): void {
  const step = anyStep.filter(({ name }) => hasStates || name !== 'revoke');
  describe('a key store against the model of its contract', () => {
    let store: KeyStore;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());

    it('keeps the contract of registration through any history', async () => {
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const run = ++runs; // no KID of zeros, which is none
          const model = new Model();
          const toKids = (numbers: readonly number[]) => numbers.map((kid) => kidOf(run, kid));
          const register = async (batch: readonly Wanted[]) => {
            const registrations = batch.map(
              ({ kid, key, ...rest }): KeyRegistration => ({
                ...rest,
                kid: kidOf(run, kid),
                key: ContentKey.fromHex(key),
                source: 'random',
              }),
            );
            return (await store.register(registrations)).map((one) => one.outcome).join();
          };
          for (const s of steps) {
            if (s.name === 'register') expect(await outcome(register(s.batch))).toBe(model.register(s.batch));
            if (s.name === 'markActive') {
              const marked = store
                .markActive(toKids(s.kids), { fingerprint: s.fingerprint })
                .then(() => 'done');
              expect(await outcome(marked)).toBe(model.markActive(s.kids, s.fingerprint));
            }
            if (s.name === 'revoke') {
              const revoked = store.revoke(toKids(s.kids)).then(() => 'done');
              expect(await outcome(revoked)).toBe(model.revoke(s.kids));
            }
          }
          for (const kid of [0, 1, 2, 3]) {
            const stored = await store.get(kidOf(run, kid));
            const held = model.keys.get(kid);
            expect(
              stored && {
                key: stored.key!.revealHex(),
                algorithm: stored.record.algorithm,
                contentId: stored.record.contentId,
                state: stored.record.state,
                outputs: new Set(stored.record.outputs.map((output) => output.fingerprint)),
              },
            ).toEqual(held);
          }
        }),
        { numRuns },
      );
    });
  });
}
