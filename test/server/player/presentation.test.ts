import { cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenKeyTexts, packageTitle, parsePssh } from '../../../src/index.js';
import { lookupLicensor } from '../../../src/server/clear-key/license.js';
import { type PresentationPlayer, startPresentation } from '../../../src/server/player/start-presentation.js';
import { KEY, KID, testKeys } from '../../support/jobs.js';
import { CUTS, writeLadder } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const folder = temporary('film');
const packages = temporary('packages');

describe('the server of prpack play <folder>', () => {
  let player: PresentationPlayer;

  beforeAll(async () => {
    const keys = givenKeyTexts(KID, KEY);
    const playready = { laUrl: 'https://drm.example.com/rm.asmx' };
    await packageTitle({
      inputs: writeLadder(temporary('ladder')),
      outDir: folder,
      keys,
      playready,
      ...CUTS,
    });
    install('hls.js', '9.8.7', 'dist/hls.min.js');
    player = await start(folder);
  });
  afterAll(() => player.close());

  function start(path: string): Promise<PresentationPlayer> {
    return startPresentation({
      folder: path,
      describe: (input) => parsePssh({ input, keys: testKeys }),
      licensor: lookupLicensor(testKeys),
      keysFrom: 'the tests',
      port: 0,
      packages: [packages],
    });
  }

  function install(name: string, version: string, script: string): void {
    mkdirSync(join(packages, name, 'dist'), { recursive: true });
    writeFileSync(join(packages, name, 'package.json'), JSON.stringify({ version }));
    writeFileSync(join(packages, name, script), 'globalThis.installed = true;');
  }

  /** As it is sent: `fetch` takes `..` out of paths, and sets headers by itself. */
  function get(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<{ status: number; body: Buffer; headers: Record<string, unknown> }> {
    const { hostname, port } = new URL(player.url);
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, path, method, headers, agent: false }, async (response) => {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part as Buffer);
        resolve({ status: response.statusCode!, body: Buffer.concat(parts), headers: response.headers });
      });
      sent.on('error', reject).end();
    });
  }

  it('serves a page that loads nothing from elsewhere', async () => {
    const page = await get('/');
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const addresses = [...page.body.toString().matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
    expect(addresses).toEqual(['/style.css', '/presentation.js']);
    for (const path of [...addresses, '/players.js', '/observe.js', '/shared.js'])
      expect([path, (await get(path)).status]).toEqual([path, 200]);
  });

  it('says which manifests there are, what they say of protection, and which players are installed', async () => {
    const text = (await get('/data.json')).body.toString();
    const data = JSON.parse(text);
    expect(data).toMatchObject({ name: 'film', keysFrom: 'the tests' });
    expect(data.manifests).toMatchObject([
      { name: 'manifest.mpd', kind: 'dash', scheme: 'cenc', kids: [KID] },
      { name: 'main.m3u8', kind: 'hls', scheme: 'cenc', kids: [KID] },
    ]);
    const [dash, hls] = data.manifests;
    const header = { laUrl: 'https://drm.example.com/rm.asmx', keys: [{ kid: KID, checksumMatches: true }] };
    expect(dash.systems).toMatchObject([
      { name: 'PlayReady', location: 'ContentProtection', keyIds: [KID], playready: header },
      { name: 'W3C Common (Clear Key)', keyIds: [KID] },
    ]);
    expect(hls.systems).toMatchObject([
      { name: 'PlayReady', location: 'EXT-X-SESSION-KEY', keyIds: [KID], playready: header },
      { name: 'org.w3.clearkey', keyIds: [KID] },
    ]);
    expect(data.players).toEqual([
      { name: 'shaka-player', plays: ['dash', 'hls'] },
      { name: 'dashjs', plays: ['dash'] },
      { name: 'hls.js', plays: ['hls'], version: '9.8.7' },
    ]);
    for (const key of [KEY, Buffer.from(KEY, 'hex').toString('base64')]) expect(text).not.toContain(key);
    expect(player.players).toEqual(['hls.js']);
  });

  it('serves the script of a player that is installed, and of no other package', async () => {
    expect((await get('/players/hls.js')).body.toString()).toBe('globalThis.installed = true;');
    install('left-pad', '1.0.0', 'dist/hls.min.js');
    for (const name of ['shaka-player', 'left-pad', '..%2fhls.js', '.', ''])
      expect([name, (await get(`/players/${name}`)).status]).toEqual([name, 404]);
  });

  it('serves files of the presentation with their types, whole and by ranges', async () => {
    const bytes = readFileSync(join(folder, 'video-180p.mp4'));
    const whole = await get('/media/video-180p.mp4');
    expect(whole).toMatchObject({ status: 200, body: bytes });
    expect(whole.headers).toMatchObject({ 'accept-ranges': 'bytes', 'content-type': 'video/mp4' });
    const part = await get('/media/video-180p.mp4', { range: 'bytes=10-19' });
    expect(part).toMatchObject({ status: 206, body: bytes.subarray(10, 20) });
    expect(part.headers['content-range']).toBe(`bytes 10-19/${bytes.length}`);
    expect((await get('/media/video-180p.mp4', { range: `bytes=${bytes.length}-` })).status).toBe(416);
    const head = await get('/media/video-180p.mp4', {}, 'HEAD');
    expect([head.status, head.headers['content-length']]).toEqual([200, `${bytes.length}`]);
    const typeOf = async (name: string) => (await get(`/media/${name}`)).headers['content-type'];
    expect(await typeOf('manifest.mpd')).toBe('application/dash+xml');
    expect(await typeOf('main.m3u8')).toBe('application/vnd.apple.mpegurl');
    expect(await typeOf('text-en.vtt')).toBe('text/vtt; charset=utf-8');
  });

  it('serves segments in folders of tracks, as they are now, and empty files', async () => {
    mkdirSync(join(folder, 'video-1080p'), { recursive: true });
    writeFileSync(join(folder, 'video-1080p/1.m4s'), 'segment');
    writeFileSync(join(folder, 'empty.vtt'), '');
    expect((await get('/media/video-1080p/1.m4s')).body.toString()).toBe('segment');
    expect(await get('/media/empty.vtt')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    writeFileSync(join(folder, 'video-1080p/1.m4s'), 'another one');
    expect((await get('/media/video-1080p/1.m4s')).body.toString()).toBe('another one');
    rmSync(join(folder, 'empty.vtt'));
    expect((await get('/media/empty.vtt')).status).toBe(404);
  });

  it('serves nothing else: no way out of the folder, no state, nothing hidden, no folder', async () => {
    writeFileSync(temporary('secret.mp4'), 'secret');
    writeFileSync(join(folder, '.hidden.mp4'), 'hidden');
    writeFileSync(join(folder, 'notes.txt'), 'notes');
    symlinkSync(temporary('secret.mp4'), join(folder, 'link.mp4'));
    symlinkSync(temporary(''), join(folder, 'up'));
    expect(statSync(join(folder, 'prpack.json')).isFile()).toBe(true);
    for (const path of [
      'prpack.json',
      'notes.txt',
      '.hidden.mp4',
      'link.mp4',
      'up/secret.mp4',
      'video-1080p',
      'video-1080p/',
      '',
      '../secret.mp4',
      '..%2fsecret.mp4',
      '%2e%2e/secret.mp4',
      '%2e%2e%2fsecret.mp4',
      'video-1080p/../../secret.mp4',
      '..%5csecret.mp4',
      `%2f${temporary('secret.mp4').slice(1)}`,
      temporary('secret.mp4'),
      'manifest.mpd%00.mp4',
    ]) {
      const { status, body } = await get(`/media/${path}`);
      expect([path, status === 404 || status === 400]).toEqual([path, true]);
      expect(body.toString()).not.toContain('secret');
    }
    expect((await get('/index.html')).status).toBe(404);
    expect((await get('/media')).status).toBe(404);
  });

  it('is for pages of its own alone', async () => {
    const { port, origin, host } = new URL(player.url);
    const status = async (headers: Record<string, string>) => (await get('/media/main.m3u8', headers)).status;
    expect(await status({ host, origin })).toBe(200);
    expect(await status({ host: `localhost:${port}` })).toBe(200);
    expect(await status({ host: `evil.example:${port}` })).toBe(403);
    expect(await status({ host, origin: 'https://evil.example' })).toBe(403);
    expect(await status({ host, origin: 'null' })).toBe(403);
  });

  it('gives licenses under whatever content type players ask', async () => {
    const kid = Buffer.from(KID.replaceAll('-', ''), 'hex').toString('base64url');
    for (const type of ['application/json', 'application/octet-stream', undefined]) {
      const answer = await fetch(`${player.url}license`, {
        method: 'POST',
        body: Buffer.from(JSON.stringify({ kids: [kid] })),
        ...(type && { headers: { 'content-type': type } }),
      });
      expect([type, await answer.json()]).toMatchObject([type, { keys: [{ kid }] }]);
    }
  });

  it('says what is wrong with a manifest, and goes on with the other', async () => {
    const broken = temporary('broken');
    cpSync(folder, broken, { recursive: true, filter: (path) => !/up$|link/.test(path) });
    writeFileSync(join(broken, 'manifest.mpd'), '<MPD><Period>');
    writeFileSync(join(broken, 'manifest-cbcs.mpd'), '<MPD/>');
    const other = await start(broken);
    const data = await (await fetch(`${other.url}data.json`)).json();
    await other.close();
    expect((data as { manifests: unknown[] }).manifests).toMatchObject([
      { name: 'manifest.mpd', problem: expect.stringContaining('well-formed'), kids: [], systems: [] },
      { name: 'manifest-cbcs.mpd', kids: [], systems: [] },
      { name: 'main.m3u8', kids: [KID] },
    ]);
  });

  it('refuses a folder without a manifest', async () => {
    await expect(start(temporary('ladder'))).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining('no manifest'),
    });
  });
});
