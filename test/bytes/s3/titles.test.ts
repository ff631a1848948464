import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { removeAbandonedUploads } from '../../../src/bytes/s3/abandoned-uploads.js';
import { runCli } from '../../support/cli.js';
import { testS3 } from '../../support/s3.js';
import { sample } from '../../support/samples.js';
import { jpegHeader } from '../../support/sheets.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
const s3 = testS3();
const TMP = inFolder('tmp');
beforeAll(() => {
  mkdirSync(TMP);
});

let number = 0;
let title: string;
beforeEach(() => {
  title = `film-${++number}`;
});

const FILES = ['audio-und.m3u8', 'audio-und.mp4', 'main.m3u8', 'manifest.mpd', 'prpack.json'];
const VIDEO = ['video-180p-iframes.m3u8', 'video-180p.m3u8', 'video-180p.mp4'];

function packageTitle(input: string, ...args: string[]) {
  const common = ['--json', '--key-store', `sqlite:${inFolder('keys.db')}`, ...args];
  return runCli(['package', sample(input), '--out-dir', `s3://out/${title}`, ...common], {
    env: { ...s3.environment, TMPDIR: TMP },
  });
}

async function names(): Promise<string[]> {
  expect(readdirSync(TMP)).toEqual([]);
  const keys = await s3.keys('out');
  return keys.filter((key) => key.startsWith(`${title}/`)).map((key) => key.slice(title.length + 1));
}

describe('what is made into a presentation', () => {
  const film = readFileSync(sample('bars.mp4'));
  const sheets = ['in/sheet-1.jpg', 'in/sheet-2.jpg'];
  const run = (...args: string[]) =>
    runCli(['package', ...args, '--json', '--key-store', `sqlite:${inFolder('keys.db')}`], {
      env: { ...s3.environment, TMPDIR: TMP },
      cwd: inFolder(''),
    });
  beforeAll(async () => {
    await s3.put('media', 'in/ladder/bars.mp4', film);
    await s3.put('media', 'in/ladder/de.vtt', Buffer.from('WEBVTT\n\n00:01.000 --> 00:02.000\nHallo\n'));
    await s3.put('media', 'in/ladder/note.txt', Buffer.from('no film'));
    await s3.put('media', 'in/ladder/more/other.mp4', film);
    await s3.put('media', 'in/cues.json', Buffer.from('[{"time":2}]'));
    for (const key of sheets) await s3.put('media', key, jpegHeader(320, 180));
    const file = { inputs: ['ladder/'], cues: 'cues.json', thumbnails: 'sheet-%d.jpg:2x2', outDir: 'made' };
    await s3.put('media', 'in/film.yaml', Buffer.from(JSON.stringify(file)));
  });

  it('are the objects below a prefix, as the files of a folder', async () => {
    const { exitCode, stdout } = await run('s3://media/in/ladder/', '--out-dir', inFolder('prefix'));
    expect(exitCode).toBe(0);
    const inputs = JSON.parse(stdout).tracks.map(({ input }: { input: string }) => input);
    expect(new Set(inputs)).toEqual(
      new Set(['bars.mp4', 'de.vtt'].map((name) => `s3://media/in/ladder/${name}`)),
    );
  });

  it('stands in a title file that is one, which names objects from its own place on', async () => {
    const { exitCode, stdout } = await run('s3://media/in/film.yaml');
    expect({ exitCode, json: JSON.parse(stdout) }).toMatchObject({
      exitCode: 0,
      json: { outDir: 's3://media/in/made', contentId: 'made' },
    });
    const made = (await s3.keys('media')).filter((key) => key.startsWith('in/made/'));
    expect(made).toEqual(expect.arrayContaining(['in/made/thumbnails-00002.jpg', 'in/made/manifest.mpd']));
    expect(JSON.parse((await run('s3://media/in/film.yaml')).stdout)).toMatchObject({ unchanged: true });
  });

  it.each([
    ['s3://media/none/', 3, 'INPUT_NOT_FOUND'],
    ['s3://media/in/none.yaml', 3, 'INPUT_NOT_FOUND'],
    ['s3://nowhere/in/', 3, 'INPUT_NOT_FOUND'],
    ['s3://media/in/ladder', 2, 'INVALID_ARGUMENT'],
    ['s3://media/in/ladder/note.txt', 2, 'INVALID_ARGUMENT'],
  ])('is not there: %s', async (input, code, name) => {
    const { exitCode, stdout } = await run(input, '--out-dir', inFolder('nothing'));
    expect({ exitCode, code: JSON.parse(stdout).error.code }).toEqual({ exitCode: code, code: name });
    expect(existsSync(inFolder('nothing'))).toBe(false);
  });

  it('cannot be read', async () => {
    await s3.fails({ match: 'GET /media.*list-type', kind: 'denied', times: 9 });
    const { exitCode, stdout } = await run('s3://media/in/ladder/', '--out-dir', inFolder('nothing'));
    expect({ exitCode, error: JSON.parse(stdout).error }).toMatchObject({
      exitCode: 3,
      error: { code: 'INPUT_UNREADABLE', message: expect.stringContaining('access is denied') },
    });
  });

  it('has no sheets of such numbers', async () => {
    const args = ['--thumbnails', 's3://media/in/none-%d.png:2x2', '--out-dir', inFolder('nothing')];
    const { stdout } = await run('s3://media/in/ladder/', ...args);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining('there is no s3://media/in/none-1.png'),
    });
  });

  it('has keys for which no object is private enough', async () => {
    const args = ['--keys-out', 's3://out/keys.json', '--out-dir', inFolder('nothing')];
    const { exitCode, stdout } = await run('s3://media/in/ladder/', ...args);
    expect({ exitCode, code: JSON.parse(stdout).error.code }).toEqual({
      exitCode: 2,
      code: 'INVALID_ARGUMENT',
    });
    expect(await s3.keys('out')).not.toContain('keys.json');
  });
});

describe('a presentation in a bucket', () => {
  it('is given up by a run that was taken for dead', async () => {
    await s3.fails({ match: 'PUT .*video-180p\\.mp4', kind: 'held', times: 1 });
    const running = packageTitle('bars.mp4');
    while (!(await s3.keys('out')).includes(`${title}/audio-und.mp4`)) await sleep(20);
    await removeAbandonedUploads([{ url: `s3://out/${title}`, isPrefix: true }]);
    await s3.fails();
    const { exitCode, stdout } = await running;
    expect({ exitCode, message: JSON.parse(stdout).error.message }).toEqual({
      exitCode: 6,
      message: `what was sent to s3://out/${title}/ was removed meanwhile`,
    });
    expect(await names()).toEqual([]);
  });

  it('has its media first and its manifests last, and is not made again', async () => {
    const { exitCode, stdout } = await packageTitle('bars.mp4');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outDir: `s3://out/${title}`, contentId: title });
    expect(await names()).toEqual([...FILES, ...VIDEO]);
    const put = (await s3.requests()).filter(({ method }) => method === 'PUT').map(({ url }) => url);
    expect(put.slice(-3).map((url) => url.replace(/.*\/([^?]*).*/, '$1'))).toEqual([
      'prpack.json',
      'manifest.mpd',
      'main.m3u8',
    ]);
    expect(JSON.parse((await packageTitle('bars.mp4')).stdout)).toMatchObject({ unchanged: true });
    expect((await s3.requests()).filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  it('is replaced when it may be, and what is replaced goes', async () => {
    await packageTitle('bars.mp4');
    const refused = await packageTitle('bars-hevc.mp4');
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'OUTPUT_EXISTS',
      path: `s3://out/${title}/`,
    });
    const replaced = await packageTitle('bars-hevc.mp4', '--force', '--addressing', 'segments');
    expect(replaced.exitCode).toBe(0);
    const now = await names();
    expect(now).toContain('video-180p.v2/00001.m4s');
    expect(now.filter((name) => !name.includes('.v2'))).toEqual(['main.m3u8', 'manifest.mpd', 'prpack.json']);
  });

  it('keeps the media that is the same', async () => {
    await packageTitle('bars.mp4');
    const before = await s3.get('out', `${title}/video-180p.mp4`);
    const again = await packageTitle('bars.mp4', '--force', '--cue', '2');
    expect(again.exitCode).toBe(0);
    expect((await s3.get('out', `${title}/video-180p.mp4`)).equals(before)).toBe(true);
  });

  it.each(['video-180p\\.mp4', 'manifest\\.mpd'])('leaves nothing where %s cannot be sent', async (name) => {
    await s3.fails({ match: `PUT .*${name}`, kind: 'denied', times: 9 });
    const { exitCode, stdout } = await packageTitle('bars.mp4');
    expect(exitCode).toBe(6);
    expect(JSON.parse(stdout).error.message).toContain('AccessDenied');
    expect(await names()).toEqual([]);
  });

  it('stays as it is where another cannot be sent', async () => {
    await packageTitle('bars.mp4');
    const before = await names();
    const manifest = await s3.get('out', `${title}/manifest.mpd`);
    await s3.fails({ match: 'PUT .*v2', kind: 'expired', times: 99, after: 1 });
    expect((await packageTitle('bars-hevc.mp4', '--force')).exitCode).toBe(6);
    expect(await names()).toEqual(before);
    expect((await s3.get('out', `${title}/manifest.mpd`)).equals(manifest)).toBe(true);
  });
});
