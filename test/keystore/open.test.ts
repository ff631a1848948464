import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openKeyStore } from '../../src/keystore/open.js';
import { scratchDirectories } from '../keys/scratch.js';
import { KEK_HEX, registration } from './helpers.js';

const scratch = scratchDirectories();

describe('openKeyStore', () => {
  it('makes store and KEK in the user’s own directories, but only when they are used', async () => {
    const directory = scratch();
    const environment = {
      XDG_DATA_HOME: join(directory, 'data'),
      XDG_CONFIG_HOME: join(directory, 'config'),
    };
    const store = openKeyStore({ environment });
    expect(store.location).toBe(`sqlite:${join(directory, 'data/prpack/keys.sqlite')}`);
    expect(readdirSync(directory)).toEqual([]);
    expect(await store.list()).toEqual({ items: [] });
    expect(await store.audit()).toEqual({ items: [] });
    expect(await store.get(registration().kid)).toBeUndefined();
    expect(await store.findByContentId('film')).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
    const one = registration();
    await store.register([one]);
    expect(readdirSync(join(directory, 'config/prpack'))).toEqual(['kek']);
    await store.close();
    const again = openKeyStore({ environment });
    expect((await again.get(one.kid))!.key!.equals(one.key)).toBe(true);
    await again.close();
  });

  it('takes the location of the caller before that of the environment', async () => {
    const environment = { PRPACK_KEY_STORE: 'sqlite:/from/environment', PRPACK_KEK: KEK_HEX };
    expect(openKeyStore({ environment }).location).toBe('sqlite:/from/environment');
    expect(openKeyStore({ environment, location: 'sqlite:///from/caller' }).location).toBe(
      'sqlite:/from/caller',
    );
    expect(openKeyStore({ environment, location: 'sqlite:here.db' }).location).toBe(
      `sqlite:${join(process.cwd(), 'here.db')}`,
    );
  });

  it('notes the actor', async () => {
    const location = `sqlite:${join(scratch(), 'keys.sqlite')}`;
    for (const actor of ['ingest-7', undefined]) {
      const store = openKeyStore({
        location,
        environment: { PRPACK_KEK: KEK_HEX },
        ...(actor ? { actor } : {}),
      });
      await store.register([registration()]);
      await store.close();
    }
    const store = openKeyStore({ location });
    const [named, own] = (await store.audit()).items;
    expect(named!.actor).toBe('ingest-7');
    expect(own!.actor).toMatch(/^.+@.+$/);
    await store.close();
  });

  it.each(['keys.sqlite', 'sqlite:', 'mysql://user:secret@host/db', 'constructor:x', 'sqlite://host/db'])(
    'refuses the location %s without repeating it',
    (location) => {
      expect(() => openKeyStore({ location, environment: {} })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.not.stringContaining('secret') }),
      );
    },
  );
});
