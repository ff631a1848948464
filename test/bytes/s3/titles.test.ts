import { mkdirSync, readdirSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.js';
import { testS3 } from '../../support/s3.js';
import { sample } from '../../support/samples.js';
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

describe('a presentation in a bucket', () => {
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
