import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FileLock } from '../../src/bytes/file-lock.js';
import { builtSource } from '../support/built-source.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();

/** A process that takes the lock and keeps it until it is killed. */
const HOLDER = `
import { FileLock } from ${JSON.stringify(await builtSource('bytes/file-lock.ts'))};
globalThis.lock = await FileLock.acquire(process.argv[1]);
console.log(globalThis.lock ? 'held' : 'refused');
setInterval(() => {}, 1000);`;

describe('a lock', () => {
  it('is held once, and leaves nothing behind', async () => {
    const path = inFolder('one.lock');
    const lock = await FileLock.acquire(path);
    expect(await FileLock.acquire(path)).toBeUndefined();
    lock!.release();
    expect(existsSync(path)).toBe(false);
    const again = await FileLock.acquire(path);
    expect(again).toBeDefined();
    again!.release();
  });

  it('ends with the process that held it, however it ends', async () => {
    const path = inFolder('dead.lock');
    const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, path]);
    const said = await new Promise((resolve) =>
      child.stdout.once('data', (data) => resolve(`${data}`.trim())),
    );
    expect(said).toBe('held');
    expect(await FileLock.acquire(path)).toBeUndefined();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    const lock = await FileLock.acquire(path);
    expect(lock).toBeDefined();
    lock!.release();
  });
});
