import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { FingerprintThread } from '../../../src/packager/execute/fingerprint-thread.js';
import { fingerprintUnder } from '../../support/fingerprint.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();

const KEY = '0e'.repeat(16);
/** None, less than a chunk of 1 MiB, a chunk, and a byte more than two. */
const SIZES = [0, 1000, 2 ** 20, 2 ** 21 + 1];

let thread: FingerprintThread | undefined;

afterEach(() => thread?.stop());

function write(sizeBytes: number): { path: string; fingerprint: string } {
  const path = temporary(`${sizeBytes}.bin`);
  const bytes = Buffer.alloc(sizeBytes, `content of ${sizeBytes} bytes`);
  writeFileSync(path, bytes);
  return { path, fingerprint: fingerprintUnder(KEY, bytes) };
}

describe('a thread that takes fingerprints of files', () => {
  it('answers for each file in its order', async () => {
    const files = SIZES.map(write);
    thread = new FingerprintThread(undefined);
    const found = await Promise.all(files.map(({ path }) => thread!.fingerprintOf(path, KEY)));
    expect(found).toEqual(files.map(({ fingerprint }) => fingerprint));
  });

  it('answers when it has had nothing to do for a while', async () => {
    const { path, fingerprint } = write(1000);
    thread = new FingerprintThread(undefined);
    for (let i = 0; i < 3; i++) expect(await thread.fingerprintOf(path, KEY)).toBe(fingerprint);
  });

  it('says which file cannot be read, and goes on', async () => {
    const { path, fingerprint } = write(1000);
    thread = new FingerprintThread(undefined);
    const missing = thread.fingerprintOf(temporary('missing.bin'), KEY);
    const found = thread.fingerprintOf(path, KEY);
    await expect(missing).rejects.toMatchObject({ name: 'PrpackError', code: 'INPUT_NOT_FOUND' });
    expect(await found).toBe(fingerprint);
  });

  it('lets everybody go when the job is stopped, those as well who come later', async () => {
    const { path } = write(1000);
    const stop = new AbortController();
    thread = new FingerprintThread(stop.signal);
    const before = thread.fingerprintOf(path, KEY);
    stop.abort();
    await expect(before).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(thread.fingerprintOf(path, KEY)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
