import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchDirectories } from '../../keys/scratch.js';
import { isRoot, NOBODY, otherUserProblem } from '../../support/other-user.js';
import { KEK_HEX, registration, storeIn, storePath } from '../helpers.js';
import { assertKept, compile, type Program } from '../processes.js';

const scratch = scratchDirectories();
let program: Program;

beforeAll(() => {
  program = compile('test/keystore/register-child.ts');
});
afterAll(() => program.remove());

describe('many processes', () => {
  it('make store and KEK at once, and lose and double no registration', async () => {
    const directory = scratch();
    const location = `sqlite:${storePath(directory)}`;
    const env = { XDG_CONFIG_HOME: join(directory, 'config'), PRPACK_KEK: '' };
    const runs = Array.from({ length: 8 }, (_, i) =>
      program.run([location, '500', `movie ${i}`, '5'], { env }),
    );
    for (const run of runs) expect(await run.ended).toEqual({ code: 0, stderr: '' });
    const lines = runs.flatMap((run) => run.lines);
    expect(lines).toHaveLength(4000);
    expect(await assertKept(location, env, lines)).toBe(4000);
    const database = new DatabaseSync(storePath(directory), { readOnly: true });
    expect(database.prepare("select count(*) as n from audit where operation = 'register'").get()).toEqual({
      n: 4000,
    });
    expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
  });
});

describe('kill -9', () => {
  it.each([1, 25, 140])('loses nothing that was acknowledged, after %d registrations', async (count) => {
    const directory = scratch();
    const location = `sqlite:${storePath(directory)}`;
    const env = { PRPACK_KEK: KEK_HEX };
    const runs = [0, 1].map((i) => program.run([location, '100000', `movie ${i}`], { env }));
    runs[0]!.onLine = (lines) => {
      if (lines === count) for (const run of runs) run.kill();
    };
    for (const run of runs) expect((await run.ended).code).toBe(null);
    const lines = runs.flatMap((run) => run.lines);
    expect(lines.length).toBeGreaterThanOrEqual(count);
    const stored = await assertKept(location, env, lines);
    // At most the one registration of each process that was done but not yet told.
    expect(stored - lines.length).toBeLessThanOrEqual(2);
  });
});

describe('a place without room or permission', () => {
  it('fails with one clear error when the disk is full, and keeps what was acknowledged', async () => {
    const directory = scratch();
    const location = `sqlite:${storePath(directory)}`;
    const env = { PRPACK_KEK: KEK_HEX };
    const run = program.run([location, '100000', 'movie'], { env, fileSizeKib: 200 });
    const { code, stderr } = await run.ended;
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'KEY_STORE_FAILED',
      remedy: expect.stringContaining('disk'),
    });
    expect(run.lines.length).toBeGreaterThan(0);
    expect(await assertKept(location, env, run.lines)).toBe(run.lines.length);
  });

  it.skipIf(process.platform === 'win32' || otherUserProblem)(
    `fails with one clear error when the directory is read-only${otherUserProblem}`,
    async () => {
      const directory = scratch();
      const store = storeIn(directory);
      await store.register([registration()]);
      await store.close();
      const place = dirname(storePath(directory));
      // Root may write anywhere: it has to be somebody else.
      if (isRoot)
        for (const path of [directory, place, storePath(directory)]) chownSync(path, NOBODY, NOBODY);
      chmodSync(place, 0o500);
      try {
        const run = program.run([`sqlite:${storePath(directory)}`, '1', 'movie'], {
          env: { PRPACK_KEK: KEK_HEX },
          ...(isRoot ? { uid: NOBODY } : {}),
        });
        const { code, stderr } = await run.ended;
        expect(code).toBe(1);
        expect(JSON.parse(stderr)).toMatchObject({ code: 'KEY_STORE_FAILED', path: storePath(directory) });
        expect(run.lines).toEqual([]);
      } finally {
        chmodSync(place, 0o700);
      }
    },
  );

  it.skipIf(otherUserProblem)(
    `fails with one clear error where no directory can be made${otherUserProblem}`,
    async () => {
      const directory = scratch();
      mkdirSync(join(directory, 'closed'), { mode: 0o500 });
      if (isRoot) chmodSync(directory, 0o755);
      const location = `sqlite:${join(directory, 'closed', 'store', 'keys.sqlite')}`;
      const run = program.run([location, '1', 'movie'], {
        env: { PRPACK_KEK: KEK_HEX },
        ...(isRoot ? { uid: NOBODY } : {}),
      });
      const { code, stderr } = await run.ended;
      expect([code, JSON.parse(stderr).code]).toEqual([1, 'KEY_STORE_FAILED']);
    },
  );
});
