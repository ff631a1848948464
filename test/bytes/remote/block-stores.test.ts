import { once } from 'node:events';
import { mkdirSync, readdirSync, readSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import { parseHttpLocation } from '../../../src/bytes/http/location.js';
import { storeFor } from '../../../src/bytes/remote/block-stores.js';
import { RemoteSource } from '../../../src/bytes/remote/remote-source.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
let number = 0;
let folder: string;
beforeEach(() => {
  folder = inFolder(`temporary-${++number}`);
  mkdirSync(folder);
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => vi.unstubAllEnvs());

const MEMORY = new Uint8Array(100);

it('keeps a file that is larger than the memory on the disk, under no name', () => {
  const store = storeFor(1001, MEMORY, 10);
  expect(store.slots).toBe(101);
  store.write(Buffer.from('0123456789'), 990);
  const found = Buffer.alloc(10);
  readSync(store.fd!, found, 0, 10, 990);
  expect(found.toString()).toBe('0123456789');
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ['it fits', 100, () => folder],
  ['the disk has no room', 1e18, () => folder],
  ['there is no folder for temporary files', 1001, () => inFolder('nowhere')],
])('keeps it in memory where %s', (_, sizeBytes, path) => {
  vi.stubEnv('TMPDIR', path());
  const { slots, fd } = storeFor(sizeBytes, MEMORY, 10);
  expect({ slots, fd }).toEqual({ slots: 10, fd: undefined });
});

it('has no file fetched twice, however often it is read', async () => {
  if (inject('buildProblem')) throw new Error(`dist/ could not be built:\n${inject('buildProblem')}`);
  const file = Buffer.alloc(17 * 2 ** 20 + 5);
  for (let at = 0; at + 4 <= file.length; at += 4096) file.writeUInt32LE(at, at);
  const server = new Worker(new URL('../range-server.mjs', import.meta.url), { workerData: { bytes: file } });
  try {
    const [{ port }] = await once(server, 'message');
    const source = await RemoteSource.open(parseHttpLocation(`http://127.0.0.1:${port}/plain`));
    for (let round = 0; round < 2; round++) {
      const found = Buffer.alloc(file.length);
      for (let at = 0; at < file.length; at += 999_999) source.readInto(found.subarray(at, at + 999_999), at);
      expect(found.equals(file)).toBe(true);
    }
    source.close();
    server.postMessage('log');
    const [{ log }] = await once(server, 'message');
    const ranges: string[] = log.map(({ range }: { range: string }) => range);
    const fetched = ranges.slice(1).map((range) => range.replace('bytes=', '').split('-').map(Number));
    expect(fetched.reduce((sum, [from, last]) => sum + last! + 1 - from!, 0)).toBe(file.length);
  } finally {
    await server.terminate();
  }
});
