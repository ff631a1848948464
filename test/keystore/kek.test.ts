import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKekFile, kekSource, readKekFile, rotateKekFile } from '../../src/keystore/kek.js';
import { KeyEncryptionKey } from '../../src/keystore/key-wrap.js';
import { scratchDirectories } from '../keys/scratch.js';
import { fixedKek, KEK_HEX, OTHER_KEK_HEX, registration, storeIn } from './helpers.js';

const scratch = scratchDirectories();

function kekFile(directory: string, hex = KEK_HEX, mode = 0o600): string {
  const path = join(directory, 'kek');
  writeFileSync(path, `${hex}\n`);
  chmodSync(path, mode);
  return path;
}

describe('kekSource', () => {
  it('takes the named file before the environment before the default file', async () => {
    const directory = scratch();
    const environment = { PRPACK_KEK: OTHER_KEK_HEX, XDG_CONFIG_HOME: directory };
    const path = kekFile(directory);
    const ids = await Promise.all(
      [fixedKek(KEK_HEX), fixedKek(OTHER_KEK_HEX)].map(async (source) => (await source.load())!.id),
    );
    expect((await kekSource(environment, { kekFile: path }).load())!.id).toBe(ids[0]);
    expect((await kekSource(environment).load())!.id).toBe(ids[1]);
    const fallback = kekSource({ XDG_CONFIG_HOME: directory });
    expect(fallback.name).toBe(join(directory, 'prpack', 'kek'));
    expect(await fallback.load()).toBeUndefined();
    const made = await fallback.create!();
    expect((await fallback.load())!.id).toBe(made.id);
  });

  it('makes a KEK in the default place only', () => {
    expect(kekSource({}, { kekFile: '/somewhere' }).create).toBeUndefined();
    expect(kekSource({ PRPACK_KEK: KEK_HEX }).create).toBeUndefined();
  });
});

describe('readKekFile', () => {
  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o660, 0o644, 0o610])(
    'refuses mode %o, and names the way out',
    async (mode) => {
      const path = kekFile(scratch(), KEK_HEX, mode);
      await expect(readKekFile(path)).rejects.toMatchObject({
        code: 'KEY_INVALID',
        details: { path, remedy: expect.stringContaining(`chmod 600 ${path}`) },
      });
    },
  );

  it('takes a file that even its owner cannot write', async () => {
    expect(await readKekFile(kekFile(scratch(), KEK_HEX, 0o400))).toBeDefined();
  });

  it('refuses a file that holds no KEK, and a directory', async () => {
    await expect(readKekFile(kekFile(scratch(), 'secret'))).rejects.toMatchObject({ code: 'KEY_INVALID' });
    const directory = join(scratch(), 'kek');
    mkdirSync(directory, { mode: 0o700 });
    await expect(readKekFile(directory)).rejects.toMatchObject({ code: 'KEY_SOURCE_FAILED' });
  });
});

describe('createKekFile', () => {
  it.skipIf(process.platform === 'win32')('makes a file and a directory for the owner only', async () => {
    const directory = join(scratch(), 'prpack');
    await createKekFile(join(directory, 'kek'));
    expect(statSync(join(directory, 'kek')).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(directory)).toEqual(['kek']);
  });

  it('gives all that call at once the same KEK', async () => {
    const path = join(scratch(), 'prpack', 'kek');
    const made = await Promise.all(Array.from({ length: 20 }, () => createKekFile(path)));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });

  it('never writes over a KEK', async () => {
    const path = kekFile(scratch());
    expect((await createKekFile(path)).id).toBe((await fixedKek().load())!.id);
    expect(readFileSync(path, 'utf8')).toBe(`${KEK_HEX}\n`);
  });
});

describe('rotateKekFile', () => {
  it('puts a new KEK into force and keeps the old one aside', async () => {
    const path = kekFile(scratch());
    const old = (await readKekFile(path))!;
    let seen = '';
    const count = await rotateKekFile(path, async (next) => {
      seen = next.id;
      return 3;
    });
    expect(count).toBe(3);
    expect((await readKekFile(path))!.id).toBe(seen);
    expect(seen).not.toBe(old.id);
    expect((await readKekFile(`${path}.${old.id}`))!.id).toBe(old.id);
    expect(existsSync(`${path}.next`)).toBe(false);
  });

  it('goes on with the same next KEK after it was stopped', async () => {
    const path = kekFile(scratch());
    const seen: string[] = [];
    const stopped = rotateKekFile(path, async (next) => {
      seen.push(next.id);
      throw new Error('stopped');
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect((await readKekFile(path))!.id).toBe((await fixedKek().load())!.id);
    await rotateKekFile(path, async (next) => seen.push(next.id));
    expect(seen[1]).toBe(seen[0]);
  });

  it('rotates the KEK of a store whose keys are the same afterwards', async () => {
    const directory = scratch();
    const path = kekFile(directory);
    const store = storeIn(directory, kekSource({}, { kekFile: path }));
    const one = registration();
    await store.register([one]);
    expect(await rotateKekFile(path, (next) => store.rewrap(next))).toBe(1);
    expect((await store.get(one.kid))!.key!.equals(one.key)).toBe(true);
    await store.close();
  });

  it('leaves other stores of the same KEK in use, which are rotated in their own time', async () => {
    const path = kekFile(scratch());
    const stores = [scratch(), scratch(), scratch()].map((folder) =>
      storeIn(folder, kekSource({}, { kekFile: path })),
    );
    const keys = stores.map(() => registration());
    for (const [i, store] of stores.entries()) await store.register([keys[i]!]);
    const opens = async () => {
      for (const [i, store] of stores.entries()) {
        expect((await store.get(keys[i]!.kid))!.key!.equals(keys[i]!.key)).toBe(true);
      }
    };
    await rotateKekFile(path, (next) => stores[0]!.rewrap(next));
    await opens();
    const later = registration();
    const [registered] = await stores[1]!.register([later]);
    expect(registered!.record.kekId).toBe((await fixedKek().load())!.id);
    expect(await rotateKekFile(path, (next) => stores[1]!.rewrap(next))).toBe(2);
    await opens();
    expect((await stores[1]!.get(later.kid))!.record.kekId).toBe((await readKekFile(path))!.id);
    for (const store of stores) await store.close();
  });

  it('goes on with a store whose rotation was stopped, after another has taken the new KEK', async () => {
    const path = kekFile(scratch());
    const [first, second] = [scratch(), scratch()].map((folder) =>
      storeIn(folder, kekSource({}, { kekFile: path })),
    );
    const keys = Array.from({ length: 600 }, () => registration());
    await first!.register(keys);
    await second!.register([registration()]);
    const stopped = rotateKekFile(path, (next) => {
      let left = 550;
      next.wrap = (...args) => {
        if (left-- === 0) throw new Error('power cut');
        return KeyEncryptionKey.prototype.wrap.apply(next, args);
      };
      return first!.rewrap(next);
    });
    await expect(stopped).rejects.toThrow('power cut');
    await rotateKekFile(path, (next) => second!.rewrap(next));
    expect(await first!.findByContentId('movie')).toHaveLength(600);
    expect(await rotateKekFile(path, (next) => first!.rewrap(next))).toBe(600);
    expect(await first!.findByContentId('movie')).toHaveLength(600);
    await first!.close();
    await second!.close();
  });

  it('wants a KEK to rotate', async () => {
    const rotation = rotateKekFile(join(scratch(), 'kek'), async () => 0);
    await expect(rotation).rejects.toMatchObject({ code: 'KEY_REQUIRED' });
  });
});
