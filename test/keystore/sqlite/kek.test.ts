import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kekSource } from '../../../src/keystore/kek.js';
import { KeyEncryptionKey } from '../../../src/keystore/key-wrap.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { OTHER_KEK_HEX, registration, storeIn, storePath } from '../helpers.js';

const scratch = scratchDirectories();
const OTHER = KeyEncryptionKey.parse(OTHER_KEK_HEX, 'test');

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
});
