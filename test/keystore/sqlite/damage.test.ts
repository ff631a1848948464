import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../../src/keystore/sqlite/migrations.js';
import { scratchDirectories } from '../../keys/scratch.js';
import { registration, SHA, storeIn, storePath, tamper } from '../helpers.js';

const scratch = scratchDirectories();
const FAILED = { code: 'KEY_STORE_FAILED', details: { remedy: expect.any(String) } };

async function closedStore(directory: string, count = 2) {
  const keys = Array.from({ length: count }, () => registration());
  const store = storeIn(directory);
  await store.register(keys);
  await store.markActive([keys[0]!.kid], { fingerprint: SHA });
  await store.close();
  return keys;
}

describe('a row that somebody changed', () => {
  const UNGUARDED = 'drop trigger keys_keep_their_description';

  it.each([
    [
      'swapped keys',
      (a: string, b: string) => [
        `update keys set wrapped_key = (select wrapped_key from keys where kid = '${b}') where kid = '${a}'`,
      ],
    ],
    [
      'another algorithm',
      (a: string) => [UNGUARDED, `update keys set algorithm = 'AESCBC' where kid = '${a}'`],
    ],
    [
      'another checksum',
      (a: string) => [UNGUARDED, `update keys set checksum = 'AAAAAAAAAAA=' where kid = '${a}'`],
    ],
    [
      'a cut key',
      (a: string) => [`update keys set wrapped_key = substr(wrapped_key, 1, 20) where kid = '${a}'`],
    ],
    ['an empty key', (a: string) => [`update keys set wrapped_key = x'' where kid = '${a}'`]],
  ])('is not believed: %s', async (_name, statements) => {
    const directory = scratch();
    const [a, b] = await closedStore(directory);
    tamper(directory, ...statements(a!.kid, b!.kid));
    const store = storeIn(directory);
    await expect(store.get(a!.kid)).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining(a!.kid),
    });
    await expect(store.findByContentId('movie')).rejects.toMatchObject(FAILED);
    expect((await store.get(b!.kid))!.key!.equals(b!.key)).toBe(true);
    const outcomes = (await store.audit({ kid: a!.kid })).items.map(({ outcome }) => outcome);
    expect(outcomes).toContain('failed');
    await store.close();
  });
});

describe('the guards of the database', () => {
  it.each([
    ["update audit set actor = 'nobody'", 'append-only'],
    ['delete from audit', 'append-only'],
    [
      "insert or replace into audit (id, at, actor, operation, kid, outcome) values (1, '', '', '', '', '')",
      'append-only',
    ],
    ['delete from keys', 'never deleted'],
    ["update keys set kid = 'ffffffff-ffff-ffff-ffff-ffffffffffff'", 'never changes'],
    ["update keys set content_id = 'mine'", 'never changes'],
    ["update keys set state = 'pending'", 'only moves forward'],
    ['insert or replace into keys select * from keys', 'never replaced'],
    ["update keys set state = 'lost'", 'CHECK'],
  ])('refuse: %s', async (statement, message) => {
    const directory = scratch();
    await closedStore(directory);
    expect(() => tamper(directory, statement)).toThrow(message);
  });
});

describe('a file that is not a key store', () => {
  function write(directory: string, bytes: Uint8Array) {
    mkdirSync(dirname(storePath(directory)));
    writeFileSync(storePath(directory), bytes);
  }

  it('is refused and left as it is when it is no database', async () => {
    const directory = scratch();
    const bytes = Buffer.from('my diary. '.repeat(1000));
    write(directory, bytes);
    const store = storeIn(directory);
    await expect(store.register([registration()])).rejects.toMatchObject(FAILED);
    expect(readFileSync(storePath(directory)).equals(bytes)).toBe(true);
    await store.close();
  });

  it('is refused when it is the database of another program', async () => {
    const directory = scratch();
    mkdirSync(dirname(storePath(directory)));
    tamper(directory, 'create table diary (day text)', "insert into diary values ('one')");
    const bytes = readFileSync(storePath(directory));
    const store = storeIn(directory);
    await expect(store.list()).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining('another program'),
    });
    expect(readFileSync(storePath(directory)).equals(bytes)).toBe(true);
  });

  it('is refused when a newer version made it', async () => {
    const directory = scratch();
    await closedStore(directory);
    tamper(directory, `pragma user_version = ${MIGRATIONS.length + 1}`);
    const store = storeIn(directory);
    await expect(store.list()).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining('newer'),
    });
  });

  it('is refused when its pages are corrupt', async () => {
    const directory = scratch();
    await closedStore(directory, 50);
    const bytes = readFileSync(storePath(directory));
    bytes.fill(0xa5, 4096);
    writeFileSync(storePath(directory), bytes);
    const store = storeIn(directory);
    await expect(store.register([registration()])).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining(storePath(directory)),
    });
    await expect(store.list()).rejects.toMatchObject(FAILED);
    expect(readFileSync(storePath(directory)).equals(bytes)).toBe(true);
    await store.close();
  });

  it('becomes one when it is empty', async () => {
    const directory = scratch();
    write(directory, new Uint8Array());
    const [one] = await closedStore(directory);
    const store = storeIn(directory);
    expect((await store.get(one!.kid))!.key!.equals(one!.key)).toBe(true);
    await store.close();
  });
});

describe('a place that cannot be written', () => {
  it('is named when the directory is a file', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'store'), '');
    const store = storeIn(directory);
    await expect(store.register([registration()])).rejects.toMatchObject({
      ...FAILED,
      message: expect.stringContaining(storePath(directory)),
    });
    await store.close();
  });

  it('can be used as soon as it can be written', async () => {
    const directory = scratch();
    const store = storeIn(directory);
    mkdirSync(storePath(directory), { recursive: true });
    await expect(store.list()).rejects.toMatchObject(FAILED);
    rmdirSync(storePath(directory));
    expect((await store.list()).items).toEqual([]);
    await store.close();
  });
});
