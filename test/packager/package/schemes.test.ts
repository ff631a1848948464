import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  decrypt,
  givenKeyTexts,
  type KeyStore,
  openKeyStore,
  type PackageOptions,
  packageTitle,
  readKeyFile,
  storedKeyLookup,
  writeManifests,
} from '../../../src/index.js';
import { ofEachScheme, schemesOf } from '../../../src/packager/package/schemes.js';
import { CUTS, writeLadder } from '../../support/ladder.js';
import { readMovie } from '../../support/mp4-reader.js';
import { fingerprintsOf } from '../../support/sample-hashes.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const BOTH = { schemes: ['cbcs', 'cenc'], fairplayUri: 'skd://x/{kid}' } as const;
let inputs: string[];
let keyStore: KeyStore;
let count = 0;

beforeAll(() => {
  inputs = writeLadder(temporary('ladder'));
  keyStore = openKeyStore({ location: `sqlite:${temporary('keys.sqlite')}` });
  return () => keyStore.close();
});

const newFolder = () => temporary(`both${count++}`);
const run = (options: Partial<PackageOptions> & Pick<PackageOptions, 'outDir'>) =>
  packageTitle({ inputs, keyStore, ...CUTS, playready: { laUrl: 'https://a.example/rm.asmx' }, ...options });

const kidsIn = (mpd: string) => [...mpd.matchAll(/default_KID="([^"]+)"/g)].map(([, kid]) => kid);

describe('a presentation in both schemes', () => {
  it('has each track twice, with different keys, and what is clear once', async () => {
    const outDir = newFolder();
    const { tracks, schemes, scheme } = await run({ outDir, ...BOTH });
    expect([scheme, schemes]).toEqual(['cenc', ['cenc', 'cbcs']]);
    const media = ['video-180p', 'video-90p', 'audio-und', 'audio-de'];
    expect(tracks.map((track) => [track.id, track.scheme])).toEqual([
      ...media.map((id) => [id, 'cenc']),
      ...media.map((id) => [`${id}-cbcs`, 'cbcs']),
      ['text-en', undefined],
    ]);
    const names = readdirSync(outDir);
    expect(names.filter((name) => name.startsWith('text-'))).toEqual([
      'text-en-00001.vtt',
      'text-en-00002.vtt',
      'text-en.m3u8',
      'text-en.vtt',
    ]);
    const records = (await keyStore.list({ contentId: basename(outDir) })).items;
    expect(records.map(({ label, algorithm, state }) => [label, algorithm, state]).sort()).toEqual([
      ['audio', 'AESCBC', 'active'],
      ['audio', 'AESCTR', 'active'],
      ['video', 'AESCBC', 'active'],
      ['video', 'AESCTR', 'active'],
    ]);
    expect(new Set(records.map(({ checksum }) => checksum)).size).toBe(4);
    for (const { file, input, type, kid, scheme: own } of tracks.filter(({ encrypted }) => encrypted)) {
      const { algorithm } = records.find((record) => record.kid === kid)!;
      expect([own, algorithm]).toEqual(own === 'cbcs' ? ['cbcs', 'AESCBC'] : ['cenc', 'AESCTR']);
      const path = join(outDir, file);
      expect(readMovie(path).tracks[0].entries[0].tenc).toMatchObject({ scheme: own, kid });
      const clear = temporary(`clear-${file}`);
      await decrypt({ input: path, output: clear, keys: storedKeyLookup(keyStore) });
      const wanted = type === 'video' ? 'vide' : 'soun';
      const place = readMovie(input).tracks.findIndex(({ handler }) => handler === wanted);
      expect(fingerprintsOf(clear)[0], file).toEqual(fingerprintsOf(input)[place]);
    }
  });

  it('has sets of each scheme in one MPD, which players do not switch between', async () => {
    const outDir = newFolder();
    await run({ outDir, ...BOTH, keyPer: 'track' });
    const mpd = readFileSync(join(outDir, 'manifest.mpd'), 'utf8');
    // dash.js does not look at schemes, and takes the sets of a higher priority.
    expect(mpd.match(/selectionPriority="2"/g)).toHaveLength(4);
    for (const scheme of ['cenc', 'cbcs']) {
      const alone = readFileSync(join(outDir, `manifest-${scheme}.mpd`), 'utf8');
      expect(kidsIn(alone).sort()).toEqual(
        kidsIn(mpd)
          .filter((_, i) => i < 4 === (scheme === 'cenc'))
          .sort(),
      );
      expect(alone).not.toContain('selectionPriority');
    }
    const sets = [...mpd.matchAll(/<AdaptationSet id="(\d+)".*?<\/AdaptationSet>/gs)].map(([text, id]) => {
      const [, scheme] = /mp4protection:2011" value="(\w+)"/.exec(text) ?? [];
      const [, others] = /adaptation-set-switching:2016" value="([^"]+)"/.exec(text) ?? [];
      const roles = [...text.matchAll(/role:2011" value="(\w+)"/g)].map(([, role]) => role);
      return [id, scheme, others, roles.join(), text.includes('94ce86fb')];
    });
    // Renditions of one scheme have keys of their own here, and are joined; those of the other scheme are not.
    expect(sets).toEqual([
      ['1', 'cenc', '2', 'main', false],
      ['2', 'cenc', '1', 'main', false],
      ['3', 'cenc', undefined, 'main', false],
      ['4', 'cenc', undefined, '', false],
      ['5', 'cbcs', '6', 'main', false],
      ['6', 'cbcs', '5', 'main', false],
      ['7', 'cbcs', undefined, 'main', false],
      ['8', 'cbcs', undefined, '', false],
      ['9', undefined, undefined, 'subtitle', false],
    ]);
  });

  it('has a multivariant playlist for each scheme, and subtitles for both', async () => {
    const outDir = newFolder();
    const { manifests } = await run({ outDir, ...BOTH });
    const text = (name: string) => readFileSync(join(outDir, name), 'utf8');
    const [cenc, cbcs] = ['main.m3u8', 'main-cbcs.m3u8'].map(text);
    expect(manifests.filter(({ file }) => file === 'text-en.m3u8')).toHaveLength(1);
    for (const [playlist, suffix, method] of [
      [cenc, '', 'SAMPLE-AES-CTR'],
      [cbcs, '-cbcs', 'SAMPLE-AES'],
    ] as const) {
      const uris = [...playlist.matchAll(/^(video.*)$/gm)].map(([, uri]) => uri);
      expect(new Set(uris)).toEqual(new Set([`video-180p${suffix}.m3u8`, `video-90p${suffix}.m3u8`]));
      expect([...playlist.matchAll(/TYPE=AUDIO.*URI="([^"]+)"/g)].map(([, uri]) => uri).sort()).toEqual([
        `audio-de${suffix}.m3u8`,
        `audio-und${suffix}.m3u8`,
      ]);
      expect(playlist).toContain('URI="text-en.m3u8"');
      expect(new Set([...playlist.matchAll(/METHOD=([A-Z-]+)/g)].map(([, one]) => one))).toEqual(
        new Set([method]),
      );
    }
    expect(text('video-90p-cbcs.m3u8')).toContain('KEYFORMAT="com.apple.streamingkeydelivery"');
    expect(text('video-90p.m3u8')).not.toContain('skd://');
  });

  it('changes nothing again, and leaves no file of the other scheme when it becomes one of one', async () => {
    const outDir = newFolder();
    const { tracks } = await run({ outDir, ...BOTH });
    expect((await run({ outDir, ...BOTH })).unchanged).toBe(true);
    const one = await run({ outDir, scheme: 'cbcs', force: true });
    const kidOf = (id: string, all: typeof tracks) => all.find((track) => track.id === id)!.kid;
    expect(kidOf('video-90p', one.tracks)).toBe(kidOf('video-90p-cbcs', tracks)); // its keys are used again
    expect(one.tracks.filter(({ encrypted }) => encrypted).every(({ reused }) => reused)).toBe(true);
    expect(readdirSync(outDir).filter((name) => !/\.v2|^text/.test(name))).toEqual([
      'audio-de-cbcs.mp4',
      'audio-und-cbcs.mp4',
      'main.m3u8',
      'manifest.mpd',
      'prpack.json',
      'video-180p-cbcs.mp4',
      'video-90p-cbcs.mp4',
    ]);
    const back = await run({ outDir, ...BOTH, force: true });
    const files = back.tracks.map(({ file }) => file);
    expect(files).toContain('video-90p-cbcs.mp4');
    expect(files).toContain('video-90p.v3.mp4');
  });

  it('takes keys of a key file that was written by it', async () => {
    const keysOut = temporary('both-keys.json');
    const first = await run({ outDir: newFolder(), ...BOTH, keysOut });
    const second = await run({ outDir: newFolder(), ...BOTH, keys: await readKeyFile(keysOut) });
    expect(second.tracks.map(({ kid }) => kid)).toEqual(first.tracks.map(({ kid }) => kid));
  });

  it('has a folder of segments for each track in each scheme', async () => {
    const outDir = newFolder();
    const { tracks, warnings } = await run({ outDir, ...BOTH, addressing: 'segments' });
    expect(warnings.filter((warning) => !warning.includes('SDK before 4.4'))).toEqual([]);
    const folders = tracks.filter(({ encrypted }) => encrypted).map(({ file }) => file);
    expect(folders).toContain('video-90p-cbcs');
    for (const folder of folders)
      expect(readdirSync(join(outDir, folder)), folder).toEqual(['00001.m4s', '00002.m4s', 'init.mp4']);
    const cbcs = readFileSync(join(outDir, 'manifest-cbcs.mpd'), 'utf8');
    expect(cbcs).toContain('media="video-90p-cbcs/$Number%05d$.m4s"');
    expect(cbcs).not.toContain('"video-90p/');
    expect((await run({ outDir, ...BOTH, addressing: 'segments' })).unchanged).toBe(true);
  });

  it('has Smooth Streaming of the scheme that its clients know', async () => {
    const outDir = newFolder();
    const { manifests } = await run({ outDir, schemes: ['cenc', 'cbcs'], smooth: true });
    expect(manifests.map(({ file }) => file)).toContain('manifest.ism');
    const smooth = readdirSync(outDir).filter((name) => /\.ism[va]$/.test(name));
    expect(smooth.length).toBeGreaterThan(0);
    expect(smooth.filter((name) => name.includes('cbcs'))).toEqual([]);
  });

  it('gets the same manifests again from its files', async () => {
    const outDir = newFolder();
    const { manifests } = await run({ outDir, schemes: ['cenc', 'cbcs'] });
    const names = (all: typeof manifests) =>
      all.map(({ file }) => file).filter((name) => /^ma(in|nifest)/.test(name));
    const again = await writeManifests({ inputs: [outDir], outDir, dryRun: true });
    expect(names(again.manifests)).toEqual([
      'manifest.mpd',
      'manifest-cenc.mpd',
      'manifest-cbcs.mpd',
      'main.m3u8',
      'main-cbcs.m3u8',
    ]);
    expect(names(again.manifests)).toEqual(names(manifests));
  });

  it('gives each scheme the options that it can have', () => {
    const options = { inputs, outDir: 'x', ...BOTH, pattern: '5:5', ivSize: 8 } as const;
    expect(ofEachScheme(options)).toMatchObject([
      { scheme: 'cenc', ivSize: 8 },
      { scheme: 'cbcs', pattern: '5:5', fairplayUri: 'skd://x/{kid}' },
    ]);
    expect(ofEachScheme(options).map((one) => Object.keys(one).includes('ivSize'))).toEqual([true, false]);
    expect(schemesOf({})).toEqual(['cenc']);
    expect(schemesOf({ schemes: ['cbcs'] })).toEqual(['cbcs']);
  });

  it('names FairPlay for cbcs alone', async () => {
    const outDir = newFolder();
    await run({ outDir, schemes: ['cenc', 'cbcs'], systems: ['playready', 'fairplay'] });
    const hasFairPlay = (name: string) => readFileSync(join(outDir, name), 'utf8').includes('URI="skd://');
    const names = ['video-90p.m3u8', 'main.m3u8', 'video-90p-cbcs.m3u8', 'main-cbcs.m3u8'];
    expect(names.map(hasFairPlay)).toEqual([false, false, true, true]);
  });

  it.each<[string, Partial<PackageOptions>, string, RegExp]>([
    [
      'one key',
      { keys: givenKeyTexts('0123456789abcdef0123456789abcdef', '00'.repeat(16)) },
      'KEY_CONFLICT',
      /both schemes would use$/,
    ],
    ['a scheme besides', { scheme: 'cenc' }, 'INVALID_ARGUMENT', /scheme and schemes are given together/],
    ['no scheme', { schemes: [] }, 'INVALID_ARGUMENT', /schemes cannot be/],
    ['a scheme of no player', { schemes: ['cens'] as never }, 'INVALID_ARGUMENT', /schemes.0 cannot be/],
    [
      'no system but FairPlay',
      { systems: ['fairplay'] },
      'INVALID_ARGUMENT',
      /no other system is named for cenc/,
    ],
    ['FairPlay without cbcs', { schemes: ['cenc'] }, 'INVALID_ARGUMENT', /FairPlay plays no content/],
  ])('refuses %s, and leaves nothing', async (_, options, code, message) => {
    const outDir = newFolder();
    const failed = run({ outDir, ...BOTH, ...options });
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readdirSync(temporary(''))).not.toContain(basename(outDir));
  });
});
