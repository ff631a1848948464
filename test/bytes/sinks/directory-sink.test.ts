import * as fs from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DirectorySink } from '../../../src/bytes/sinks/directory-sink.js';
import { temporaryFolder } from '../../support/temporary.js';

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, renameSync: vi.fn(real.renameSync), linkSync: vi.fn(real.linkSync) };
});

const temporary = temporaryFolder();
let count = 0;
let folder: string;
const inside = (name: string) => `${folder}/${name}`;
const read = (name: string) => fs.readFileSync(inside(name), 'utf8');

beforeEach(() => {
  folder = temporary(`case${count++}`);
  fs.mkdirSync(folder);
});

async function staged(replace: boolean, version: string): Promise<DirectorySink> {
  const sink = new DirectorySink(inside('film'), replace);
  await sink.create(`video-${version}.mp4`, 'media').append(Buffer.from(`media ${version}`));
  await sink.create('manifest.mpd', 'manifest').append(Buffer.from(`refers to ${version}`));
  sink.flush();
  return sink;
}

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'nothing was thrown';
}

describe('DirectorySink', () => {
  it('makes a new directory appear whole', async () => {
    const sink = await staged(false, '1');
    expect(fs.readdirSync(folder)).toEqual([expect.stringMatching(/^\.film\.[0-9a-f]{12}\.part$/)]);
    sink.commit();
    expect(fs.readdirSync(folder)).toEqual(['film']);
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['manifest.mpd', 'video-1.mp4']);
    sink.abort();
    expect(read('film/manifest.mpd')).toBe('refers to 1');
  });

  it('leaves nothing when it is aborted', async () => {
    (await staged(false, '1')).abort();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('goes into a directory that is there only when asked to', async () => {
    (await staged(false, '1')).commit();
    expect(code(() => new DirectorySink(inside('film'), false))).toBe('OUTPUT_EXISTS');
    fs.writeFileSync(inside('film/other'), 'theirs');
    (await staged(true, '2')).commit();
    expect(fs.readdirSync(inside('film')).sort()).toEqual([
      'manifest.mpd',
      'other',
      'video-1.mp4',
      'video-2.mp4',
    ]);
    expect(read('film/manifest.mpd')).toBe('refers to 2');
    expect(fs.readdirSync(folder)).toEqual(['film']);
  });

  it('puts manifests in place behind all media', async () => {
    (await staged(false, '1')).commit();
    const sink = await staged(true, '2');
    vi.mocked(fs.renameSync).mockImplementationOnce(() => {
      expect(read('film/video-2.mp4')).toBe('media 2');
      expect(read('film/manifest.mpd')).toBe('refers to 1');
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    expect(code(() => sink.commit())).toBe('OUTPUT_FAILED');
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['manifest.mpd', 'video-1.mp4']);
    expect(read('film/manifest.mpd')).toBe('refers to 1');
    expect(fs.readdirSync(folder)).toEqual(['film']);
  });

  it('takes media back that nothing refers to yet', async () => {
    (await staged(false, '1')).commit();
    const sink = new DirectorySink(inside('film'), true);
    for (const name of ['a.mp4', 'b.mp4']) await sink.create(name, 'media').append(Buffer.from(name));
    fs.writeFileSync(inside('film/b.mp4'), 'theirs');
    expect(code(() => sink.commit())).toBe('OUTPUT_EXISTS');
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['b.mp4', 'manifest.mpd', 'video-1.mp4']);
    expect(read('film/b.mp4')).toBe('theirs');
  });

  it('never replaces media, and takes no path for a name', async () => {
    (await staged(false, '1')).commit();
    const sink = new DirectorySink(inside('film'), true);
    expect(code(() => sink.create('video-1.mp4', 'media'))).toBe('OUTPUT_EXISTS');
    expect(code(() => sink.create('../video.mp4', 'media'))).toBe('OUTPUT_FAILED');
    sink.abort();
  });

  it('removes what it replaces, once the new files are in place', async () => {
    (await staged(false, '1')).commit();
    const sink = await staged(true, '2');
    sink.replaces(['video-1.mp4', 'gone.mp4', '../outside', 'folder']);
    fs.writeFileSync(inside('outside'), 'theirs');
    fs.mkdirSync(inside('film/folder'));
    expect(read('film/video-1.mp4')).toBe('media 1');
    sink.commit();
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['folder', 'manifest.mpd', 'video-2.mp4']);
    expect(read('outside')).toBe('theirs');
  });

  it('removes nothing when it is aborted', async () => {
    (await staged(false, '1')).commit();
    const sink = await staged(true, '2');
    sink.replaces(['video-1.mp4']);
    sink.abort();
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['manifest.mpd', 'video-1.mp4']);
  });

  it('makes the directories above that are missing, and takes them back when it is aborted', () => {
    const path = inside('a/b/film');
    new DirectorySink(path, false).abort();
    expect(fs.readdirSync(folder)).toEqual([]);
    const sink = new DirectorySink(path, false);
    fs.writeFileSync(inside('a/other'), 'theirs');
    sink.abort();
    expect(fs.readdirSync(inside('a'))).toEqual(['other']);
    new DirectorySink(path, false).commit();
    expect(fs.readdirSync(inside('a/b'))).toEqual(['film']);
  });

  it('refuses a file in the place of the directory', () => {
    fs.writeFileSync(inside('film'), 'a file');
    expect(code(() => new DirectorySink(inside('film'), true))).toBe('OUTPUT_FAILED');
  });
});
