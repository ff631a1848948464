import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliResult, PRPACK, runCli, runProgram } from '../support/cli.js';
import { isRoot, NOBODY, otherUserProblem } from '../support/other-user.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

// What `prpack encrypt` says and leaves when its key store cannot be written or read.

const INPUT = sample('bars.mp4');
const ENV = { PRPACK_KEK: '11'.repeat(32) };
const isWindows = process.platform === 'win32';
const inFolder = temporaryFolder();

/** A folder with a key store that is in use already, and an empty one for outputs, beside it. */
async function place(name: string) {
  const folder = inFolder(name);
  const store = join(folder, 'store', 'keys.sqlite');
  const out = join(folder, 'out');
  mkdirSync(out, { recursive: true });
  const { exitCode, stderr } = await runCli(commandFor({ store, out }, 'first'), { env: ENV });
  expect(stderr).not.toMatch(/^error/);
  expect(exitCode).toBe(0);
  return { folder, store, out, before: filesIn(out) };
}

function commandFor({ store, out }: { store: string; out: string }, contentId: string): string[] {
  const output = join(out, `${contentId}.mp4`);
  return ['encrypt', INPUT, output, '--content-id', contentId, '--key-store', `sqlite:${store}`];
}

const filesIn = (folder: string) => readdirSync(folder).sort();

function expectRefused({ exitCode, stderr }: CliResult, store: string, said: RegExp, remedy: RegExp): void {
  const [error, next] = stderr.split('\n');
  expect(error).toMatch(/^error: the key store .*\[KEY_STORE_FAILED\]$/);
  expect(error).toContain(store);
  expect(error).toMatch(said);
  expect(next).toMatch(remedy);
  expect(exitCode).toBe(5);
}

/** Somebody who is not root, to whom modes of files matter. */
async function asOrdinaryUser({ folder, store, out }: { folder: string; store: string; out: string }) {
  if (!isRoot) return runCli(commandFor({ store, out }, 'next'), { env: ENV });
  chmodSync(inFolder(''), 0o755);
  chownSync(out, NOBODY, NOBODY);
  return runCli(commandFor({ store, out }, 'next'), { env: ENV, cwd: folder, uid: NOBODY });
}

function giveTo(uid: number, ...paths: string[]): void {
  if (isRoot) for (const path of paths) chownSync(path, uid, uid);
}

/** What runs in a mount namespace of its own may mount, also where it is not root outside. */
const NAMESPACE = ['--user', '--map-root-user', '--mount'];
const mayMount =
  spawnSync('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' }).status ===
  0;
const unlessMounting = mayMount ? '' : ' (skipped: this system lets nobody mount in a namespace)';

/** Mounts a disk of its own at `at`, then prepares it, then encrypts. */
function onDisk(prepare: string, command: readonly string[], at: string): Promise<CliResult> {
  const script = `set -e; mount -t tmpfs -o size=1m none "$0"; ${prepare}; exec "$@"`;
  const program = [process.execPath, PRPACK, ...command];
  return runProgram('unshare', [...NAMESPACE, 'bash', '-c', script, at, ...program], { env: ENV });
}

describe.skipIf(!mayMount)(`a key store on a disk of its own${unlessMounting}`, () => {
  const FULL = 'dd if=/dev/zero of="$0/fill" bs=4k 2>/dev/null || true';

  it.each([
    ['is full, when the store is new', '', FULL, /no room left/, /Free some space/],
    ['is full, when the store is in use', 'copy', FULL, /disk I\/O error|full/, /room|space/],
    ['is read-only, when the store is new', '', 'mount -o remount,bind,ro "$0"', /read-only/, /write/],
    [
      'is read-only, when the store is in use',
      'copy',
      'mount -o remount,bind,ro "$0"',
      /read-?only/,
      /write/,
    ],
  ])('%s', async (name, has, spoil, said, remedy) => {
    const { store, out, before } = await place(name);
    const disk = inFolder(`${name}/disk`);
    mkdirSync(disk);
    const onIt = join(disk, 'keys.sqlite');
    const prepare = has === 'copy' ? `cp '${store}' "$0/keys.sqlite"; ${spoil}` : spoil;
    const result = await onDisk(prepare, commandFor({ store: onIt, out }, 'next'), disk);
    expectRefused(result, onIt, said, remedy);
    expect(filesIn(out)).toEqual(before);
  });
});

describe.skipIf(isWindows)('a key store without room', () => {
  it('of which the process may write only a part', async () => {
    const folder = inFolder('limit');
    const store = join(folder, 'store', 'keys.sqlite');
    mkdirSync(join(folder, 'out'), { recursive: true });
    const program = [process.execPath, PRPACK, ...commandFor({ store, out: join(folder, 'out') }, 'next')];
    const limited = ['-c', 'ulimit -f 40; exec "$@"', '-', ...program];
    const result = await runProgram('bash', limited, { env: ENV });
    expectRefused(result, store, /full|disk I\/O error/, /room|space/);
    expect(filesIn(join(folder, 'out'))).toEqual([]);
  });
});

describe.skipIf(isWindows || otherUserProblem)(
  `a key store that the user may only read${otherUserProblem}`,
  () => {
    it.each([
      ['its file', 'store/keys.sqlite', 0o444],
      ['its directory', 'store', 0o500],
      ['a directory where it would be made', '', 0o500],
    ])('%s', async (name, closed, mode) => {
      const { folder, store, out, before } = await place(name);
      const wanted = name.includes('made') ? join(folder, 'new', 'keys.sqlite') : store;
      giveTo(NOBODY, folder, join(store, '..'), store);
      const path = join(folder, closed);
      chmodSync(path, mode);
      try {
        const result = await asOrdinaryUser({ folder, store: wanted, out });
        expectRefused(result, wanted, /read-?only|cannot be opened/, /this user/);
        expect(filesIn(out)).toEqual(before);
      } finally {
        chmodSync(path, 0o700);
      }
    });
  },
);

describe('a key store that is corrupt', () => {
  it.each([
    ['its pages', (bytes: Buffer) => bytes.fill(0xa5, 4096), /is corrupt/],
    ['its header', (bytes: Buffer) => bytes.fill(0xa5, 0, 100), /is not an SQLite database/],
    ['its end', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2), /is corrupt/],
  ])('in %s is left as it is', async (name, spoil, said) => {
    const { store, out, before } = await place(name);
    const damaged = Buffer.from(spoil(readFileSync(store)));
    writeFileSync(store, damaged);
    const result = await runCli(commandFor({ store, out }, 'next'), { env: ENV });
    expectRefused(result, store, said, /backup|another file/);
    expect(filesIn(out)).toEqual(before);
    expect(readFileSync(store).equals(damaged)).toBe(true);
  });
});

describe.skipIf(process.platform !== 'linux')('a key store where no directory can be made', () => {
  it('is refused at once', async () => {
    const out = inFolder('proc');
    mkdirSync(out);
    const store = '/proc/prpack/keys.sqlite';
    const result = await runCli(commandFor({ store, out }, 'next'), { env: ENV });
    expectRefused(result, store, /cannot be made/, /directory where this user may write/);
    expect(filesIn(out)).toEqual([]);
  });
});
