import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kekSource } from '../../../src/keystore/kek.js';
import { KeyEncryptionKey } from '../../../src/keystore/key-wrap.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { fixedKek, KEK_HEX, OTHER_KEK_HEX, registration, storeIn, storePath } from '../helpers.js';

const scratch = scratchDirectories();
const OTHER = KeyEncryptionKey.parse(OTHER_KEK_HEX, 'test');

async function filled(directory: string, count = 1, kek = fixedKek()) {
  const store = storeIn(directory, kek);
  const keys = Array.from({ length: count }, () => registration());
  await store.register(keys);
  return { store, keys, kek };
}

describe('a wrong KEK', () => {
  it('opens nothing, registers nothing, and overwrites nothing', async () => {
    const directory = scratch();
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

describe('a missing KEK', () => {
  it('is made for a new store, and never for one that has keys', async () => {
    const directory = scratch();
    const environment = { XDG_CONFIG_HOME: directory };
    const store = storeIn(directory, kekSource(environment));
    const one = registration();
    await store.register([one]);
    rmSync(join(directory, 'prpack', 'kek'));
    const told = { code: 'KEY_REQUIRED', details: { expected: expect.stringMatching(/^[0-9a-f]{16}$/) } };
    await expect(store.register([registration()])).rejects.toMatchObject(told);
    await expect(store.get(one.kid)).rejects.toMatchObject(told);
    await expect(store.rewrap(OTHER)).rejects.toMatchObject(told);
    expect(await kekSource(environment).load()).toBeUndefined();
    expect((await store.list()).items).toHaveLength(1);
    await store.close();
  });

  it('is an error where the user named the KEK, which says how to make one and makes no store', async () => {
    const directory = scratch();
    const path = join(directory, 'none');
    const store = storeIn(directory, kekSource({}, { kekFile: path }));
    await expect(store.register([registration()])).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
      message: expect.stringContaining(path),
      details: { remedy: expect.stringContaining(`openssl rand -hex 32 > ${path}; chmod 600 ${path}`) },
    });
    expect(readdirSync(directory)).toEqual([]);
    await store.close();
  });
});

describe('rewrap', () => {
  it('refuses a store that does not exist, and makes none', async () => {
    const directory = scratch();
    const store = storeIn(directory);
    await expect(store.rewrap(OTHER)).rejects.toMatchObject({
      code: 'KEY_STORE_FAILED',
      details: { path: storePath(directory), remedy: expect.stringContaining('with keyStore') },
    });
    expect(readdirSync(directory)).toEqual([]);
    await store.close();
  });

  it('wraps every key anew, in more than one batch, and keeps it', async () => {
    const { store, keys, kek } = await filled(scratch(), 1100);
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
    const directory = scratch();
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
    const directory = scratch();
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
    for (const { kid, key } of keys.slice(0, 50)) expect((await store.get(kid))!.key!.equals(key)).toBe(true);
    await store.close();
  });
});
