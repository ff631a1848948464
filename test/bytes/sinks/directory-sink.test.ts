import * as fs from 'node:fs';
import { basename } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { writeAt } from '../../../src/bytes/output-place.js';
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
  await sink.flush();
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
    fs.writeFileSync(inside('film/folder/other'), 'theirs');
    expect(read('film/video-1.mp4')).toBe('media 1');
    sink.commit();
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['folder', 'manifest.mpd', 'video-2.mp4']);
    expect(read('outside')).toBe('theirs');
  });

  it('writes small files whole', async () => {
    const sink = new DirectorySink(inside('film'), false);
    sink.write('a.vtt', 'media', Buffer.from('WEBVTT'));
    await sink.flush();
    sink.commit();
    expect(read('film/a.vtt')).toBe('WEBVTT');
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

describe('DirectorySink, with folders', () => {
  const FILES = [
    { name: 'init.mp4', sizeBytes: 4 },
    { name: '00001.m4s', sizeBytes: 6 },
  ];

  async function withFolder(replace: boolean, name: string): Promise<DirectorySink> {
    const sink = new DirectorySink(inside('film'), replace);
    writeAt(sink.createFolder(name, FILES).handle, Buffer.from('headmedia1'), 0);
    sink.write('manifest.mpd', 'manifest', Buffer.from(`refers to ${name}`));
    await sink.flush();
    return sink;
  }

  it('puts a folder into a new directory', async () => {
    const sink = await withFolder(false, 'video');
    expect(fs.readdirSync(folder)).toEqual([expect.stringMatching(/^\.film\.[0-9a-f]{12}\.part$/)]);
    const written = sink.reopenFolder('video');
    expect([written.sizeBytes, written.sizesBytes]).toEqual([10, [4, 6]]);
    written.close();
    sink.commit();
    expect(read('film/video/init.mp4')).toBe('head');
    expect(read('film/video/00001.m4s')).toBe('media1');
  });

  it('puts a folder into a directory that is there, before the manifests, and removes the one before', async () => {
    (await withFolder(false, 'video')).commit();
    fs.writeFileSync(inside('film/video/theirs'), 'theirs');
    const sink = await withFolder(true, 'video.v2');
    sink.replaces(['video/init.mp4', 'video/00001.m4s', 'video']);
    vi.mocked(fs.renameSync).mockClear();
    sink.commit();
    const renamed = vi.mocked(fs.renameSync).mock.calls.map(([, to]) => basename(String(to)));
    expect(renamed).toEqual(['video.v2', 'manifest.mpd']);
    expect(fs.readdirSync(inside('film/video'))).toEqual(['theirs']);
    fs.rmSync(inside('film/video/theirs'));
    const third = await withFolder(true, 'video.v3');
    third.replaces(['video']);
    third.commit();
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['manifest.mpd', 'video.v2', 'video.v3']);
    expect(fs.readdirSync(folder)).toEqual(['film']);
  });

  it('takes a folder back that nothing refers to yet', async () => {
    (await withFolder(false, 'video')).commit();
    const sink = await withFolder(true, 'video.v2');
    const rename = vi.mocked(fs.renameSync).getMockImplementation()!;
    vi.mocked(fs.renameSync)
      .mockImplementationOnce(rename)
      .mockImplementationOnce(() => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      });
    expect(code(() => sink.commit())).toBe('OUTPUT_FAILED');
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['manifest.mpd', 'video']);
    expect(read('film/manifest.mpd')).toBe('refers to video');
    expect(fs.readdirSync(folder)).toEqual(['film']);
  });

  it('never replaces a folder', async () => {
    (await withFolder(false, 'video')).commit();
    const sink = new DirectorySink(inside('film'), true);
    expect(code(() => sink.createFolder('video', FILES))).toBe('OUTPUT_EXISTS');
    sink.createFolder('audio', FILES);
    fs.mkdirSync(inside('film/audio'));
    expect(code(() => sink.commit())).toBe('OUTPUT_EXISTS');
    expect(fs.readdirSync(inside('film')).sort()).toEqual(['audio', 'manifest.mpd', 'video']);
  });

  it('says which file is missing', async () => {
    const sink = new DirectorySink(inside('film'), false);
    writeAt(sink.createFolder('video', FILES).handle, Buffer.from('head'), 0);
    await expect(sink.flush()).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('00001.m4s'),
    });
    expect(() => sink.reopenFolder('video')).toThrow('00001.m4s is missing');
    sink.abort();
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});
