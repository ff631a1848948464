import { createHash } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  decrypt,
  type KeyStore,
  openKeyStore,
  type PackageOptions,
  type PackageResult,
  packageTitle,
  readKeyFile,
  storedKeyLookup,
} from '../../../src/index.js';
import { fingerprintUnder } from '../../support/fingerprint.js';
import { CUTS, rendition, voice, writeLadder, writeMovie } from '../../support/ladder.js';
import { readMovie } from '../../support/mp4-reader.js';
import { fingerprintsOf } from '../../support/sample-hashes.js';
import { expectAbsent, filesBelow } from '../../support/secrets.js';
import { jpegHeader, writeSheets } from '../../support/sheets.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const LA_URL = 'https://drm.example.com/rm.asmx';
let inputs: string[];
let keyStore: KeyStore;
let count = 0;

beforeAll(() => {
  inputs = writeLadder(temporary('ladder'));
  keyStore = openKeyStore({ location: `sqlite:${temporary('keys.sqlite')}` });
  return () => keyStore.close();
});

const newFolder = () => temporary(`title${count++}`);

function run(options: Partial<PackageOptions> & Pick<PackageOptions, 'outDir'>): Promise<PackageResult> {
  return packageTitle({ inputs, keyStore, ...CUTS, playready: { laUrl: LA_URL }, ...options });
}

/** Everything in a folder: names, bytes and times. */
function contentsOf(folder: string): Map<string, string> {
  const names = readdirSync(folder).sort();
  return new Map(
    names.map((name) => {
      const path = join(folder, name);
      return [name, `${statSync(path).mtimeMs} ${readFileSync(path).toString('base64')}`];
    }),
  );
}

const kidsIn = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map(([, kid]) => kid))].sort();

const toUuid = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** KIDs of a PlayReady Object, which has them as GUIDs in base64 in UTF-16. */
function kidsOfPro(base64: string): string[] {
  const xml = Buffer.from(base64, 'base64').subarray(10).toString('utf16le');
  const guids = [...xml.matchAll(/<KID>([^<]+)<\/KID>|VALUE="([^"]+)"/g)].map(([, a, b]) => a ?? b);
  return guids.map((guid) => {
    const bytes = Buffer.from(guid, 'base64');
    bytes.subarray(0, 4).reverse();
    bytes.subarray(4, 6).reverse();
    bytes.subarray(6, 8).reverse();
    return toUuid(bytes.toString('hex'));
  });
}

describe('packageTitle', () => {
  it('makes a folder with one file a track, and manifests', async () => {
    const outDir = newFolder();
    const { tracks, warnings, unchanged, contentId } = await run({ outDir });
    expect(readdirSync(outDir).sort()).toEqual([
      'audio-de.m3u8',
      'audio-de.mp4',
      'audio-und.m3u8',
      'audio-und.mp4',
      'main.m3u8',
      'manifest.mpd',
      'prpack.json',
      'text-en-00001.vtt',
      'text-en-00002.vtt',
      'text-en.m3u8',
      'text-en.vtt',
      'video-180p-iframes.m3u8',
      'video-180p.m3u8',
      'video-180p.mp4',
      'video-90p-iframes.m3u8',
      'video-90p.m3u8',
      'video-90p.mp4',
    ]);
    expect({ warnings, unchanged, contentId }).toEqual({
      warnings: [],
      unchanged: false,
      contentId: basename(outDir),
    });
    expect(tracks.map(({ id, file, language, encrypted }) => [id, file, language, encrypted])).toEqual([
      ['video-180p', 'video-180p.mp4', undefined, true],
      ['video-90p', 'video-90p.mp4', undefined, true],
      ['audio-und', 'audio-und.mp4', undefined, true],
      ['audio-de', 'audio-de.mp4', 'de', true],
      ['text-en', 'text-en.vtt', 'en', false],
    ]);
  });

  it.each(['cenc', 'cbcs'] as const)('hides nothing but the samples of the inputs, %s', async (scheme) => {
    const outDir = newFolder();
    const { tracks } = await run({ outDir, scheme });
    for (const { file, input, encrypted, type } of tracks) {
      if (!encrypted) continue;
      const path = join(outDir, file);
      const clear = temporary(`clear-${scheme}-${file}`);
      await decrypt({ input: path, output: clear, keys: storedKeyLookup(keyStore) });
      const place = readMovie(input).tracks.findIndex(
        ({ handler }) => handler.startsWith(type.slice(0, 2)) || (type === 'audio' && handler === 'soun'),
      );
      expect(fingerprintsOf(clear)[0], file).toEqual(fingerprintsOf(input)[place]);
      expect(fingerprintsOf(path)[0], file).not.toEqual(fingerprintsOf(input)[place]);
      expect(readMovie(path).tracks[0].entries[0].tenc?.scheme).toBe(scheme);
    }
  });

  it('names the same KIDs in files, manifests and headers', async () => {
    const outDir = newFolder();
    const { tracks } = await run({ outDir, keyPer: 'track' });
    const kids = tracks.flatMap(({ kid }) => kid ?? []).sort();
    expect(new Set(kids).size).toBe(4);
    const text = (name: string) => readFileSync(join(outDir, name), 'utf8');
    for (const { id, file, kid } of tracks.filter(({ encrypted }) => encrypted)) {
      expect(readMovie(join(outDir, file)).tracks[0].entries[0].tenc?.kid).toBe(kid);
      const playlist = text(`${id}.m3u8`);
      const [, pro] = /base64,([^"]+)",KEYFORMAT="com.microsoft.playready"/.exec(playlist)!;
      expect(kidsOfPro(pro)).toEqual([kid]);
    }
    const mpd = text('manifest.mpd');
    expect(kidsIn(mpd, /default_KID="([^"]+)"/g)).toEqual(kids);
    expect([...mpd.matchAll(/<mspr:pro>([^<]+)</g)].flatMap(([, pro]) => kidsOfPro(pro)).sort()).toEqual(
      kids,
    );
    const [, session] = /SESSION-KEY:.*base64,([^"]+)",KEYFORMAT="com.microsoft.playready"/.exec(
      text('main.m3u8'),
    )!;
    expect(kidsOfPro(session).sort()).toEqual(kids);
    expect(mpd).toContain(LA_URL);
  });

  it('has keys for video and audio, registered before the folder appears, and active after', async () => {
    const outDir = newFolder();
    let pending: string[] | undefined;
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'check')
        pending ??= readdirSync(temporary('')).filter((name) => name === basename(outDir));
    };
    const { tracks } = await run({ outDir, onProgress });
    expect(pending).toEqual([]);
    const records = (await keyStore.list({ contentId: basename(outDir) })).items;
    const kids = tracks.flatMap(({ kid }) => kid ?? []);
    expect(new Set(kids)).toEqual(new Set(records.map(({ kid }) => kid)));
    expect(records.map(({ label, state, laUrl }) => [label, state, laUrl]).sort()).toEqual([
      ['audio', 'active', LA_URL],
      ['video', 'active', LA_URL],
    ]);
    const state = JSON.parse(readFileSync(join(outDir, 'prpack.json'), 'utf8'));
    const fingerprintIn = new Map(
      state.files.map(({ name, fingerprint }: { name: string; fingerprint: string }) => [name, fingerprint]),
    );
    for (const { file, kid } of tracks.filter(({ encrypted }) => encrypted)) {
      const { outputs } = records.find((record) => record.kid === kid)!;
      expect(outputs.map(({ fingerprint }) => fingerprint)).toContain(fingerprintIn.get(file));
    }
  });

  it('takes the keys of a key file that was written by it', async () => {
    const keysOut = temporary(`keys${count}.json`);
    const first = await run({ outDir: newFolder(), keysOut });
    const keys = await readKeyFile(keysOut);
    const second = await run({ outDir: newFolder(), keys });
    expect(second.tracks.map(({ kid }) => kid)).toEqual(first.tracks.map(({ kid }) => kid));
  });

  it('finds the key of each track again by its name, wherever it comes from', async () => {
    const outDir = newFolder();
    const first = await run({ outDir, keyPer: 'track', inputs: inputs.slice(0, 2) });
    const second = await run({ outDir, keyPer: 'track', inputs: [...inputs].reverse(), force: true });
    const kidOf = ({ tracks }: PackageResult, name: string) => tracks.find(({ id }) => id === name)?.kid;
    for (const { id, kid } of first.tracks) expect(kidOf(second, id), id).toBe(kid);
    expect(first.tracks.map(({ kid }) => kid)).not.toContain(kidOf(second, 'audio-de'));
  });

  it('writes no key into the folder', async () => {
    const outDir = newFolder();
    await run({ outDir });
    const stored = await keyStore.findByContentId(basename(outDir));
    expectAbsent(
      stored.map(({ key }) => key!.revealHex()),
      filesBelow(outDir),
    );
  });

  it.each([
    ['on one thread', 1],
    ['by several threads', 3],
  ])('changes nothing when it is run again %s', async (_, threads) => {
    const outDir = newFolder();
    const first = await run({ outDir, threads });
    const before = contentsOf(outDir);
    const again = await run({ outDir, threads });
    expect(contentsOf(outDir)).toEqual(before);
    expect({ ...again, timings: first.timings }).toEqual({ ...first, unchanged: true });
  });

  it('knows inputs by the same fingerprints however many threads take them', async () => {
    const outDir = newFolder();
    await run({ outDir, threads: 3 });
    const { inputs: digest, fingerprintKey } = JSON.parse(readFileSync(join(outDir, 'prpack.json'), 'utf8'));
    const named = inputs.map((path) => [
      basename(path),
      fingerprintUnder(fingerprintKey, readFileSync(path)),
    ]);
    expect(digest).toBe(createHash('sha256').update(JSON.stringify(named)).digest('hex'));
    expect((await run({ outDir, threads: 1 })).unchanged).toBe(true);
  });

  it('keeps the key of the fingerprints over all versions of the folder', async () => {
    const outDir = newFolder();
    const stateIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'prpack.json'), 'utf8'));
    await run({ outDir });
    const first = stateIn(outDir);
    await run({ outDir, fragmentDurationSeconds: 2, force: true });
    const { files, ...second } = stateIn(outDir);
    expect(second).toMatchObject({ fingerprintKey: first.fingerprintKey, inputs: first.inputs });
    for (const { name, fingerprint } of files)
      expect(fingerprint, name).toBe(
        fingerprintUnder(first.fingerprintKey, readFileSync(join(outDir, name))),
      );
    const other = newFolder();
    await run({ outDir: other });
    expect(stateIn(other).fingerprintKey).not.toBe(first.fingerprintKey);
  });

  it('makes a folder of a state with SHA-256 in place of fingerprints again with force, and removes what it replaces', async () => {
    const outDir = newFolder();
    await run({ outDir });
    const path = join(outDir, 'prpack.json');
    const { fingerprintKey: _, files, ...state } = JSON.parse(readFileSync(path, 'utf8'));
    const before = files.map(({ fingerprint, ...file }: { fingerprint: string }) => ({
      ...file,
      sha256: fingerprint,
    }));
    writeFileSync(path, JSON.stringify({ ...state, version: 1, files: before }));
    await expect(run({ outDir })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    const { tracks } = await run({ outDir, force: true });
    expect(tracks[0].file).toBe('video-180p.v2.mp4');
    expect(readdirSync(outDir)).not.toContain('video-180p.mp4');
    expect((await run({ outDir })).unchanged).toBe(true);
  });

  it.each<[string, Partial<PackageOptions>]>([
    ['another option', { fragmentDurationSeconds: 2 }],
    ['another description', { describe: { 'film.de.m4a': { name: 'Deutsch' } } }],
  ])('makes %s only with force', async (_, options) => {
    const outDir = newFolder();
    await run({ outDir });
    const before = contentsOf(outDir);
    await expect(run({ outDir, ...options })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(contentsOf(outDir)).toEqual(before);
  });

  it('makes it new when a file of it was changed or is gone', async () => {
    const outDir = newFolder();
    await run({ outDir });
    writeFileSync(join(outDir, 'manifest.mpd'), 'damaged');
    await expect(run({ outDir })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    rmSync(join(outDir, 'video-90p.mp4'));
    const { unchanged } = await run({ outDir, force: true });
    expect(unchanged).toBe(false);
    expect((await run({ outDir })).unchanged).toBe(true);
  });

  it('replaces media under new names, swaps the manifests, and removes what was replaced', async () => {
    const outDir = newFolder();
    const first = await run({ outDir });
    writeFileSync(join(outDir, 'theirs.jpg'), 'not ours');
    const second = await run({ outDir, force: true, fragmentDurationSeconds: 2, inputs: inputs.slice(0, 3) });
    expect(readdirSync(outDir).sort()).toEqual([
      'audio-de.v2.m3u8',
      'audio-de.v2.mp4',
      'audio-und.v2.m3u8',
      'audio-und.v2.mp4',
      'main.m3u8',
      'manifest.mpd',
      'prpack.json',
      'theirs.jpg',
      'video-180p.v2-iframes.m3u8',
      'video-180p.v2.m3u8',
      'video-180p.v2.mp4',
      'video-90p.v2-iframes.m3u8',
      'video-90p.v2.m3u8',
      'video-90p.v2.mp4',
    ]);
    expect(second.tracks.map(({ kid }) => kid)).toEqual(first.tracks.slice(0, 4).map(({ kid }) => kid));
    expect(second.tracks.map(({ file }) => file)).toEqual([
      'video-180p.v2.mp4',
      'video-90p.v2.mp4',
      'audio-und.v2.mp4',
      'audio-de.v2.mp4',
    ]);
    // Names of the first time are not used again: caches may have them still.
    const third = await run({ outDir, force: true });
    expect(third.tracks.map(({ file }) => file)).toContain('text-en.v3.vtt');
    expect((await run({ outDir })).unchanged).toBe(true);
  });

  it('takes no name that is taken', async () => {
    const outDir = newFolder();
    await run({ outDir });
    rmSync(join(outDir, 'prpack.json'));
    const { tracks } = await run({ outDir, force: true });
    expect(tracks[0].file).toBe('video-180p.v2.mp4');
    expect(readdirSync(outDir)).toContain('video-180p.mp4');
  });

  it.each<[string, () => string, string, string]>([
    [
      'a damaged file',
      () => {
        const path = temporary('damaged.mp4');
        writeFileSync(path, readFileSync(inputs[0]).subarray(0, 3000));
        return path;
      },
      'TRUNCATED_INPUT|MALFORMED_INPUT',
      'damaged.mp4',
    ],
    [
      'damaged subtitles',
      () => {
        writeFileSync(temporary('damaged.vtt'), 'WEBVTX');
        return temporary('damaged.vtt');
      },
      'MALFORMED_INPUT',
      'damaged.vtt',
    ],
    [
      'renditions without common sync samples',
      () => {
        const track = rendition(80, 46);
        const samples = track.samples.map((one, i) => ({ ...one, sync: i % 40 === 0 }));
        return writeMovie(temporary('other.mp4'), [{ ...track, samples }]);
      },
      'UNSUPPORTED_FEATURE',
      'other.mp4',
    ],
    ['a missing file', () => temporary('missing.mp4'), 'INPUT_NOT_FOUND', 'missing.mp4'],
  ])('writes and registers nothing with %s', async (_, make, code, path) => {
    const outDir = newFolder();
    const job = run({ outDir, inputs: [...inputs, make()] });
    await expect(job).rejects.toMatchObject({
      code: expect.stringMatching(code),
      details: { path: expect.stringContaining(path) },
    });
    expect(readdirSync(temporary('')).filter((name) => name.includes(basename(outDir)))).toEqual([]);
    expect((await keyStore.list({ contentId: basename(outDir) })).items).toEqual([]);
  });

  it('names the file of an input that is encrypted already', async () => {
    const outDir = newFolder();
    await run({ outDir });
    const encrypted = join(outDir, 'video-90p.mp4');
    await expect(run({ outDir: newFolder(), inputs: [...inputs, encrypted] })).rejects.toMatchObject({
      code: 'ALREADY_ENCRYPTED',
      message: expect.stringContaining('video-90p.mp4: track 1 is encrypted already'),
    });
  });

  it('plans with dryRun: the manifests as they will be, and nothing written', async () => {
    const outDir = newFolder();
    await run({ outDir, contentId: 'dry' });
    const planned = await run({ outDir: `${outDir}-dry`, contentId: 'dry', dryRun: true });
    expect(readdirSync(temporary('')).filter((name) => name.includes(`${basename(outDir)}-dry`))).toEqual([]);
    expect(planned.dryRun).toBe(true);
    expect(planned.manifests.map(({ file }) => file)).toContain('audio-de.m3u8');
    for (const { file, text } of planned.manifests) {
      expect(text, file).toBe(readFileSync(join(outDir, file), 'utf8'));
    }
  });

  it.each(['plan', 'write', 'check'])('leaves nothing when it is stopped in phase %s', async (wanted) => {
    const outDir = newFolder();
    const stop = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => phase === wanted && stop.abort();
    if (wanted === 'plan') stop.abort();
    await expect(run({ outDir, signal: stop.signal, onProgress })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(temporary('')).filter((name) => name.includes(basename(outDir)))).toEqual([]);
  });

  it.each<[string, Partial<PackageOptions>, string]>([
    ['FairPlay with cenc', { fairplayUri: 'skd://x/{kid}' }, 'FairPlay plays no content of scheme cenc'],
    ['FairPlay named with cenc', { systems: ['fairplay'] }, 'FairPlay plays no content of scheme cenc'],
    ['cens', { scheme: 'cens' as 'cenc' }, 'no content of scheme cens'],
    ['a description of no input', { describe: { 'x.mp4': {} } }, 'which is no input'],
  ])('refuses %s', async (_, options, message) => {
    await expect(run({ outDir: newFolder(), ...options })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });

  it('shows thumbnails in both manifests, and replaces them with the presentation', async () => {
    const outDir = newFolder();
    const thumbnails = `${writeSheets(temporary, [
      [320, 90],
      [320, 90],
    ])}:2x1:1`;
    const { tracks, bytes } = await run({ outDir, thumbnails });
    expect(tracks.at(-1)).toEqual({
      id: 'thumbnails',
      type: 'thumbnails',
      input: temporary('sheet-1.jpg'),
      file: 'thumbnails-00001.jpg',
      bytes: 2 * jpegHeader(1, 1).length,
      width: 160,
      height: 90,
      encrypted: false,
    });
    const files = readdirSync(outDir).filter((name) => name !== 'prpack.json');
    expect(bytes).toBe(files.reduce((sum, name) => sum + statSync(join(outDir, name)).size, 0));
    const text = (name: string) => readFileSync(join(outDir, name), 'utf8');
    expect(text('manifest.mpd')).toContain('media="thumbnails-$Number%05d$.jpg"');
    expect(text('thumbnails.m3u8')).toContain('\nthumbnails-00002.jpg\n');
    expect((await run({ outDir, thumbnails })).unchanged).toBe(true);
    writeFileSync(temporary('sheet-2.jpg'), Buffer.concat([jpegHeader(320, 90), Buffer.of(0)]));
    await expect(run({ outDir, thumbnails })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await run({ outDir, thumbnails, force: true });
    expect(readdirSync(outDir).filter((name) => name.startsWith('thumbnails'))).toEqual([
      'thumbnails.v2-00001.jpg',
      'thumbnails.v2-00002.jpg',
      'thumbnails.v2.m3u8',
    ]);
  });

  it.each(['files', 'segments'] as const)(
    'adds sync samples alone for fast forward, as %s',
    async (addressing) => {
      const outDir = newFolder();
      const { tracks } = await run({ outDir, addressing, keyPer: 'track', trickPlay: true });
      const trick = tracks.find(({ trickPlayOf }) => trickPlayOf !== undefined)!;
      const main = tracks.find(({ id }) => id === 'video-90p')!;
      expect(trick).toMatchObject({ id: 'video-90p-trick', trickPlayOf: 'video-90p', kid: main.kid });
      const whole = ({ file }: PackageResult['tracks'][number]) => {
        const path = temporary(`whole-${addressing}-${file}.mp4`);
        const names =
          addressing === 'files'
            ? [file]
            : ['init.mp4', '00001.m4s', '00002.m4s'].map((name) => `${file}/${name}`);
        writeFileSync(path, Buffer.concat(names.map((name) => readFileSync(join(outDir, name)))));
        return path;
      };
      const clear = temporary(`clear-trick-${addressing}.mp4`);
      await decrypt({ input: whole(trick), output: clear, keys: storedKeyLookup(keyStore) });
      const samples = fingerprintsOf(main.input)[0];
      // 25 pictures a second, of which the first is a sync sample: it is shown for the whole second, of 12,800 ticks.
      const shown = [0, 25, 50].map((i) => ({ ...samples[i], duration: 12_800 }));
      expect(fingerprintsOf(clear)[0]).toEqual(shown);
      const mpd = readFileSync(join(outDir, 'manifest.mpd'), 'utf8');
      const [set] = mpd.match(/<AdaptationSet [^>]*codingDependency="false"[\s\S]*?<\/AdaptationSet>/)!;
      expect(set).toContain('maxPlayoutRate="25"');
      const [, of] = /guidelines\/trickmode" value="(\d+)"/.exec(set)!;
      expect(mpd).toMatch(
        new RegExp(`<AdaptationSet id="${of}"(?:(?!</AdaptationSet>)[\\s\\S])*id="video-90p"`),
      );
      expect(set).toContain(`cenc:default_KID="${main.kid}"`);
      expect(set).toContain('<Representation id="video-90p-trick"');
      expect(set).toContain('frameRate="1"');
      expect(readFileSync(join(outDir, 'main.m3u8'), 'utf8')).not.toContain('trick');
    },
  );

  it('leaves the track for fast forward out of Smooth Streaming', async () => {
    const outDir = newFolder();
    await run({ outDir, inputs: inputs.slice(0, 1), smooth: true, trickPlay: true });
    const names = readdirSync(outDir).filter((name) => /\.is[mv]|\.isma|trick/.test(name));
    expect(names.sort()).toEqual([
      'audio-und.isma',
      'manifest.ism',
      'manifest.ismc',
      'video-180p-trick.mp4',
      'video-180p.ismv',
    ]);
  });

  it('adds sync samples for fast forward in each scheme, for the set of that scheme', async () => {
    const outDir = newFolder();
    const { tracks } = await run({ outDir, schemes: ['cenc', 'cbcs'], trickPlay: true });
    const trick = tracks.filter(({ trickPlayOf }) => trickPlayOf !== undefined);
    expect(trick.map(({ id, trickPlayOf }) => [id, trickPlayOf])).toEqual([
      ['video-90p-trick', 'video-90p'],
      ['video-90p-trick-cbcs', 'video-90p-cbcs'],
    ]);
    const mpd = readFileSync(join(outDir, 'manifest.mpd'), 'utf8');
    const sets = mpd.match(/<AdaptationSet [\s\S]*?<\/AdaptationSet>/g)!;
    for (const { id, trickPlayOf, kid } of trick) {
      const set = sets.find((one) => one.includes(`<Representation id="${id}"`))!;
      const main = sets.find((one) => one.includes(`<Representation id="${trickPlayOf}"`))!;
      expect(set).toContain(`guidelines/trickmode" value="${/ id="(\d+)"/.exec(main)![1]}"`);
      for (const one of [set, main]) expect(one).toContain(`cenc:default_KID="${kid}"`);
    }
  });

  it('adds nothing for fast forward where every picture is a sync sample', async () => {
    const track = rendition(160, 90);
    const samples = track.samples.map((one) => ({ ...one, sync: true }));
    const intra = writeMovie(temporary('intra.mp4'), [{ ...track, samples }]);
    const { tracks, warnings } = await run({ outDir: newFolder(), inputs: [intra], trickPlay: true });
    expect(tracks.map(({ id }) => id)).toEqual(['video-90p']);
    expect(warnings).toEqual([expect.stringContaining('every sample is a sync sample')]);
  });

  it.each([false, true])(
    'parts sound of one language that is cut at other times, with a warning: smooth %s',
    async (smooth) => {
      const outDir = newFolder();
      // A tenth of a second of nothing before it: no frame begins where one of the other does.
      const delayed = {
        ...voice(5),
        edits: [
          { duration: 100, mediaTime: -1 },
          { duration: 3008, mediaTime: 0 },
        ],
      };
      const sound = [
        writeMovie(temporary('early.de.m4a'), [voice(4)]),
        writeMovie(temporary('late.de.m4a'), [delayed]),
      ];
      const { tracks, warnings } = await run({ outDir, inputs: [inputs[0], ...sound], smooth });
      expect(tracks.map(({ id }) => id)).toEqual(['video-180p', 'audio-und', 'audio-de', 'audio-de-2']);
      expect(warnings).toEqual([
        'Players do not switch between audio-de and audio-de-2: they differ in times of segments.',
      ]);
      const mpd = readFileSync(join(outDir, 'manifest.mpd'), 'utf8');
      expect(mpd.match(/<AdaptationSet /g)).toHaveLength(4);
    },
  );

  describe('with a file a segment', () => {
    it('writes by several threads', async () => {
      const outDir = newFolder();
      const { tracks } = await run({ outDir, addressing: 'segments', threads: 3 });
      for (const { id, input, type, encrypted } of tracks) {
        if (!encrypted || type !== 'video') continue;
        writeFileSync(temporary(`threads-${id}.mp4`), joined(outDir, id));
        const clear = temporary(`threads-clear-${id}.mp4`);
        await decrypt({
          input: temporary(`threads-${id}.mp4`),
          output: clear,
          keys: storedKeyLookup(keyStore),
        });
        expect(fingerprintsOf(clear)[0]).toEqual(fingerprintsOf(input)[0]);
      }
    });

    const SEGMENTS = { addressing: 'segments' } as const;
    const below = (folder: string) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .sort()
        .filter((name) => name.includes('/'));
    const ofTrack = (id: string) => [`${id}/00001.m4s`, `${id}/00002.m4s`, `${id}/init.mp4`];
    /** A track as a player gets it. */
    const joined = (outDir: string, id: string) =>
      Buffer.concat(
        ['init.mp4', '00001.m4s', '00002.m4s'].map((name) => readFileSync(join(outDir, id, name))),
      );

    it('makes a folder a track', async () => {
      const outDir = newFolder();
      const { tracks } = await run({ outDir, ...SEGMENTS });
      const media = ['video-180p', 'video-90p', 'audio-und', 'audio-de'];
      expect(below(outDir)).toEqual(media.flatMap(ofTrack).sort());
      expect(readdirSync(outDir).filter((name) => name.endsWith('.mp4'))).toEqual([]);
      expect(tracks.map(({ file, segments }) => [file, segments])).toEqual([
        ...media.map((id) => [id, 2]),
        ['text-en.vtt', undefined],
      ]);
      for (const id of media)
        expect(joined(outDir, id).length).toBe(tracks.find((one) => one.id === id)!.bytes);
    });

    it.each(['cenc', 'cbcs'] as const)('hides nothing but the samples of the inputs, %s', async (scheme) => {
      const outDir = newFolder();
      const { tracks } = await run({ outDir, scheme, ...SEGMENTS });
      const whole = await run({ outDir: newFolder(), scheme });
      for (const { id, encrypted } of tracks) {
        if (!encrypted) continue;
        const path = temporary(`joined-${scheme}-${id}.mp4`);
        writeFileSync(path, joined(outDir, id));
        const clear = temporary(`clear-segments-${scheme}-${id}.mp4`);
        await decrypt({ input: path, output: clear, keys: storedKeyLookup(keyStore) });
        const other = temporary(`clear-whole-${scheme}-${id}.mp4`);
        await decrypt({
          input: join(whole.outDir, `${id}.mp4`),
          output: other,
          keys: storedKeyLookup(keyStore),
        });
        expect(fingerprintsOf(clear), id).toEqual(fingerprintsOf(other));
      }
    });

    it('says in manifests where segments and their first pictures are', async () => {
      const outDir = newFolder();
      await run({ outDir, ...SEGMENTS });
      const text = (name: string) => readFileSync(join(outDir, name), 'utf8');
      expect(text('manifest.mpd')).toContain('profiles="urn:mpeg:dash:profile:isoff-live:2011"');
      expect(text('manifest.mpd')).toContain(
        'initialization="video-90p/init.mp4" media="video-90p/$Number%05d$.m4s" startNumber="1"',
      );
      expect(text('video-90p.m3u8')).toMatch(
        /#EXT-X-MAP:URI="video-90p\/init.mp4"\n(#EXT-X-KEY.*\n)+#EXTINF:2.000000,\nvideo-90p\/00001.m4s\n/,
      );
      const ranges = [...text('video-90p-iframes.m3u8').matchAll(/BYTERANGE:(\d+)@(\d+)\n(.*)/g)];
      expect(ranges.map(([, , , uri]) => uri)).toEqual(['video-90p/00001.m4s', 'video-90p/00002.m4s']);
      for (const [, size, start, uri] of ranges) {
        const segment = readFileSync(join(outDir, uri));
        expect(segment.toString('latin1', Number(start) + 4, Number(start) + 8)).toBe('moof');
        expect(Number(start) + Number(size)).toBeLessThan(segment.length);
      }
    });

    it('has the CMAF profile without subtitles', async () => {
      const outDir = newFolder();
      await run({ outDir, ...SEGMENTS, inputs: inputs.slice(0, 3) });
      expect(readFileSync(join(outDir, 'manifest.mpd'), 'utf8')).toContain(
        'profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"',
      );
    });

    it('lists a folder with its files, and registers the fingerprint of all of them together', async () => {
      const outDir = newFolder();
      const { tracks } = await run({ outDir, ...SEGMENTS });
      const { files, fingerprintKey } = JSON.parse(readFileSync(join(outDir, 'prpack.json'), 'utf8'));
      const listed = files.find(({ name }: { name: string }) => name === 'video-180p');
      const bytes = joined(outDir, 'video-180p');
      const fingerprint = fingerprintUnder(fingerprintKey, bytes);
      expect(listed).toMatchObject({ bytes: bytes.length, fingerprint });
      expect(Object.keys(listed.files)).toEqual(['init.mp4', '00001.m4s', '00002.m4s']);
      const records = (await keyStore.list({ contentId: basename(outDir) })).items;
      const { outputs } = records.find(({ kid }) => kid === tracks[0].kid)!;
      expect(outputs.map((output) => output.fingerprint)).toContain(fingerprint);
    });

    it('changes nothing when it is run again, and is made again when a segment is gone', async () => {
      const outDir = newFolder();
      await run({ outDir, ...SEGMENTS });
      expect((await run({ outDir, ...SEGMENTS })).unchanged).toBe(true);
      await expect(run({ outDir })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
      rmSync(join(outDir, 'audio-de/00002.m4s'));
      await expect(run({ outDir, ...SEGMENTS })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
      expect((await run({ outDir, ...SEGMENTS, force: true })).tracks[3].file).toBe('audio-de.v2');
    });

    it.each<[string, (folder: string) => void, string]>([
      ['is missing', (folder) => rmSync(join(folder, '00002.m4s')), '00002.m4s is missing'],
      [
        'is too short',
        (folder) => truncateSync(join(folder, '00001.m4s'), 100),
        'the size of 00001.m4s is 100 instead of',
      ],
      [
        'begins with another box',
        (folder) => {
          const path = join(folder, '00002.m4s');
          const bytes = readFileSync(path);
          bytes.write('free', 4, 'latin1');
          writeFileSync(path, bytes);
        },
        'segment 2 has no styp',
      ],
    ])('is not published when a segment %s', async (_, damage, problem) => {
      const outDir = newFolder();
      let isDamaged = false;
      const onProgress = ({ phase }: { phase: string }) => {
        if (phase !== 'write' || isDamaged) return;
        const [staging] = readdirSync(temporary('')).filter((name) =>
          name.startsWith(`.${basename(outDir)}.`),
        );
        const folder = temporary(`${staging}/video-90p`);
        if (!existsSync(join(folder, '00002.m4s'))) return; // another track is written first
        isDamaged = true;
        damage(folder);
      };
      await expect(run({ outDir, ...SEGMENTS, onProgress })).rejects.toMatchObject({
        code: 'OUTPUT_CHECK_FAILED',
        message: expect.stringContaining(problem),
        details: { path: 'video-90p' },
      });
      expect(readdirSync(temporary('')).filter((name) => name.includes(basename(outDir)))).toEqual([]);
    });

    it('changes the addressing with force, to and fro, and removes what was replaced', async () => {
      const outDir = newFolder();
      const first = await run({ outDir, inputs: inputs.slice(0, 1) });
      const second = await run({ outDir, inputs: inputs.slice(0, 1), ...SEGMENTS, force: true });
      expect(
        readdirSync(outDir)
          .filter((name) => !name.includes('.m3u8'))
          .sort(),
      ).toEqual(['audio-und.v2', 'manifest.mpd', 'prpack.json', 'video-180p.v2']);
      writeFileSync(join(outDir, 'video-180p.v2/theirs.jpg'), 'not ours');
      const third = await run({ outDir, inputs: inputs.slice(0, 1), force: true });
      expect(
        readdirSync(outDir)
          .filter((name) => !name.includes('.m3u8'))
          .sort(),
      ).toEqual(['audio-und.v3.mp4', 'manifest.mpd', 'prpack.json', 'video-180p.v2', 'video-180p.v3.mp4']);
      expect(readdirSync(join(outDir, 'video-180p.v2'))).toEqual(['theirs.jpg']);
      for (const { tracks } of [second, third]) {
        expect(tracks.map(({ kid }) => kid)).toEqual(first.tracks.map(({ kid }) => kid));
      }
    });
  });

  describe('with cues', () => {
    const withCues = (cues: object[]) => {
      const path = temporary(`cues${count}.json`);
      writeFileSync(path, JSON.stringify(cues));
      return path;
    };

    it('begins a segment of every track at each, and where its break ends', async () => {
      const outDir = newFolder();
      // Sync samples are at 0, 1 and 2 s; segments would begin at 0 and 2 s.
      const cues = withCues([{ time: 1.02, duration: 1, scte35: '/DAA' }]);
      await run({ outDir, cues, fragmentDurationSeconds: 2 });
      for (const id of ['video-180p', 'video-90p', 'audio-de', 'text-en']) {
        const text = readFileSync(join(outDir, `${id}.m3u8`), 'utf8');
        const lines = text.split('\n').filter((line) => /^#EXT-?(INF|X-CUE|OATCLS)|^#EXT-OATCLS/.test(line));
        expect(lines.map((line) => line.replace(/(EXTINF:\d\.\d)\d*,/, '$1'))).toEqual([
          expect.stringMatching(/^#EXTINF:[01]\.[09]$/),
          '#EXT-OATCLS-SCTE35:/DAA',
          '#EXT-X-CUE-OUT:1.000',
          expect.stringMatching(/^#EXTINF:[01]\.[09]$/),
          '#EXT-X-CUE-IN',
          expect.stringMatching(/^#EXTINF:[01]\.[09]$/),
        ]);
      }
      const mpd = readFileSync(join(outDir, 'manifest.mpd'), 'utf8');
      expect(mpd).toMatch(
        /<Event presentationTime="90000" duration="90000" id="1">\s+<Signal [^>]+>\s+<Binary>\/DAA</,
      );
      expect((await run({ outDir, cues, fragmentDurationSeconds: 2 })).unchanged).toBe(true);
      writeFileSync(cues, '[{ "time": 2 }]');
      await expect(run({ outDir, cues, fragmentDurationSeconds: 2 })).rejects.toMatchObject({
        code: 'OUTPUT_EXISTS',
      });
    });

    it('takes times themselves, which make another presentation', async () => {
      const outDir = newFolder();
      await run({ outDir, cues: [1], fragmentDurationSeconds: 2 });
      const text = readFileSync(join(outDir, 'video-90p.m3u8'), 'utf8');
      expect(text).toMatch(/\n#EXT-X-CUE-OUT\n#EXT-X-CUE-IN\n#EXTINF:2/);
      expect((await run({ outDir, cues: [1], fragmentDurationSeconds: 2 })).unchanged).toBe(true);
      await expect(run({ outDir, cues: [2], fragmentDurationSeconds: 2 })).rejects.toMatchObject({
        code: 'OUTPUT_EXISTS',
      });
    });

    it('lets a break last until the title ends', async () => {
      const outDir = newFolder();
      await run({ outDir, cues: withCues([{ time: 2, duration: 600 }]) });
      const text = readFileSync(join(outDir, 'video-90p.m3u8'), 'utf8');
      expect(text).toContain('#EXT-X-CUE-OUT:600.000');
      expect(text).not.toContain('CUE-IN');
    });

    it.each([
      ['it begins', { time: 1.5 }, '1.500', '1.000'],
      ['its break ends', { time: 0, duration: 1.8 }, '1.800', '2.000'],
    ])('is refused where there is no sync sample when %s', async (_, cue, wanted, nearest) => {
      const cues = withCues([cue]);
      await expect(run({ outDir: newFolder(), cues })).rejects.toMatchObject({
        code: 'UNSUPPORTED_FEATURE',
        message: expect.stringContaining(`no sync sample at the cue of ${wanted} s`),
        details: {
          received: `the nearest one at ${nearest} s`,
          remedy: expect.stringContaining('Move the cue'),
        },
      });
    });
  });

  it('puts subtitles into MP4 for DASH, and leaves HLS its files', async () => {
    const outDir = newFolder();
    const { tracks } = await run({ outDir, text: 'mp4' });
    expect(tracks.at(-1)).toMatchObject({ file: 'text-en.mp4', codec: 'wvtt', encrypted: false });
    const text = (name: string) => readFileSync(join(outDir, name), 'utf8');
    expect(text('manifest.mpd')).toMatch(
      /mimeType="application\/mp4" codecs="wvtt">\s+<BaseURL>text-en.mp4</,
    );
    expect(text('text-en.m3u8')).toContain('text-en-00001.vtt');
    expect(readMovie(join(outDir, 'text-en.mp4')).tracks[0].handler).toBe('text');
    expect(readdirSync(outDir)).not.toContain('text-en.vtt');
  });

  it('puts subtitles in MP4 into a folder where media is in folders', async () => {
    const outDir = newFolder();
    const { tracks, bytes } = await run({ outDir, text: 'mp4', addressing: 'segments' });
    expect(tracks.at(-1)).toMatchObject({ file: 'text-en', segments: 2, codec: 'wvtt' });
    expect(readdirSync(join(outDir, 'text-en')).sort()).toEqual(['00001.m4s', '00002.m4s', 'init.mp4']);
    expect(readFileSync(join(outDir, 'manifest.mpd'), 'utf8')).toContain(
      'profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"',
    );
    const files = readdirSync(outDir, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name !== 'prpack.json' && statSync(join(outDir, name)).isFile(),
    );
    expect(bytes).toBe(files.reduce((sum, name) => sum + statSync(join(outDir, name)).size, 0));
    expect((await run({ outDir, text: 'mp4', addressing: 'segments' })).unchanged).toBe(true);
    await run({ outDir, text: 'mp4', force: true });
    expect(readdirSync(outDir).filter((name) => name.startsWith('text-en.v2'))).toContain('text-en.v2.mp4');
    expect(readdirSync(outDir)).not.toContain('text-en');
  });

  it('has TTML in MP4 in HLS where there is no WebVTT, and names the file that is none', async () => {
    const ttml = temporary('film.fr.ttml');
    writeFileSync(ttml, '<tt xmlns="http://www.w3.org/ns/ttml"><body/></tt>');
    const withoutText = inputs.slice(0, -1);
    const main = async (...titleInputs: string[]) => {
      const outDir = newFolder();
      await run({ outDir, inputs: titleInputs, text: 'mp4' });
      return readFileSync(join(outDir, 'main.m3u8'), 'utf8');
    };
    expect(await main(...withoutText, ttml)).toMatch(/CODECS="avc1[^"]*,stpp.ttml.im1t".*SUBTITLES="subs"/);
    expect(await main(...inputs, ttml)).not.toContain('text-fr');
    writeFileSync(ttml, '<tt>');
    await expect(main(...inputs, ttml)).rejects.toMatchObject({
      code: 'MALFORMED_INPUT',
      details: { path: ttml },
    });
  });

  it('tells FairPlay where its key is', async () => {
    const outDir = newFolder();
    const { tracks } = await run({ outDir, scheme: 'cbcs', fairplayUri: 'skd://drm.example/{kid}' });
    const { kid } = tracks[0];
    expect(readFileSync(join(outDir, 'video-180p.m3u8'), 'utf8')).toContain(
      `URI="skd://drm.example/${kid!.replaceAll('-', '')}",KEYFORMAT="com.apple.streamingkeydelivery"`,
    );
  });
});
