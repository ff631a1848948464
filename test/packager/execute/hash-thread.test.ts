import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { HashThread } from '../../../src/packager/execute/hash-thread.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();

/** None, less than a chunk of 1 MiB, a chunk, and a byte more than two. */
const SIZES = [0, 1000, 2 ** 20, 2 ** 21 + 1];

let thread: HashThread | undefined;

afterEach(() => thread?.stop());

function write(sizeBytes: number): { path: string; sha256: string } {
  const path = temporary(`${sizeBytes}.bin`);
  const bytes = Buffer.alloc(sizeBytes, `content of ${sizeBytes} bytes`);
  writeFileSync(path, bytes);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex') };
}

describe('a thread that hashes files', () => {
  it('answers for each file in its order', async () => {
    const files = SIZES.map(write);
    thread = new HashThread(undefined);
    const found = await Promise.all(files.map(({ path }) => thread!.fingerprintOf(path)));
    expect(found).toEqual(files.map(({ sha256 }) => sha256));
  });

  it('says which file cannot be read, and goes on', async () => {
    const { path, sha256 } = write(1000);
    thread = new HashThread(undefined);
    const missing = thread.fingerprintOf(temporary('missing.bin'));
    const found = thread.fingerprintOf(path);
    await expect(missing).rejects.toMatchObject({ name: 'PrpackError', code: 'INPUT_NOT_FOUND' });
    expect(await found).toBe(sha256);
  });

  it('lets everybody go when the job is stopped, those as well who come later', async () => {
    const { path } = write(1000);
    const stop = new AbortController();
    thread = new HashThread(stop.signal);
    const before = thread.fingerprintOf(path);
    stop.abort();
    await expect(before).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(thread.fingerprintOf(path)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
