import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDirectories } from '../../src/bytes/make-directories.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();

describe('makeDirectories', () => {
  it('makes what is missing, and says what it has made', () => {
    mkdirSync(inFolder('there'));
    const names = ['there/a', 'there/a/b', 'there/a/b/c'].map(inFolder);
    expect(makeDirectories(names[2]!)).toEqual(names);
    expect(names.every((name) => existsSync(name))).toBe(true);
    expect(makeDirectories(names[2]!)).toEqual([]);
  });

  it('goes through a link to a directory', () => {
    mkdirSync(inFolder('real'));
    symlinkSync(inFolder('real'), inFolder('link'));
    expect(makeDirectories(inFolder('link/a'))).toEqual([inFolder('link/a')]);
    expect(existsSync(inFolder('real/a'))).toBe(true);
  });

  it('ends with the error of the system where a file is in the way', () => {
    writeFileSync(inFolder('file'), '');
    expect(() => makeDirectories(inFolder('file'))).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(() => makeDirectories(inFolder('file/a/b'))).toThrow(expect.any(Error));
  });

  // The file system refuses a new name with ENOENT, though the directory is there: the recursive mkdir of Node.js never ends.
  it.skipIf(!existsSync('/proc/self'))('ends where a file system takes no directories (needs /proc)', () => {
    expect(() => makeDirectories(join('/proc', 'prpack', 'a'))).toThrow(expect.any(Error));
  });
});
