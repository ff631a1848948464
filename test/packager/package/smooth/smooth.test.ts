import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  decrypt,
  givenKeyTexts,
  inspect,
  type KeySource,
  openKeyStore,
  type PackageOptions,
  type PackageResult,
  packageTitle,
} from '../../../../src/index.js';
import { box, u8, u16, u32 } from '../../../support/builder/boxes.js';
import { audioEntry } from '../../../support/builder/movie.js';
import { CUTS, rendition, voice, writeLadder, writeMovie } from '../../../support/ladder.js';
import { readMovie } from '../../../support/mp4-reader.js';
import { piffSamples } from '../../../support/piff-fragment.js';
import { fingerprintsOf } from '../../../support/sample-hashes.js';
import { smoothResponse } from '../../../support/smooth-origin.js';
import { temporaryFolder } from '../../../support/temporary.js';

const temporary = temporaryFolder();
const KID = '0123456789abcdef0123456789abcdef';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const LA_URL = 'https://drm.example.com/rm.asmx';
let inputs: string[];
let count = 0;

beforeAll(() => {
  inputs = writeLadder(temporary('ladder'));
});

/** Of video and of audio. */
const twoKeys: KeySource = {
  assign: async (requests, systemIds) => {
    const keys = { video: givenKeyTexts(KID, KEY), audio: givenKeyTexts(KEY, KID) };
    return (await Promise.all(requests.map((one) => keys[one.type].assign([one], systemIds)))).flat();
  },
};

const newFolder = () => temporary(`title${count++}`);

function run(outDir: string, options: Partial<PackageOptions> = {}): Promise<PackageResult> {
  return packageTitle({
    inputs,
    outDir,
    smooth: true,
    keys: givenKeyTexts(KID, KEY),
    playready: { laUrl: LA_URL },
    ...CUTS,
    ...options,
  });
}

/** Streams of a client manifest, as a client reads them. */
function streamsOf(manifest: string) {
  return manifest
    .split('<StreamIndex ')
    .slice(1)
    .map((text) => {
      const [, url] = /Url="([^"]+)"/.exec(text)!;
      const levels = [...text.matchAll(/<QualityLevel .*?Bitrate="(\d+)".*?CodecPrivateData="(\w+)"/g)];
      let start = 0;
      const times = [...text.matchAll(/<c (?:t="(\d+)" )?d="(\d+)"/g)].map(([, t, d]) => {
        const time = t === undefined ? start : Number(t);
        start = time + Number(d);
        return time;
      });
      return { url, levels: levels.map(([, rate, header]) => ({ rate, header })), times };
    });
}

/** What a client decodes that asks for everything which the manifest names. */
function expectAllSamples(answer: (uri: string) => Buffer): void {
  const streams = streamsOf(answer('Manifest').toString());
  const tracks = [inputs[0], inputs[1], inputs[0], inputs[2]].map((path, i) => {
    const movie = readMovie(path);
    const track = movie.tracks.find(({ handler }) => handler === (i < 2 ? 'vide' : 'soun'))!;
    return { track, data: track.samples.map(({ offset, size }) => movie.at(offset, size)) };
  });
  const levels = streams.flatMap(({ url, levels: ofStream, times }) =>
    ofStream.map(({ rate }) =>
      times.map((time) => {
        const uri = url.replace('{bitrate}', rate).replace('{start time}', `${time}`);
        return { time, samples: piffSamples(answer(uri), KEY) };
      }),
    ),
  );
  expect(levels.map((fragments) => fragments.length)).toEqual([3, 3, 3, 3]);
  for (const [i, fragments] of levels.entries()) {
    const { track, data } = tracks[i];
    const samples = fragments.flatMap(({ samples: all }) => all);
    expect(samples.map((sample) => sample.data)).toEqual(data);
    // All is shown at one distance from where the edit list puts it, to a tick: 80 ms, by which pictures wait.
    const shown = fragments.flatMap(({ time, samples: all }) => all.map(({ dts, cto }) => time + dts + cto));
    const edit = track.edits[0]?.mediaTime ?? 0;
    for (const [at, { dts, cto }] of track.samples.entries()) {
      const seconds = (dts + cto - edit) / track.timescale;
      expect(Math.abs(shown[at] - seconds * 1e7 - 800_000)).toBeLessThanOrEqual(1);
    }
  }
}

describe('Smooth Streaming', () => {
  let outDir: string;
  let result: PackageResult;
  beforeAll(async () => {
    outDir = newFolder();
    result = await run(outDir);
  });

  it('is added to the folder, and to what is said of it', () => {
    const files = readdirSync(outDir).filter((name) => name.includes('.is'));
    expect(files.sort()).toEqual([
      'audio-de.isma',
      'audio-und.isma',
      'manifest.ism',
      'manifest.ismc',
      'video-180p.ismv',
      'video-90p.ismv',
    ]);
    expect(result.warnings).toEqual([
      'Smooth Streaming leaves out text-en: subtitles are for DASH and HLS alone.',
    ]);
    expect(result.manifests.map(({ file }) => file).slice(-2)).toEqual(['manifest.ismc', 'manifest.ism']);
    const { files: listed } = JSON.parse(readFileSync(join(outDir, 'prpack.json'), 'utf8'));
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(files));
    const sum = listed.reduce((bytes: number, file: { bytes: number }) => bytes + file.bytes, 0);
    expect(result.bytes).toBe(sum);
  });

  it('gives a client that has the manifest and the key every sample of the inputs, in time', () => {
    expectAllSamples((uri) => smoothResponse(`${join(outDir, 'manifest.ism')}/${uri}`)!);
  });

  it('has the encrypted samples of the other files, byte for byte', () => {
    for (const [file, piff] of [
      ['video-90p.mp4', 'video-90p.ismv'],
      ['audio-de.mp4', 'audio-de.isma'],
    ]) {
      const md5s = (name: string) => fingerprintsOf(join(outDir, name))[0].map(({ md5 }) => md5);
      expect(md5s(piff)).toEqual(md5s(file));
    }
  });

  it('writes files that are PIFF on their own: inspected and decrypted as such', async () => {
    const input = join(outDir, 'video-180p.ismv');
    const { tracks, pssh } = await inspect({ input });
    expect(tracks[0]).toMatchObject({ scheme: 'PIFF-CTR', ivSize: 8 });
    expect(pssh.map(({ name }) => name)).toEqual(['PlayReady']);
    const output = temporary('clear.mp4');
    await decrypt({ input, output, keys: givenKeyTexts(KID, KEY) });
    const md5s = (path: string) => fingerprintsOf(path)[0].map(({ md5 }) => md5);
    expect(md5s(output)).toEqual(md5s(inputs[0]));
  });

  it('tells clients of AVC by start codes, and of AAC by its configuration', () => {
    const [video, audio] = streamsOf(readFileSync(join(outDir, 'manifest.ismc'), 'utf8'));
    expect(video.levels[0].header).toMatch(/^00000001 ?67[0-9A-F]+0000000168[0-9A-F]+$/);
    expect(audio.levels[0].header).toBe('1190'); // AAC-LC, 48 kHz, stereo
  });

  it('is left alone by a second run, replaced with force, and removed without smooth', async () => {
    const again = newFolder();
    const keyStore = openKeyStore({ location: `sqlite:${temporary('keys.sqlite')}` });
    await run(again, { keyStore });
    expect((await run(again, { keyStore })).unchanged).toBe(true);
    await run(again, { keyStore, force: true });
    keyStore.close();
    expect(
      readdirSync(again)
        .filter((name) => name.includes('.is'))
        .sort(),
    ).toEqual([
      'audio-de.v2.isma',
      'audio-und.v2.isma',
      'manifest.ism',
      'manifest.ismc',
      'video-180p.v2.ismv',
      'video-90p.v2.ismv',
    ]);
    expect(readFileSync(join(again, 'manifest.ism'), 'utf8')).toContain('src="video-90p.v2.ismv"');
    await run(again, { force: true, smooth: false });
    expect(readdirSync(again).filter((name) => name.includes('.is'))).toEqual([]);
  });

  it('is planned with dryRun as it will be', async () => {
    const planned = await run(newFolder(), { dryRun: true });
    const text = (file: string) => planned.manifests.find((one) => one.file === file)?.text;
    expect(text('manifest.ism')).toBe(readFileSync(join(outDir, 'manifest.ism'), 'utf8'));
    expect(planned.bytes).toBe(result.bytes);
  });

  it('leaves out what has no FourCC, and says so', async () => {
    // OpusSpecificBox: two channels, no pre-skip, 48000 Hz (Encapsulation of Opus in ISOBMFF 4.3.2)
    const entry = audioEntry('Opus', box('dOps', u8(0, 2), u16(0), u32(48000), u8(0, 0, 0)));
    const opus = writeMovie(temporary('film.fr.m4a'), [{ ...voice(3), entries: [entry] }]);
    const { warnings } = await run(newFolder(), { inputs: [...inputs, opus] });
    expect(warnings.join('\n')).toContain(
      'Smooth Streaming leaves out audio-Opus-fr: its codec is Opus, and clients take AVC and AAC.',
    );
    await expect(
      run(newFolder(), { inputs: [writeMovie(temporary('film.mp4'), [rendition(320, 180)]), opus] }),
    ).rejects.toMatchObject({
      code: 'UNSUPPORTED_FEATURE',
      message: expect.stringContaining('no audio is left for Smooth Streaming'),
    });
  });

  it.each<[string, Partial<PackageOptions>, string]>([
    ['cbcs', { scheme: 'cbcs' }, 'the scheme cenc only'],
    ['IVs of 16 bytes', { ivSize: 16 }, 'IVs of 8 bytes only'],
    ['content without PlayReady', { systems: ['common'] }, 'PlayReady only'],
    ['several keys by an option', { keyPer: 'type' }, 'one key for all tracks only'],
    ['several keys of a source', { keys: twoKeys }, 'one key for all tracks only'],
  ])('refuses %s', async (_, options, message) => {
    const folder = newFolder();
    await expect(run(folder, options)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
      details: expect.objectContaining({ remedy: expect.any(String) }),
    });
    expect(readdirSync(temporary('')).filter((name) => folder.endsWith(name))).toEqual([]);
  });
});

it('gives renditions streams of their own where their fragments cannot begin together', async () => {
  // 4 of 12800 ticks: less than DASH and HLS mind, and more than a tick of Smooth Streaming
  const other = { ...rendition(160, 90), edits: [{ duration: 3000, mediaTime: 1020 }] };
  const outDir = newFolder();
  const paths = [inputs[0], writeMovie(temporary('film-90-late.mp4'), [other])];
  const { warnings } = await run(outDir, { inputs: paths });
  expect(warnings).toEqual([expect.stringContaining('do not switch between them')]);
  const streams = streamsOf(readFileSync(join(outDir, 'manifest.ismc'), 'utf8'));
  expect(streams.map(({ url }) => /\((\w+)=/.exec(url)?.[1])).toEqual(['video', 'video_2', 'audio_und']);
  expect(streams.map(({ times }) => times[0])).toEqual([0, 3125, 800000]); // sound begins with the first picture, which waits 80 ms
});

describe('Smooth Streaming without an origin', () => {
  it('has a file for every fragment that a client asks for', async () => {
    const outDir = newFolder();
    const { manifests } = await run(outDir, { addressing: 'segments' });
    expect(manifests.at(-1)?.file).toBe('Manifest');
    expectAllSamples((uri) => readFileSync(join(outDir, ...uri.split('/'))));
    expect(readdirSync(outDir).filter((name) => name.includes('.is'))).toEqual([]);
  });

  it('has other URLs for other media, and leaves none behind', async () => {
    const outDir = newFolder();
    const folders = () => readdirSync(outDir).filter((name) => name.startsWith('QualityLevels'));
    await run(outDir, { addressing: 'segments' });
    const first = folders();
    expect(first).toHaveLength(4);
    for (const name of first) expect(name).toMatch(/^QualityLevels\(\d+000\)$/);
    // As a run leaves them that was killed before it could say so.
    mkdirSync(join(outDir, 'QualityLevels(75001)'));
    writeFileSync(join(outDir, 'QualityLevels(75001)', 'Fragments(video=0)'), 'x');
    writeFileSync(join(outDir, 'video-90p.v2.mp4'), 'x');
    await run(outDir, { addressing: 'segments', force: true });
    expect(folders()).toHaveLength(4);
    for (const name of folders()) expect(name).toMatch(/^QualityLevels\(\d+002\)$/); // the third version
    await run(outDir, { force: true });
    expect(folders()).toEqual([]);
    expect(readdirSync(outDir)).not.toContain('Manifest');
  });

  it('is found complete by a second run', async () => {
    const outDir = newFolder();
    const keyStore = openKeyStore({ location: `sqlite:${temporary('keys2.sqlite')}` });
    const options = { addressing: 'segments', keyStore } as const;
    await run(outDir, options);
    expect((await run(outDir, options)).unchanged).toBe(true);
    keyStore.close();
  });
});
