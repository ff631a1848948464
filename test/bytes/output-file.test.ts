import * as fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assertTwoFiles, OutputFile } from '../../src/bytes/output-file.js';
import type { PrpackError } from '../../src/errors.js';
import { temporaryFolder } from '../support/temporary.js';

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

async function written(path: string, replace = false): Promise<OutputFile> {
  const file = new OutputFile(path, replace);
  await file.writeAt(BYTES, 0);
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

describe('OutputFile', () => {
  it('gives the name only when it is published', async () => {
    const file = await written(inside('a.mp4'));
    expect(fs.readdirSync(folder)).toEqual([file.temporaryPath.slice(folder.length + 1)]);
    file.publish();
    expect(fs.readdirSync(folder)).toEqual(['a.mp4']);
    expect(fs.readFileSync(inside('a.mp4'))).toEqual(BYTES);
    file.discard();
    expect(fs.readdirSync(folder)).toEqual(['a.mp4']);
  });

  it('leaves nothing when it is discarded, twice over', async () => {
    const file = await written(inside('a.mp4'));
    file.discard();
    file.discard();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('writes stretches in any order', async () => {
    const file = new OutputFile(inside('a.mp4'), false);
    await Promise.all([file.writeAt(BYTES.subarray(4), 4), file.writeAt(BYTES.subarray(0, 4), 0)]);
    file.publish();
    expect(fs.readFileSync(inside('a.mp4'))).toEqual(BYTES);
  });

  it('does not replace a file that is there, or that another process makes meanwhile', async () => {
    fs.writeFileSync(inside('a.mp4'), 'old');
    expect(errorOf(() => new OutputFile(inside('a.mp4'), false)).code).toBe('OUTPUT_EXISTS');
    const file = await written(inside('b.mp4'));
    fs.writeFileSync(inside('b.mp4'), 'theirs');
    expect(errorOf(() => file.publish()).code).toBe('OUTPUT_EXISTS');
    expect(fs.readdirSync(folder).sort()).toEqual(['a.mp4', 'b.mp4']);
    expect(fs.readFileSync(inside('b.mp4'), 'utf8')).toBe('theirs');
  });

  it('replaces a file when asked, and a symbolic link rather than what it leads to', async () => {
    fs.writeFileSync(inside('target'), 'old');
    fs.symlinkSync('target', inside('link.mp4'));
    (await written(inside('link.mp4'), true)).publish();
    expect(fs.lstatSync(inside('link.mp4')).isFile()).toBe(true);
    expect(fs.readFileSync(inside('target'), 'utf8')).toBe('old');
  });

  it('takes a link that leads nowhere for a file that is there', () => {
    fs.symlinkSync('nowhere', inside('link.mp4'));
    expect(errorOf(() => new OutputFile(inside('link.mp4'), false)).code).toBe('OUTPUT_EXISTS');
  });

  it.each([
    ['a folder that is not there', () => inside('no/a.mp4'), 'ENOENT'],
    ['a file instead of a folder', () => `${import.meta.filename}/a.mp4`, 'ENOTDIR'],
    ['a name too long', () => inside(`${'x'.repeat(300)}.mp4`), 'ENAMETOOLONG'],
  ])('says what is wrong with %s', (_, path, reason) => {
    const error = errorOf(() => new OutputFile(path(), false));
    expect(error.code).toBe('OUTPUT_FAILED');
    expect(error.message).toContain(reason);
    expect(error.details.remedy).toBeTruthy();
  });

  it('refuses a folder, also when files may be replaced', () => {
    expect(errorOf(() => new OutputFile(folder, true)).code).toBe('OUTPUT_FAILED');
  });

  it.each(['EPERM', 'ENOTSUP', 'EMLINK'])('renames on file systems without links (%s)', async (code) => {
    const file = await written(inside('a.mp4'));
    vi.mocked(fs.linkSync).mockImplementationOnce(failing(code));
    file.publish();
    expect(fs.readdirSync(folder)).toEqual(['a.mp4']);
  });

  it('keeps a file made meanwhile on file systems without links', async () => {
    const file = await written(inside('a.mp4'));
    vi.mocked(fs.linkSync).mockImplementationOnce(failing('EPERM'));
    fs.writeFileSync(inside('a.mp4'), 'theirs');
    expect(errorOf(() => file.publish()).code).toBe('OUTPUT_EXISTS');
    expect(fs.readFileSync(inside('a.mp4'), 'utf8')).toBe('theirs');
  });

  it('takes the output back when publishing fails half way', async () => {
    const file = await written(inside('a.mp4'));
    vi.mocked(fs.rmSync).mockImplementationOnce(failing('EIO'));
    expect(errorOf(() => file.publish()).code).toBe('OUTPUT_FAILED');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('asks for room, unless the file system does not tell', () => {
    const file = new OutputFile(inside('a.mp4'), false);
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
    file.discard();
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
