import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ByteSource, FileSource, MemorySource, ReadWindow, readBytes } from '../../src/bytes/source.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const BYTES = Buffer.from(Array.from({ length: 100 }, (_, i) => i));

function fileOf(name: string): FileSource {
  const path = temporary(name);
  writeFileSync(path, BYTES);
  return new FileSource(path);
}

describe.each([
  ['FileSource', () => fileOf('file')],
  ['MemorySource', () => new MemorySource(BYTES)],
])('%s', (_, make) => {
  it('reads any range, also at the very end', () => {
    const source = make();
    expect(source.sizeBytes).toBe(100);
    expect([...readBytes(source, 10, 3)]).toEqual([10, 11, 12]);
    expect([...readBytes(source, 98, 2)]).toEqual([98, 99]);
    expect(readBytes(source, 100, 0)).toHaveLength(0);
    source.close();
  });

  it('calls a range behind the end truncated', () => {
    const source = make();
    expect(() => readBytes(source, 98, 3)).toThrow(
      expect.objectContaining({
        code: 'TRUNCATED_INPUT',
        details: expect.objectContaining({ offsetBytes: 98, expected: 101, received: 100 }),
      }),
    );
    source.close();
  });
});

describe('FileSource', () => {
  it('notices a file that became shorter meanwhile', () => {
    const source = fileOf('shrinking');
    truncateSync(source.path, 50);
    expect(() => readBytes(source, 40, 20)).toThrow(expect.objectContaining({ code: 'TRUNCATED_INPUT' }));
    source.close();
  });

  it.each([
    [2 ** 20, 'from memory', 7],
    [2 ** 20 + 1, 'each time', 9],
  ])('reads a file of %d bytes %s', (sizeBytes, _, found) => {
    const path = temporary(`file-${sizeBytes}`);
    writeFileSync(path, Buffer.alloc(sizeBytes, 7));
    const source = new FileSource(path);
    expect([...readBytes(source, 0, 1)]).toEqual([7]);
    writeFileSync(path, Buffer.alloc(sizeBytes, 9));
    expect([...readBytes(source, sizeBytes - 1, 1)]).toEqual([found]);
    expect(source.view(0, 10) === undefined).toBe(found === 9);
    source.close();
  });

  it('holds nothing of a small file where it is asked not to', () => {
    const path = temporary('one-of-many');
    writeFileSync(path, BYTES);
    const source = new FileSource(path, 0);
    expect([...readBytes(source, 98, 2)]).toEqual([98, 99]);
    expect(source.view(0, 1)).toBeUndefined();
    source.close();
  });

  it.each([
    ['a file that is not there', () => temporary('nothing'), 'INPUT_NOT_FOUND'],
    ['a file as a folder', () => `${import.meta.filename}/x`, 'INPUT_NOT_FOUND'],
    ['a folder', () => temporary(''), 'INPUT_UNREADABLE'],
    ['a name too long', () => temporary('x'.repeat(300)), 'INPUT_UNREADABLE'],
    [
      'links in a circle',
      () => {
        symlinkSync('circle', temporary('circle'));
        return temporary('circle');
      },
      'INPUT_UNREADABLE',
    ],
  ])('refuses %s', (_, path, code) => {
    expect(() => new FileSource(path())).toThrow(expect.objectContaining({ code }));
  });

  it.skipIf(process.platform === 'win32')('refuses a pipe without waiting for a writer', () => {
    execFileSync('mkfifo', [temporary('pipe')]);
    expect(() => new FileSource(temporary('pipe'))).toThrow(
      expect.objectContaining({ code: 'INPUT_UNREADABLE' }),
    );
  });
});

describe('ReadWindow', () => {
  function counted(): { source: ByteSource; reads: [number, number][] } {
    const memory = new MemorySource(BYTES);
    const reads: [number, number][] = [];
    const readInto = (target: Uint8Array, offset: number) => {
      reads.push([offset, target.length]);
      memory.readInto(target, offset);
    };
    return { source: { path: 'x', sizeBytes: 100, readInto, close: () => {} } as ByteSource, reads };
  }

  it('serves rising offsets from one read a window, and reads no further than the end', () => {
    const { source, reads } = counted();
    const window = new ReadWindow(source, 40);
    for (let at = 0; at < 100; at += 10) expect([...window.view(at, 2)]).toEqual([at, at + 1]);
    expect(reads).toEqual([
      [0, 40],
      [40, 40],
      [80, 20],
    ]);
  });

  it('reads more than a window at once, and goes back', () => {
    const { source, reads } = counted();
    const window = new ReadWindow(source, 16);
    expect(window.view(10, 50)).toHaveLength(50);
    expect([...window.view(5, 1)]).toEqual([5]);
    expect(reads).toEqual([
      [10, 50],
      [5, 16],
    ]);
  });

  it('has nothing after a failed read', () => {
    const window = new ReadWindow(new MemorySource(BYTES), 16);
    expect(() => window.view(99, 2)).toThrow(expect.objectContaining({ code: 'TRUNCATED_INPUT' }));
    expect([...window.view(0, 2)]).toEqual([0, 1]);
  });
});
