import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseKeyId } from '../../../src/keys/key-id.js';
import { ContentHasKey } from '../../../src/keystore/registration-rules.js';
import { MIGRATIONS } from '../../../src/keystore/sqlite/migrations.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { ownKeyStoreContract } from '../contract.js';
import { registration, SHA, storeIn, storePath, tamper } from '../helpers.js';

const scratch = scratchDirectories();

ownKeyStoreContract(async () => {
  const directory = scratch();
  return { open: (kek) => storeIn(directory, kek) };
});

describe('a store of an older version', () => {
  it('gives each content to the oldest living key', async () => {
    const directory = scratch();
    mkdirSync(dirname(storePath(directory)));
    const kids = [1, 2, 3, 4].map((n) => parseKeyId(`${n}`.padStart(32, '0')));
    const row = (i: number, state: string, label: string) =>
      `insert into keys values ('${kids[i]}', 'AESCTR', 'movie', ${label}, 'seed', 's', null, null, 'AAAAAAAAAAA=',
        null, null, '${state}', '2026-01-0${i + 1}T00:00:00.000Z', '2026-01-0${i + 1}T00:00:00.000Z')`;
    tamper(
      directory,
      MIGRATIONS[0]!,
      `pragma application_id = ${0x7072706b}`,
      'pragma user_version = 1',
      row(0, 'revoked', 'null'),
      row(1, 'pending', 'null'),
      row(2, 'active', 'null'),
      row(3, 'active', "'HD'"),
    );
    const store = storeIn(directory);
    expect((await store.findByContentId('movie')).map(({ record }) => record.kid)).toEqual([
      kids[1],
      kids[3],
      kids[0],
      kids[2],
    ]);
    await expect(store.register([registration({ givesWay: true })])).rejects.toThrow(ContentHasKey);
    await store.revoke([kids[1]!]);
    expect((await store.findByContentId('movie'))[0]!.record.kid).toBe(kids[2]);
    await store.close();
  });

  it('knows the files that it knew by their SHA-256', async () => {
    const directory = scratch();
    mkdirSync(dirname(storePath(directory)));
    const kid = parseKeyId('1'.padStart(32, '0'));
    const time = '2026-01-01T00:00:00.000Z';
    tamper(
      directory,
      ...MIGRATIONS.slice(0, 4),
      `pragma application_id = ${0x7072706b}`,
      'pragma user_version = 4',
      `insert into keys (kid, algorithm, content_id, source, seed_id, checksum, state, created_at, updated_at)
        values ('${kid}', 'AESCTR', 'movie', 'seed', 's', 'AAAAAAAAAAA=', 'active', '${time}', '${time}')`,
      `insert into outputs (kid, sha256, made_from, published_at) values ('${kid}', '${SHA}', 'in.mp4', '${time}')`,
    );
    const store = storeIn(directory);
    const before = { fingerprint: SHA, madeFrom: 'in.mp4' };
    expect((await store.list({ kid })).items[0]).toMatchObject({ state: 'active', outputs: [before] });
    const after = { fingerprint: 'cd'.repeat(32) };
    for (const output of [before, after, after]) await store.markActive([kid], output);
    expect((await store.list({ kid })).items[0]!.outputs).toEqual([before, after]);
    await store.close();
  });
});

describe('the file of a store', () => {
  it('has one holder of a content, whatever is done to it', async () => {
    const directory = scratch();
    const store = storeIn(directory);
    await store.register([registration(), registration()]);
    await store.close();
    const double = "update keys set holds_content = 1 where kid <> ''";
    expect(() => tamper(directory, double)).toThrow(/UNIQUE/);
  });

  it.skipIf(process.platform === 'win32')('is for the owner only', async () => {
    const directory = scratch();
    const store = storeIn(directory);
    await store.register([registration()]);
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(`${storePath(directory)}${suffix}`).mode & 0o077).toBe(0);
    }
    await store.close();
  });

  it('is whole in its one file when it has been closed', async () => {
    const directory = scratch();
    const store = storeIn(directory);
    const one = registration();
    await store.register([one]);
    await store.close();
    const backup = scratch();
    mkdirSync(dirname(storePath(backup)));
    copyFileSync(storePath(directory), storePath(backup));
    const restored = storeIn(backup);
    expect((await restored.get(one.kid))!.key!.equals(one.key)).toBe(true);
    await restored.close();
  });
});
