import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
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
  storedKeyLookup,
  writeManifests,
} from '../../../src/index.js';
import { CUTS, voice, writeLadder, writeMovie } from '../../support/ladder.js';
import { fingerprintsOf } from '../../support/sample-hashes.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const LA_URL = 'https://drm.example.com/rm.asmx';
let inputs: string[];
let french: string;
let keyStore: KeyStore;
let count = 0;

beforeAll(() => {
  inputs = writeLadder(temporary('ladder'));
  french = writeMovie(temporary('film.fr.m4a'), [voice(5)]);
  keyStore = openKeyStore({ location: `sqlite:${temporary('keys.sqlite')}` });
  return () => keyStore.close();
});

const newFolder = () => temporary(`title${count++}`);

function run(options: Partial<PackageOptions> & Pick<PackageOptions, 'outDir'>): Promise<PackageResult> {
  return packageTitle({ inputs, keyStore, ...CUTS, playready: { laUrl: LA_URL }, ...options });
}

/** Bytes and times of the media of a folder, by name. */
function mediaIn(outDir: string): Map<string, string> {
  const names = readdirSync(outDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(?:mp4|m4s)$/.test(name),
  );
  return new Map(
    names.map((name) => {
      const path = join(outDir, name);
      return [
        name,
        `${statSync(path).mtimeMs} ${statSync(path).ino} ${readFileSync(path).toString('base64')}`,
      ];
    }),
  );
}

const reusedOf = ({ tracks }: PackageResult) =>
  Object.fromEntries(
    tracks.filter(({ encrypted }) => encrypted).map(({ id, reused = false }) => [id, reused]),
  );

const ALL_REUSED = { 'video-180p': true, 'video-90p': true, 'audio-und': true, 'audio-de': true };

/** What the manifests say is what is in the files: another reader of the files finds the same. */
async function expectTrue(outDir: string): Promise<void> {
  const before = new Map(readdirSync(outDir).map((name) => [name, statSync(join(outDir, name)).mtimeMs]));
  const { files } = JSON.parse(readFileSync(join(outDir, 'prpack.json'), 'utf8')) as {
    files: { name: string }[];
  };
  expect(readdirSync(outDir).sort()).toEqual([...files.map(({ name }) => name), 'prpack.json'].sort());
  const segmentDurationSeconds = CUTS.segmentDurationSeconds;
  const { manifests } = await writeManifests({
    inputs: [outDir],
    outDir,
    segmentDurationSeconds,
    dryRun: true,
  });
  const segmentsOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^(?:[^#]|#EXT-X-(?:MAP|BYTERANGE)|#EXTINF)/.test(line))
      .join('\n');
  const published = readdirSync(outDir)
    .filter((name) => /^(?:video|audio).*\.m3u8$/.test(name))
    .map((name) => segmentsOf(readFileSync(join(outDir, name), 'utf8')));
  const found = manifests
    .filter(({ file }) => /^(?:video|audio)/.test(file))
    .map(({ text }) => segmentsOf(text!));
  expect(published.sort()).toEqual(found.sort());
  expect(new Map(readdirSync(outDir).map((name) => [name, statSync(join(outDir, name)).mtimeMs]))).toEqual(
    before,
  );
}

describe.each(['files', 'segments'] as const)('a presentation that is there, in %s', (addressing) => {
  it('gets a language: only that is made', async () => {
    const outDir = newFolder();
    const first = await run({ outDir, addressing });
    const before = mediaIn(outDir);
    const second = await run({ outDir, addressing, inputs: [...inputs, french], force: true });
    const after = mediaIn(outDir);
    for (const [name, bytes] of before) expect(after.get(name), name).toBe(bytes);
    const fresh = [...after.keys()].filter((name) => !before.has(name));
    expect(fresh.every((name) => name.startsWith('audio-fr.v2'))).toBe(true);
    expect(reusedOf(second)).toEqual({ ...ALL_REUSED, 'audio-fr': false });
    const kidsOf = ({ tracks }: PackageResult) => tracks.flatMap(({ kid }) => kid ?? []);
    expect(new Set(kidsOf(second))).toEqual(new Set(kidsOf(first)));
    expect(second.bytes).toBeGreaterThan(first.bytes);
    expect(readFileSync(join(outDir, 'main.m3u8'), 'utf8')).toContain('LANGUAGE="fr"');
    await expectTrue(outDir);
    expect((await run({ outDir, addressing, inputs: [...inputs, french] })).unchanged).toBe(true);
  });

  it('loses a language: nothing is made, and its files are removed', async () => {
    const outDir = newFolder();
    await run({ outDir, addressing });
    const before = mediaIn(outDir);
    const rest = inputs.filter((path) => !path.endsWith('film.de.m4a'));
    const second = await run({ outDir, addressing, inputs: rest, force: true });
    expect(reusedOf(second)).toEqual({ 'video-180p': true, 'video-90p': true, 'audio-und': true });
    const after = mediaIn(outDir);
    expect(
      [...before.keys()].filter((name) => !after.has(name)).every((name) => name.startsWith('audio-de')),
    ).toBe(true);
    for (const [name, bytes] of after) expect(before.get(name), name).toBe(bytes);
    await expectTrue(outDir);
  });

  it('is not taken for the same when its bytes are others', async () => {
    const outDir = newFolder();
    await run({ outDir, addressing });
    const name = addressing === 'files' ? 'video-90p.mp4' : 'video-90p/00002.m4s';
    appendFileSync(join(outDir, name), 'x');
    rmSync(join(outDir, addressing === 'files' ? 'audio-de.mp4' : 'audio-de/init.mp4'));
    const again = await run({ outDir, addressing, force: true });
    expect(reusedOf(again)).toEqual({ ...ALL_REUSED, 'video-90p': false, 'audio-de': false });
    await expectTrue(outDir);
  });
});

describe('media that is there', () => {
  it.each<[string, Partial<PackageOptions>, Record<string, boolean>]>([
    ['another description', { describe: { 'film.de.m4a': { name: 'Deutsch' } } }, ALL_REUSED],
    ['the address of another license server', { playready: { laUrl: 'https://other.example.com/' } }, {}],
    ['another scheme', { scheme: 'cbcs' }, {}],
    ['other cuts', { fragmentDurationSeconds: 2 }, {}],
    ['longer segments of HLS, in files', { segmentDurationSeconds: 3 }, ALL_REUSED],
    ['another addressing', { addressing: 'segments' }, {}],
    ['another system', { systems: ['playready'] }, {}],
    ['other keys', { contentId: 'another-title' }, {}],
  ])('is used again or not with %s', async (_, options, reused) => {
    const outDir = newFolder();
    await run({ outDir });
    const second = await run({ outDir, force: true, ...options });
    const none = Object.fromEntries(Object.keys(reusedOf(second)).map((id) => [id, false]));
    expect(reusedOf(second)).toEqual({ ...none, ...reused });
    if (options.segmentDurationSeconds === undefined) await expectTrue(outDir);
  });

  it('is made again when an input is another one', async () => {
    const outDir = newFolder();
    const own = writeMovie(temporary('film.it.m4a'), [voice(6)]);
    await run({ outDir, inputs: [...inputs, own] });
    writeMovie(own, [voice(7)]);
    const second = await run({ outDir, inputs: [...inputs, own], force: true });
    expect(reusedOf(second)).toEqual({ ...ALL_REUSED, 'audio-it': false });
    const clear = temporary('it.clear.mp4');
    const { file } = second.tracks.find(({ id }) => id === 'audio-it')!;
    await decrypt({ input: join(outDir, file), output: clear, keys: storedKeyLookup(keyStore) });
    expect(fingerprintsOf(clear)[0]).toEqual(fingerprintsOf(own)[0]);
  });

  it('goes on with its own header when keys of other tracks come', async () => {
    const outDir = newFolder();
    await run({ outDir, keyPer: 'track' });
    const second = await run({ outDir, keyPer: 'track', inputs: [...inputs, french], force: true });
    expect(reusedOf(second)).toEqual({ ...ALL_REUSED, 'audio-fr': false });
    expect(new Set(second.tracks.flatMap(({ kid }) => kid ?? [])).size).toBe(5);
    await expectTrue(outDir);
    expect((await run({ outDir, keyPer: 'track', inputs: [...inputs, french] })).unchanged).toBe(true);
  });

  it('goes on in Smooth Streaming, with the IVs that it has', async () => {
    const outDir = newFolder();
    await run({ outDir, smooth: true });
    const second = await run({ outDir, smooth: true, inputs: [...inputs, french], force: true });
    expect(reusedOf(second)).toEqual({ ...ALL_REUSED, 'audio-fr': false });
    // The samples of both forms are the same encrypted bytes, and the IVs are those that they have.
    const clear = temporary(`smooth${count}.mp4`);
    await decrypt({
      input: join(outDir, 'video-180p.v2.ismv'),
      output: clear,
      keys: storedKeyLookup(keyStore),
    });
    const hashesOf = (path: string) => fingerprintsOf(path)[0].map(({ md5 }) => md5);
    expect(hashesOf(clear)).toEqual(hashesOf(inputs[0]));
    expect((await run({ outDir, smooth: true, inputs: [...inputs, french] })).unchanged).toBe(true);
  });

  it('is known in both schemes', async () => {
    const outDir = newFolder();
    await run({ outDir, schemes: ['cenc', 'cbcs'] });
    const before = mediaIn(outDir);
    const schemes = ['cenc', 'cbcs'] as const;
    const { tracks } = await run({ outDir, schemes, inputs: [...inputs, french], force: true });
    const fresh = tracks.filter(({ encrypted, reused }) => encrypted && !reused);
    expect(fresh.map(({ language, scheme }) => [language, scheme])).toEqual([
      ['fr', 'cenc'],
      ['fr', 'cbcs'],
    ]);
    const after = mediaIn(outDir);
    for (const [name, bytes] of before) expect(after.get(name), name).toBe(bytes);
    expect((await run({ outDir, schemes, inputs: [...inputs, french] })).unchanged).toBe(true);
  });

  it('is active in the key store, with the new media', async () => {
    const outDir = newFolder();
    await run({ outDir });
    const { tracks } = await run({ outDir, inputs: [...inputs, french], force: true });
    const state = JSON.parse(readFileSync(join(outDir, 'prpack.json'), 'utf8'));
    const records = (await keyStore.list({ contentId: basename(outDir) })).items;
    for (const { file, kid } of tracks.filter(({ encrypted }) => encrypted)) {
      const { fingerprint } = state.files.find(({ name }: { name: string }) => name === file);
      const { outputs } = records.find((record) => record.kid === kid)!;
      expect(outputs.map((output) => output.fingerprint)).toContain(fingerprint);
    }
  });

  it('is known after `manifest` has written other manifests', async () => {
    const outDir = newFolder();
    await run({ outDir });
    await writeManifests({ inputs: [outDir], outDir, force: true });
    expect(readFileSync(join(outDir, 'manifest.mpd'), 'utf8')).toContain('lang="de"'); // package has recorded it
    expect(reusedOf(await run({ outDir, force: true }))).toEqual(ALL_REUSED);
    await expectTrue(outDir);
  });

  it('is made again where the folder does not say what it was made of', async () => {
    const outDir = newFolder();
    await run({ outDir });
    const path = join(outDir, 'prpack.json');
    const { tracks: _, ...state } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(state));
    expect(Object.values(reusedOf(await run({ outDir, force: true })))).toEqual([false, false, false, false]);
    await expectTrue(outDir);
  });

  it('is told in a dry run, which reads no more than it must', async () => {
    const outDir = newFolder();
    await run({ outDir });
    const planned = await run({ outDir, inputs: [...inputs, french], force: true, dryRun: true });
    expect(reusedOf(planned)).toEqual({ ...ALL_REUSED, 'audio-fr': false });
    await run({ outDir, inputs: [...inputs, french], force: true });
    for (const { file, text } of planned.manifests)
      expect(readFileSync(join(outDir, file), 'utf8'), file).toBe(text);
  });

  it('serves one track only, of two that are the same', async () => {
    const outDir = newFolder();
    const twin = temporary('twin');
    mkdirSync(twin);
    const copy = join(twin, 'copy-180.mp4');
    writeFileSync(copy, readFileSync(inputs[0]));
    await run({ outDir });
    const second = await run({ outDir, inputs: [...inputs, copy], force: true });
    expect(Object.values(reusedOf(second)).filter((reused) => !reused)).toHaveLength(1);
    expect(new Set(second.tracks.map(({ file }) => file)).size).toBe(second.tracks.length);
  });
});
