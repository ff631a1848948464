import * as fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assertTwoFiles, FileSink } from '../../../src/bytes/sinks/file-sink.js';
import { readBytes } from '../../../src/bytes/source.js';
import { writeFully } from '../../../src/bytes/write.js';
import type { PrpackError } from '../../../src/errors.js';
import { temporaryFolder } from '../../support/temporary.js';

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    linkSync: vi.fn(real.linkSync),
    rmSync: vi.fn(real.rmSync),
    statfsSync: vi.fn(real.statfsSync),
  };
});

const temporary = temporaryFolder();
const BYTES = Buffer.from('the whole file');
let count = 0;
let folder: string;
const inside = (name: string) => `${folder}/${name}`;

beforeEach(() => {
  folder = temporary(`case${count++}`);
  fs.mkdirSync(folder);
});
afterEach(() => vi.restoreAllMocks());

async function written(path: string, replace = false): Promise<FileSink> {
  const file = new FileSink(path, replace);
  await file.append(BYTES);
  file.flush();
  return file;
}

function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

function errorOf(work: () => unknown): PrpackError {
  try {
    work();
  } catch (error) {
    return error as PrpackError;
  }
  throw new Error('nothing was thrown');
}

describe('FileSink', () => {
  it('gives the name only when it is committed', async () => {
    const file = await written(inside('a.mp4'));
    expect(fs.readdirSync(folder)).toEqual([file.staged.temporaryPath.slice(folder.length + 1)]);
    file.commit();
    expect(fs.readdirSync(folder)).toEqual(['a.mp4']);
    expect(fs.readFileSync(inside('a.mp4'))).toEqual(BYTES);
    file.abort();
    expect(fs.readdirSync(folder)).toEqual(['a.mp4']);
  });

  it('leaves nothing when it is aborted, twice over', async () => {
    const file = await written(inside('a.mp4'));
    file.abort();
    file.abort();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('is written at any place by its handle', () => {
    const file = new FileSink(inside('a.mp4'), false);
    writeFully(file.staged.handle, BYTES.subarray(4), 4);
    writeFully(file.staged.handle, BYTES.subarray(0, 4), 0);
    file.commit();
    expect(fs.readFileSync(inside('a.mp4'))).toEqual(BYTES);
  });

  it('appends pieces of any size, which may be reused at once', async () => {
    const file = new FileSink(inside('a.mp4'), false);
    const sizes = [1, 100, 300_000, 0, 200_000, 100_000, 262_144, 7];
    const expected = Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i)));
    for (const [i, size] of sizes.entries()) {
      const piece = Buffer.alloc(size, i);
      await file.append(piece);
      piece.fill(0xff);
    }
    expect(file.sizeBytes).toBe(expected.length);
    file.flush();
    const source = file.staged.reopen();
    expect(expected.equals(readBytes(source, 0, expected.length))).toBe(true);
    source.close();
    file.commit();
    expect(expected.equals(fs.readFileSync(inside('a.mp4')))).toBe(true);
  });

  it('does not replace a file that is there, or that another process makes meanwhile', async () => {
    fs.writeFileSync(inside('a.mp4'), 'old');
    expect(errorOf(() => new FileSink(inside('a.mp4'), false)).code).toBe('OUTPUT_EXISTS');
    const file = await written(inside('b.mp4'));
    fs.writeFileSync(inside('b.mp4'), 'theirs');
    expect(errorOf(() => file.commit()).code).toBe('OUTPUT_EXISTS');
    expect(fs.readdirSync(folder).sort()).toEqual(['a.mp4', 'b.mp4']);
    expect(fs.readFileSync(inside('b.mp4'), 'utf8')).toBe('theirs');
  });

  it('replaces a file when asked, and a symbolic link rather than what it leads to', async () => {
    fs.writeFileSync(inside('target'), 'old');
    fs.symlinkSync('target', inside('link.mp4'));
    (await written(inside('link.mp4'), true)).commit();
    expect(fs.lstatSync(inside('link.mp4')).isFile()).toBe(true);
    expect(fs.readFileSync(inside('target'), 'utf8')).toBe('old');
  });

  it('takes a link that leads nowhere for a file that is there', () => {
    fs.symlinkSync('nowhere', inside('link.mp4'));
    expect(errorOf(() => new FileSink(inside('link.mp4'), false)).code).toBe('OUTPUT_EXISTS');
  });

  it.each([
    ['a folder that is not there', () => inside('no/a.mp4'), 'ENOENT'],
    ['a file instead of a folder', () => `${import.meta.filename}/a.mp4`, 'ENOTDIR'],
    ['a name too long', () => inside(`${'x'.repeat(300)}.mp4`), 'ENAMETOOLONG'],
  ])('says what is wrong with %s', (_, path, reason) => {
    const error = errorOf(() => new FileSink(path(), false));
    expect(error.code).toBe('OUTPUT_FAILED');
    expect(error.message).toContain(reason);
    expect(error.details.remedy).toBeTruthy();
  });

  it('refuses a folder, also when files may be replaced', () => {
    expect(errorOf(() => new FileSink(folder, true)).code).toBe('OUTPUT_FAILED');
  });

  it.each(['EPERM', 'ENOTSUP', 'EMLINK'])('renames on file systems without links (%s)', async (code) => {
    const file = await written(inside('a.mp4'));
    vi.mocked(fs.linkSync).mockImplementationOnce(failing(code));
    file.commit();
    expect(fs.readdirSync(folder)).toEqual(['a.mp4']);
  });

  it('keeps a file made meanwhile on file systems without links', async () => {
    const file = await written(inside('a.mp4'));
    vi.mocked(fs.linkSync).mockImplementationOnce(failing('EPERM'));
    fs.writeFileSync(inside('a.mp4'), 'theirs');
    expect(errorOf(() => file.commit()).code).toBe('OUTPUT_EXISTS');
    expect(fs.readFileSync(inside('a.mp4'), 'utf8')).toBe('theirs');
  });

  it('takes the output back when publishing fails half way', async () => {
    const file = await written(inside('a.mp4'));
    vi.mocked(fs.rmSync).mockImplementationOnce(failing('EIO'));
    expect(errorOf(() => file.commit()).code).toBe('OUTPUT_FAILED');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('asks for room, unless the file system does not tell', () => {
    const file = new FileSink(inside('a.mp4'), false);
    const stat = (blocks: number) => ({ blocks, bavail: 2, bsize: 4096 }) as fs.StatsFs;
    vi.mocked(fs.statfsSync).mockImplementation(() => stat(100));
    file.assertRoom(8192);
    expect(errorOf(() => file.assertRoom(8193))).toMatchObject({
      code: 'OUTPUT_FAILED',
      details: { expected: 8193, received: 8192 },
    });
    vi.mocked(fs.statfsSync).mockImplementation(() => stat(0));
    file.assertRoom(8193);
    vi.mocked(fs.statfsSync).mockImplementation(failing('ENOSYS'));
    file.assertRoom(8193);
    file.abort();
  });
});

describe('assertTwoFiles', () => {
  it('knows one file by all its names', () => {
    fs.writeFileSync(inside('a'), 'a');
    fs.linkSync(inside('a'), inside('hard'));
    fs.symlinkSync('a', inside('soft'));
    for (const name of ['a', 'hard', 'soft', `../${folder.split('/').at(-1)}/a`]) {
      expect(errorOf(() => assertTwoFiles(inside('a'), inside(name))).code).toBe('INVALID_ARGUMENT');
    }
  });

  it('leaves paths that cannot be looked at to who opens them', () => {
    fs.writeFileSync(inside('a'), 'a');
    fs.symlinkSync('loop', inside('loop'));
    for (const name of ['b', 'a/b', 'loop', 'x'.repeat(300)]) {
      assertTwoFiles(inside('a'), inside(name));
      assertTwoFiles(inside(name), inside('a'));
    }
  });
});
