import { describe, expect, it, vi } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { type KeyId, parseKeyId } from '../../src/keys/key-id.js';
import { KeySeed } from '../../src/keys/key-seed.js';
import type { KekSource } from '../../src/keystore/kek.js';
import type { KeyRecord, KeyStore } from '../../src/keystore/key-store.js';
import { KeyEncryptionKey } from '../../src/keystore/key-wrap.js';
import { ContentHasKey } from '../../src/keystore/registration-rules.js';
import { fixedKek, KEK_HEX, NO_KID, OTHER_KEK_HEX, registration, SHA } from './helpers.js';

/** A place for one key store, which is empty at first. */
export interface Place {
  /** The store, as a process of its own would open it. */
  open(kek?: KekSource): KeyStore;
}

/**
 * What not every kind of store has: states that end keys, an audit, keys that follow from a seed and are not kept, keys of one call that are
 * judged by each other's content, records that nobody else puts times or the id of a KEK into, and a clock that a test may set.
 */
export type Feature = 'states' | 'audit' | 'seeds' | 'siblings' | 'records' | 'clock';

const OTHER = KeyEncryptionKey.parse(OTHER_KEK_HEX, 'test');

async function auditOf(store: KeyStore, kid: KeyId): Promise<string[]> {
  const { items } = await store.audit({ kid });
  return items.map(({ operation, outcome }) => `${operation} ${outcome}`);
}

async function all(store: KeyStore, limit: number): Promise<KeyRecord[]> {
  const records: KeyRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({}, { limit, ...(cursor === undefined ? {} : { cursor }) });
    records.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return records;
}

function storeIn(place: Place, kek?: KekSource): KeyStore {
  return place.open(kek);
}

async function filled(directory: Place, count = 1, kek = fixedKek()) {
  const store = storeIn(directory, kek);
  const keys = Array.from({ length: count }, () => registration());
  await store.register(keys);
  return { store, keys, kek };
}

/**
 * The contract of a key store, the same for every kind. What a kind does not have is skipped.
 * @param scratch gives a new place for each call
 */
export function keyStoreContract(scratch: () => Promise<Place>, lacking: readonly Feature[] = []): void {
  const itWith = (...features: readonly Feature[]) =>
    it.skipIf(features.some((one) => lacking.includes(one)));
  const expectAudit = async (store: KeyStore, kid: KeyId, lines: readonly string[]) => {
    if (!lacking.includes('audit')) expect(await auditOf(store, kid)).toEqual(lines);
  };

  describe('a key that gives way', () => {
    const late = (more = {}) => registration({ givesWay: true, ...more });

    it('is refused, and all with it, where its content has one of the label', async () => {
      const store = storeIn(await scratch());
      const first = late({ label: 'audio' });
      await store.register([first]);
      await expect(store.register([late({ label: 'video' }), late({ label: 'audio' })])).rejects.toThrow(
        ContentHasKey,
      );
      expect((await all(store, 10)).map(({ kid }) => kid)).toEqual([first.kid]);
      expect((await store.register([first]))[0]!.outcome).toBe('unchanged');
      await expectAudit(store, first.kid, ['register done', 'register unchanged']);
      await store.close();
    });

    itWith('states')(
      'is registered where the other has another label, algorithm, crypto period or content, or is revoked',
      async () => {
        const store = storeIn(await scratch());
        const revoked = registration();
        const others = [
          { label: 'HD' },
          { algorithm: 'AESCBC' as const },
          { contentId: 'other' },
          { period: 0 },
        ];
        await store.register([revoked, ...others.map((more) => registration(more))]);
        await store.revoke([revoked.kid]);
        expect((await store.register([late()]))[0]!.outcome).toBe('created');
        await expect(store.register([late()])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
        expect((await store.register([registration()]))[0]!.outcome).toBe('created');
        await store.close();
      },
    );

    it('is one key for many that register at once', async () => {
      const directory = await scratch();
      const stores = Array.from({ length: 8 }, () => storeIn(directory));
      const outcomes = await Promise.allSettled(stores.map((store) => store.register([late()])));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await all(stores[0]!, 10)).toHaveLength(1);
      for (const store of stores) await store.close();
    });
  });

  describe('the key that holds a content', () => {
    const held = async (store: KeyStore) => (await store.findByContentId('movie'))[0]!.record.kid;

    itWith('states')(
      'is the first, whatever the clock says, whatever is published, until it is revoked',
      async () => {
        const directory = await scratch();
        const store = storeIn(directory);
        const [first, second, third] = [registration(), registration(), registration()];
        await store.register([first]);
        if (!lacking.includes('clock')) vi.useFakeTimers({ now: 0, toFake: ['Date'] });
        await store.register([second]).finally(() => vi.useRealTimers());
        await store.register([third]);
        await store.markActive([second.kid, third.kid], { fingerprint: SHA });
        expect(await held(store)).toBe(first.kid);
        await store.revoke([first.kid]);
        expect(await held(store)).toBe(second.kid);
        await store.revoke([second.kid, third.kid]);
        const next = registration({ givesWay: true });
        await store.register([next]);
        expect(await held(store)).toBe(next.kid);
        await store.close();
      },
    );

    itWith('states')('is one for each crypto period, and passes on within its period', async () => {
      const store = storeIn(await scratch());
      const [first, next, other] = [{ period: 1 }, { period: 1 }, { period: 2 }].map((more) =>
        registration(more),
      );
      await store.register([first!, next!, other!]);
      const ofPeriod = async (period: number) =>
        (await store.findByContentId('movie', { period })).map(({ record }) => [record.kid, record.period]);
      expect((await ofPeriod(1))[0]).toEqual([first!.kid, 1]);
      expect(await ofPeriod(2)).toEqual([[other!.kid, 2]]);
      await store.revoke([first!.kid]);
      expect((await ofPeriod(1))[0]).toEqual([next!.kid, 1]);
      await expect(store.register([registration({ period: 1, givesWay: true })])).rejects.toMatchObject({
        code: 'KEY_CONFLICT',
        message: 'the content "movie" has a key in crypto period 1 already',
      });
      expect((await store.list({ period: 2 })).items.map(({ kid }) => kid)).toEqual([other!.kid]);
      await store.close();
    });

    itWith('siblings')('is one of those that come in one call, where each of them gives way', async () => {
      const store = storeIn(await scratch());
      const twins = [registration({ givesWay: true }), registration({ givesWay: true })];
      await expect(store.register(twins)).rejects.toThrow(ContentHasKey);
      expect(await all(store, 10)).toEqual([]);
      const siblings = [registration({ onlyKey: true }), registration({ onlyKey: true })];
      expect(await store.register(siblings)).toHaveLength(2);
      expect((await store.register(siblings)).map(({ outcome }) => outcome)).toEqual([
        'unchanged',
        'unchanged',
      ]);
      await store.close();
    });
  });

  describe('a key store', () => {
    itWith('records')('gives back what was registered, after it was closed and opened again', async () => {
      const directory = await scratch();
      const full = registration({
        // A key of Microsoft's PlayReady documentation, with its checksum.
        kid: parseKeyId('09e36702-8f33-436c-a5dd-60ffe6671e70'),
        key: ContentKey.fromHex('b42ca3172ee4e69bf51848a59db9cd13'),
        algorithm: 'AESCBC',
        label: 'HD',
        laUrl: 'https://license.example/rights',
        policy: { minSecurityLevel: 2000, meteringId: '10000000-1000-1000-1000-100000000001' },
      });
      const store = storeIn(directory);
      const [registered] = await store.register([full]);
      expect(registered!.outcome).toBe('created');
      await store.close();

      const again = storeIn(directory);
      const { key: _key, ...description } = full;
      const { record, key } = (await again.get(full.kid))!;
      expect(key!.equals(full.key)).toBe(true);
      expect(record).toEqual({
        ...description,
        state: 'pending',
        checksum: 'BGw1aYZ1YXM=',
        kekId: (await fixedKek().load())!.id,
        outputs: [],
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updatedAt: record.createdAt,
      });
      expect(registered!.record).toEqual(record);
      await again.close();
    });

    it('changes nothing when the same key is registered again', async () => {
      const store = storeIn(await scratch());
      const one = registration({ laUrl: 'https://a.example' });
      const [created] = await store.register([one]);
      const [again] = await store.register([{ ...one, contentId: 'another', laUrl: 'https://b.example' }]);
      const { updatedAt: _, ...rest } = created!.record;
      expect(again).toMatchObject({ outcome: 'unchanged', record: rest });
      await expectAudit(store, one.kid, ['register done', 'register unchanged']);
      await store.close();
    });

    itWith('states')(
      'refuses another key, another algorithm and a revoked KID, and keeps the first',
      async () => {
        const store = storeIn(await scratch());
        const one = registration();
        await store.register([one]);
        const conflict = { code: 'KEY_CONFLICT', message: expect.stringContaining(one.kid) };
        await expect(store.register([{ ...one, key: ContentKey.random() }])).rejects.toMatchObject(conflict);
        await expect(store.register([{ ...one, algorithm: 'AESCBC' }])).rejects.toMatchObject(conflict);
        expect((await store.get(one.kid))!.key!.equals(one.key)).toBe(true);
        await store.revoke([one.kid]);
        await expect(store.register([one])).rejects.toMatchObject(conflict);
        await expectAudit(store, one.kid, [
          'register done',
          'register conflict',
          'register conflict',
          'open done',
          'revoke done',
          'register conflict',
        ]);
        await store.close();
      },
    );

    it('registers a batch whole or not at all', async () => {
      const store = storeIn(await scratch());
      const [a, b, c] = [registration(), registration(), registration()];
      await store.register([b]);
      const rival = { ...b, key: ContentKey.random() };
      await expect(store.register([a, rival, c])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
      expect((await all(store, 10)).map(({ kid }) => kid)).toEqual([b.kid]);
      expect((await store.register([a, b, c])).map(({ outcome }) => outcome)).toEqual([
        'created',
        'unchanged',
        'created',
      ]);
      await store.close();
    });

    it('judges the registrations of a batch by each other', async () => {
      const store = storeIn(await scratch());
      const one = registration();
      const rival = { ...one, key: ContentKey.random() };
      await expect(store.register([one, rival])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
      expect(await store.get(one.kid)).toBeUndefined();
      expect((await store.register([one, one])).map(({ outcome }) => outcome)).toEqual([
        'created',
        'unchanged',
      ]);
      await store.close();
    });

    itWith('seeds')('keeps seed and checksum, but no key, of keys that follow from a seed', async () => {
      const store = storeIn(await scratch(), fixedKek('no KEK is asked for'));
      const seed = KeySeed.parse('XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I');
      const kid = parseKeyId('09e36702-8f33-436c-a5dd-60ffe6671e70');
      const seeded = registration({ kid, key: seed.contentKey(kid), source: 'seed', seedId: seed.id });
      await store.register([seeded]);
      const stored = (await store.get(kid))!;
      expect(stored).toEqual({
        record: expect.objectContaining({ seedId: seed.id, checksum: 'BGw1aYZ1YXM=' }),
      });
      expect(stored.record.kekId).toBeUndefined();
      expect((await store.register([seeded]))[0]!.outcome).toBe('unchanged');
      const rival = { ...seeded, key: ContentKey.random() };
      await expect(store.register([rival])).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
      await store.close();
    });

    itWith('states')('moves from pending to active with each published file, and ends revoked', async () => {
      const store = storeIn(await scratch());
      const one = registration();
      await store.register([one]);
      const output = { fingerprint: SHA, madeFrom: 'input 1' };
      await store.markActive([one.kid], output);
      await store.markActive([one.kid, one.kid], output);
      await store.markActive([one.kid], { fingerprint: 'cd'.repeat(32) });
      const { record } = (await store.get(one.kid))!;
      expect(record).toMatchObject({ state: 'active', outputs: [output, { fingerprint: 'cd'.repeat(32) }] });
      await store.revoke([one.kid]);
      await store.revoke([one.kid]);
      await expect(store.markActive([one.kid], output)).rejects.toMatchObject({ code: 'KEY_CONFLICT' });
      expect((await store.get(one.kid))!.record.state).toBe('revoked');
      expect((await auditOf(store, one.kid)).filter((line) => !line.startsWith('open'))).toEqual([
        'register done',
        'activate done',
        'activate unchanged',
        'activate done',
        'revoke done',
        'revoke unchanged',
        'activate conflict',
      ]);
      await store.close();
    });

    itWith('states')('does nothing to any key when one of them is unknown', async () => {
      const store = storeIn(await scratch());
      const one = registration();
      await store.register([one]);
      const unknown = { code: 'KEY_REQUIRED', message: expect.stringContaining(NO_KID) };
      await expect(store.markActive([one.kid, NO_KID], { fingerprint: SHA })).rejects.toMatchObject(unknown);
      await expect(store.revoke([one.kid, NO_KID])).rejects.toMatchObject(unknown);
      expect((await store.get(one.kid))!.record.state).toBe('pending');
      await expectAudit(store, NO_KID, ['activate failed', 'revoke failed']);
      expect(await store.get(NO_KID)).toBeUndefined();
      await store.close();
    });

    it('finds the keys of a content', async () => {
      const store = storeIn(await scratch());
      const video = registration({ label: 'video' });
      const audio = registration({ label: 'audio' });
      await store.register([video]);
      await store.register([registration({ contentId: 'other' }), audio]);
      const found = await store.findByContentId('movie');
      expect(new Set(found.map(({ record }) => record.label))).toEqual(new Set(['video', 'audio']));
      for (const { record, key } of found) {
        expect(key!.equals(record.label === 'video' ? video.key : audio.key)).toBe(true);
      }
      expect(await store.findByContentId('none')).toEqual([]);
      await store.close();
    });

    itWith('states')('lists page by page, by any field, without a KEK', async () => {
      const directory = await scratch();
      const store = storeIn(directory);
      const keys = Array.from({ length: 25 }, (_, i) =>
        registration({ contentId: `movie ${i % 2}`, algorithm: i % 5 ? 'AESCTR' : 'AESCBC', label: `l${i}` }),
      );
      for (let i = 0; i < 25; i += 5) await store.register(keys.slice(i, i + 5));
      await store.revoke([keys[3]!.kid]);
      await store.close();

      const reader = storeIn(directory, fixedKek('none'));
      const records = await all(reader, 10);
      expect(records.map(({ kid }) => kid).sort()).toEqual(keys.map(({ kid }) => kid).sort());
      expect(records.map((r) => r.createdAt)).toEqual(records.map((r) => r.createdAt).sort());
      expect(JSON.stringify(records)).not.toContain('wrapped');
      const count = async (filter: object) => (await reader.list(filter)).items.length;
      expect(await count({ contentId: 'movie 1' })).toBe(12);
      expect(await count({ algorithm: 'AESCBC' })).toBe(5);
      expect(await count({ algorithm: 'AESCBC', contentId: 'movie 0' })).toBe(3);
      expect(await count({ state: 'revoked' })).toBe(1);
      expect(await count({ kid: keys[7]!.kid, label: 'l7' })).toBe(1);
      expect(await reader.list({}, { limit: 25 })).not.toHaveProperty('next');
      await reader.close();
    });

    itWith('audit')('pages through the audit', async () => {
      const store = storeIn(await scratch());
      const keys = Array.from({ length: 7 }, () => registration());
      await store.register(keys);
      const first = await store.audit({}, { limit: 5 });
      const second = await store.audit({}, { limit: 5, cursor: first.next! });
      expect(second).not.toHaveProperty('next');
      expect([...first.items, ...second.items].map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
      expect(first.items[0]).toMatchObject({
        actor: expect.stringContaining('tester'),
        contentId: 'movie',
        checksum: expect.any(String),
      });
      expect((await store.audit({ contentId: 'none' })).items).toEqual([]);
      await store.close();
    });

    it.each([{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { cursor: 'x' }, { cursor: 'WzEsMl0' }])(
      'refuses the page %o',
      async (page) => {
        const store = storeIn(await scratch());
        await store.register([registration()]);
        await expect(store.list({}, page)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        if (!lacking.includes('audit')) {
          await expect(store.audit({}, page)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
        await store.close();
      },
    );

    it('refuses a registration without a content and an output without a fingerprint', async () => {
      const store = storeIn(await scratch());
      const wrong = { code: 'INVALID_ARGUMENT' };
      await expect(store.register([registration({ contentId: '' })])).rejects.toMatchObject(wrong);
      await expect(store.markActive([NO_KID], { fingerprint: SHA.toUpperCase() })).rejects.toMatchObject(
        wrong,
      );
      expect(await store.register([])).toEqual([]);
      await store.close();
    });
  });
}

/**
 * The contract of a key store that prpack keeps itself, besides, the same for every kind of tables.
 * @param scratch gives a new place for each call
 */
export function ownKeyStoreContract(scratch: () => Promise<Place>): void {
  keyStoreContract(scratch);

  describe('a wrong KEK', () => {
    it('opens nothing, registers nothing, and overwrites nothing', async () => {
      const directory = await scratch();
      const { store, keys } = await filled(directory);
      const wrong = storeIn(directory, fixedKek(OTHER_KEK_HEX));
      const told = { code: 'KEY_INVALID', details: { received: OTHER.id, remedy: expect.any(String) } };
      await expect(wrong.get(keys[0]!.kid)).rejects.toMatchObject(told);
      await expect(wrong.findByContentId('movie')).rejects.toMatchObject(told);
      await expect(wrong.register([registration()])).rejects.toMatchObject(told);
      await expect(wrong.register(keys)).rejects.toMatchObject(told);
      await expect(wrong.rewrap(KeyEncryptionKey.random())).rejects.toMatchObject(told);
      expect((await wrong.list()).items).toHaveLength(1);
      expect((await store.get(keys[0]!.kid))!.key!.equals(keys[0]!.key)).toBe(true);
      const { items } = await store.audit({ kid: keys[0]!.kid });
      expect(items.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
        'register done',
        'open failed',
        'open failed',
        'open done',
      ]);
      await wrong.close();
      await store.close();
    });
  });

  describe('rewrap', () => {
    it('wraps every key anew, in more than one batch, and keeps it', async () => {
      const { store, keys, kek } = await filled(await scratch(), 1100);
      expect(await store.rewrap(OTHER)).toBe(1100);
      await expect(store.get(keys[0]!.kid)).rejects.toMatchObject({ code: 'KEY_INVALID' });
      kek.hex = OTHER_KEK_HEX;
      for (const { kid, key } of [keys[0]!, keys[555]!, keys[1099]!]) {
        const stored = (await store.get(kid))!;
        expect(stored.key!.equals(key)).toBe(true);
        expect(stored.record.kekId).toBe(OTHER.id);
      }
      expect(await store.rewrap(OTHER)).toBe(0);
      await store.close();
    });

    it('stops writers that have the old KEK', async () => {
      const directory = await scratch();
      const { store } = await filled(directory);
      const late = storeIn(directory);
      await late.list();
      await store.rewrap(OTHER);
      await expect(late.register([registration()])).rejects.toMatchObject({
        code: 'KEY_INVALID',
        details: { remedy: expect.stringContaining('rewrap') },
      });
      await late.close();
      await store.close();
    });

    it('goes on where it was stopped', async () => {
      const directory = await scratch();
      const { store, keys, kek } = await filled(directory, 600);
      // Stopped after its first batch: the new KEK is in force, and some keys are still under the old one.
      await store.rewrap(OTHER);
      kek.hex = OTHER_KEK_HEX;
      const back = KeyEncryptionKey.parse(KEK_HEX, 'test');
      let left = 1;
      const halting = new Proxy(back, {
        get(target, name) {
          if (name === 'wrap' && left-- <= -500) throw new Error('power cut');
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      await expect(store.rewrap(halting)).rejects.toThrow('power cut');
      const under = async (id: string) => {
        const { items } = await store.list({}, { limit: 1000 });
        return items.filter(({ kekId }) => kekId === id).length;
      };
      expect([await under(back.id), await under(OTHER.id)]).toEqual([500, 100]);
      expect(await store.rewrap(back)).toBe(100);
      kek.hex = KEK_HEX;
      for (const { kid, key } of keys.slice(0, 50))
        expect((await store.get(kid))!.key!.equals(key)).toBe(true);
      await store.close();
    });
  });
}
