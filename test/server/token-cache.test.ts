import { describe, expect, it } from 'vitest';
import { makeToken, type TokenRecord } from '../../src/server/access/token.js';
import { TokenCache } from '../../src/server/access/token-cache.js';

/** A cache over records that can be changed, a clock that stands still, and how often a record was read. */
function cacheOf(...records: TokenRecord[]) {
  const store = new Map(records.map((record) => [record.id, record]));
  const seen = { nowMs: 0, reads: 0 };
  const record = async (id: string) => {
    seen.reads++;
    return store.get(id);
  };
  return { store, seen, cache: new TokenCache({ record }, () => seen.nowMs) };
}

const MADE = makeToken({ name: 'packager', scopes: ['register'] });
const { token } = MADE;
const { id } = MADE.record;

describe('the cache of tokens', () => {
  it('reads a record once a second, however many ask', async () => {
    const { cache, seen } = cacheOf(MADE.record);
    const find = () => Promise.all([cache.find(token), cache.find(token)]);
    expect(await find()).toEqual([MADE.record, MADE.record]);
    seen.nowMs = 999;
    await find();
    expect(seen.reads).toBe(1);
    seen.nowMs = 1000;
    await find();
    expect(seen.reads).toBe(2);
  });

  it('has the end of a token within a second after it', async () => {
    const { cache, seen, store } = cacheOf(MADE.record);
    await cache.find(token);
    seen.nowMs = 500;
    const ended = { ...MADE.record, revokedAt: new Date().toISOString() };
    store.set(id, ended);
    seen.nowMs = 1000;
    expect(await cache.find(token)).toEqual(ended);
  });

  it('counts the second from when the reading began', async () => {
    const { seen, store } = cacheOf(MADE.record);
    const slow = {
      record: async (wanted: string) => {
        const record = store.get(wanted);
        seen.nowMs += 800;
        return record;
      },
    };
    const cache = new TokenCache(slow, () => seen.nowMs);
    await cache.find(token);
    store.delete(id);
    seen.nowMs = 1000;
    expect(await cache.find(token)).toBeUndefined();
  });

  it('looks for a token that is not there each time, and keeps no failure', async () => {
    const { cache, store } = cacheOf();
    expect(await cache.find(token)).toBeUndefined();
    store.set(id, MADE.record);
    expect(await cache.find(token)).toEqual(MADE.record);
    let fails = true;
    const records = {
      async record() {
        if (fails) throw new Error('the disk');
        return MADE.record;
      },
    };
    const failing = new TokenCache(records, () => 0);
    await expect(failing.find(token)).rejects.toThrow('the disk');
    fails = false;
    expect(await failing.find(token)).toEqual(MADE.record);
  });

  it('takes no other token of the same id', async () => {
    const { cache } = cacheOf(MADE.record);
    await cache.find(token);
    const other = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    expect(await cache.find(other)).toBeUndefined();
    expect(await cache.find('prpack_nothing')).toBeUndefined();
  });
});
