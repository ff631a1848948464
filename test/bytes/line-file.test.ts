import { readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LineFile } from '../../src/bytes/line-file.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();

const openLines = (path: string, retries = 0, signal?: AbortSignal) =>
  LineFile.open(path, { retries, signal }, () => {});

/** The methods that every file handle has. */
async function fileHandlePrototype(): Promise<FileHandle> {
  const handle = await open(inFolder('any'), 'w');
  await handle.close();
  return Object.getPrototypeOf(handle);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a file of lines', () => {
  it('holds every line in its order when many come at once, with few flushes', async () => {
    const path = inFolder('many');
    const datasync = vi.spyOn(await fileHandlePrototype(), 'datasync');
    const file = await openLines(path);
    await Promise.all(Array.from({ length: 100 }, (_, i) => file.append(`line ${i}`)));
    await file.append('last');
    await file.close();
    const expected = [...Array.from({ length: 100 }, (_, i) => `line ${i}`), 'last', ''];
    expect(readFileSync(path, 'utf8').split('\n')).toEqual(expected);
    expect(datasync.mock.calls.length).toBeLessThanOrEqual(3);
  });

  it('flushes lines together that come one shortly after the other', async () => {
    const datasync = vi.spyOn(await fileHandlePrototype(), 'datasync');
    const file = await openLines(inFolder('close'));
    const first = file.append('first');
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, file.append('second')]);
    expect(datasync).toHaveBeenCalledTimes(1);
    await file.close();
  });

  it('waits for room on a full disk, and writes over what a failed try left', async () => {
    const path = inFolder('full');
    const prototype = await fileHandlePrototype();
    const real = prototype.write;
    let tries = 0;
    vi.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      const [bytes, offset, , position] = args as [Uint8Array, number, number, number];
      tries++;
      if (tries === 1) return Reflect.apply(real, this, [bytes, offset, 3, position]);
      if (tries === 2) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return Reflect.apply(real, this, args);
    } as never);
    const file = await openLines(path, 1);
    await file.append('a long line');
    await file.append('next');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('a long line\nnext\n');
  });

  it('gives up in the end, and at once when it is told to', async () => {
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    vi.spyOn(await fileHandlePrototype(), 'write').mockRejectedValue(full);
    const file = await openLines(inFolder('never'));
    await expect(file.append('x')).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    const stopping = new AbortController();
    const stopped = await openLines(inFolder('stopped'), 1000, stopping.signal);
    const line = stopped.append('x');
    stopping.abort();
    await expect(line).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
  });
});
