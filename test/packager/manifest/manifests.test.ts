import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  encrypt,
  type KeyStore,
  type ManifestOptions,
  type ManifestResult,
  openKeyStore,
  packageTitle,
  writeManifests,
} from '../../../src/index.js';
import { encryptTo } from '../../support/jobs.js';
import { CUTS, rendition, SUBTITLES, voice, writeLadder, writeMovie } from '../../support/ladder.js';
import { boxesOfFile, splitTrack } from '../../support/segments.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const LA_URL = 'https://drm.example.com/rm.asmx';
let keyStore: KeyStore;
let count = 0;

const newFolder = () => {
  const folder = temporary(`film${count++}`);
  mkdirSync(folder);
  return folder;
};

/** What the names of `package` say, said again: its files have no language. */
const DESCRIBED = { 'audio-de.mp4': { lang: 'de' }, 'text-en.vtt': { lang: 'en' } };

beforeAll(async () => {
  keyStore = openKeyStore({ location: `sqlite:${temporary('keys.sqlite')}` });
  const inputs = writeLadder(temporary('ladder'));
  for (const scheme of ['cenc', 'cbcs'] as const) {
    const systems = ['playready', 'common', 'widevine'] as const;
    const playready = { laUrl: LA_URL };
    await packageTitle({ inputs, outDir: temporary(scheme), keyStore, scheme, systems, playready, ...CUTS });
  }
  return () => keyStore.close();
});

/** The media of a presentation of `package`, without its manifests. */
function mediaOf(scheme: 'cenc' | 'cbcs'): string {
  const folder = newFolder();
  for (const name of readdirSync(temporary(scheme))) {
    if (/\.mp4$|^text-en\.vtt$/.test(name)) cpSync(join(temporary(scheme), name), join(folder, name));
  }
  return folder;
}

function run(outDir: string, options: Partial<ManifestOptions> = {}): Promise<ManifestResult> {
  return writeManifests({ inputs: [outDir], outDir, ...options });
}

const read = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');

function contentsOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return new Map(names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
}

/** Each track of a presentation in a folder of its own, in segments. */
function segmented(from: string, start = 1): string {
  const folder = newFolder();
  for (const name of readdirSync(from).filter((one) => one.endsWith('.mp4'))) {
    const segment = (number: number) => `${number + start - 1}.m4s`;
    splitTrack(join(from, name), join(folder, name.replace('.mp4', '')), { segment });
  }
  return folder;
}

describe('writeManifests', () => {
  it.each(['cenc', 'cbcs'] as const)('says of files what `package` said of them, %s', async (scheme) => {
    const outDir = mediaOf(scheme);
    const names = ['video-180p.mp4', 'video-90p.mp4', 'audio-und.mp4', 'audio-de.mp4', 'text-en.vtt'];
    const { tracks, warnings, manifests } = await run(outDir, {
      inputs: names.map((name) => join(outDir, name)),
      describe: DESCRIBED,
      segmentDurationSeconds: 2,
    });
    expect(warnings.filter((one) => !one.includes('SDK before 4.4'))).toEqual([]);
    for (const name of readdirSync(outDir).filter((one) => /\.mpd$|^(?:video|audio).*\.m3u8$/.test(one)))
      expect(read(outDir, name), name).toBe(read(temporary(scheme), name));
    expect(manifests.map(({ file }) => file).slice(-2)).toEqual(['manifest.mpd', 'main.m3u8']);
    expect(
      tracks.map(({ id, file, kid, scheme: own, segments }) => [id, file, kid !== undefined, own, segments]),
    ).toEqual([
      ['video-180p', 'video-180p.mp4', true, scheme, 2],
      ['video-90p', 'video-90p.mp4', true, scheme, 2],
      ['audio-und', 'audio-und.mp4', true, scheme, 2],
      ['audio-de', 'audio-de.mp4', true, scheme, 2],
      ['text-en', 'text-en.vtt', false, undefined, undefined],
    ]);
  });

  it('writes nothing but manifests', async () => {
    const outDir = mediaOf('cenc');
    const before = contentsOf(outDir);
    const { manifests } = await run(outDir);
    const after = contentsOf(outDir);
    for (const [name, bytes] of before) expect(after.get(name), name).toBe(bytes);
    expect([...after.keys()].filter((name) => !before.has(name)).sort()).toEqual(
      manifests.map(({ file }) => file).sort(),
    );
  });

  it('has a segment for each part of the index, where nothing else is asked for', async () => {
    const outDir = mediaOf('cenc');
    await run(outDir);
    expect(read(outDir, 'video-180p.m3u8').match(/#EXTINF:1\.000000/g)).toHaveLength(3);
    expect(read(outDir, 'video-180p-iframes.m3u8').match(/#EXTINF/g)).toHaveLength(3);
  });

  it('names one PlayReady header for all keys, as players on Windows want it', async () => {
    const outDir = mediaOf('cenc');
    await run(outDir);
    const session = [
      ...read(outDir, 'main.m3u8').matchAll(/SESSION-KEY:.*base64,([^"]+)",KEYFORMAT="com.microsoft/g),
    ];
    expect(session).toHaveLength(1);
    const header = Buffer.from(session[0][1], 'base64').toString('utf16le');
    expect(header.match(/<KID /g)).toHaveLength(2);
    expect(header).toContain(LA_URL);
  });

  it('gives subtitles to HLS as one file, and leaves out the pieces that `package` cut', async () => {
    const outDir = newFolder();
    cpSync(temporary('cenc'), outDir, { recursive: true });
    const { tracks } = await run(outDir, { force: true, describe: DESCRIBED });
    expect(tracks.filter(({ type }) => type === 'text')).toMatchObject([{ file: 'text-en.vtt' }]);
    // 141 frames of audio last 3.008 s
    expect(read(outDir, 'text-en.m3u8')).toBe(
      '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:3.008000,\ntext-en.vtt\n#EXT-X-ENDLIST\n',
    );
  });

  it('reads tracks in segments, each in a folder of its own', async () => {
    const outDir = segmented(temporary('cbcs'), 5);
    const { tracks } = await run(outDir);
    expect(tracks.map(({ id, input, file, segments }) => [id, input, file, segments])).toEqual([
      ['video-180p', join(outDir, 'video-180p'), 'video-180p/init.mp4', 3],
      ['video-90p', join(outDir, 'video-90p'), 'video-90p/init.mp4', 3],
      ['audio-und', join(outDir, 'audio-de'), 'audio-de/init.mp4', 3],
      ['audio-und-2', join(outDir, 'audio-und'), 'audio-und/init.mp4', 3],
    ]);
    const mpd = read(outDir, 'manifest.mpd');
    expect(mpd).toContain(
      'initialization="video-180p/init.mp4" media="video-180p/$Number$.m4s" startNumber="5"',
    );
    expect(mpd).toContain('<S t="0" d="12800" r="2"/>');
    expect(read(outDir, 'video-90p.m3u8')).toMatch(
      /#EXT-X-MAP:URI="video-90p\/init\.mp4"[\s\S]*\nvideo-90p\/7\.m4s\n/,
    );
    const [, range] = /BYTERANGE:(\d+@\d+)\nvideo-90p\/6\.m4s/.exec(read(outDir, 'video-90p-iframes.m3u8'))!;
    expect(range).toMatch(/@0$/);
  });

  it('says of segments of `package` what it said itself, and leaves out the pieces of subtitles', async () => {
    const outDir = newFolder();
    await packageTitle({
      inputs: [temporary('ladder')],
      outDir,
      keyStore,
      force: true,
      addressing: 'segments',
      playready: { laUrl: LA_URL },
      ...CUTS,
    });
    const before = contentsOf(outDir);
    const names = ['video-180p', 'video-90p', 'audio-und', 'audio-de', 'text-en.vtt'];
    const describe = { 'audio-de': { lang: 'de' }, 'text-en.vtt': { lang: 'en' } };
    const { tracks } = await run(outDir, { force: true, describe });
    expect(tracks.filter(({ type }) => type === 'text')).toMatchObject([{ file: 'text-en.vtt' }]);
    await run(outDir, { inputs: names.map((name) => join(outDir, name)), force: true, describe });
    for (const [name, bytes] of before) {
      const isOther = /^(?:prpack\.json|main\.m3u8|text-en\.m3u8)$/.test(name); // HLS has the subtitles whole, and headers without CHECKSUM
      if (!isOther) expect(contentsOf(outDir).get(name), name).toBe(bytes);
    }
  });

  it('says of two schemes and trick play what `package` said itself, by the same names and in the same order', async () => {
    const outDir = newFolder();
    const packaged = await packageTitle({
      inputs: [temporary('ladder')],
      outDir,
      keyStore,
      force: true,
      schemes: ['cenc', 'cbcs'],
      trickPlay: true,
      playready: { laUrl: LA_URL },
      ...CUTS,
    });
    const before = contentsOf(outDir);
    const { tracks, warnings } = await run(outDir, { force: true, segmentDurationSeconds: 2 });
    const said = (all: typeof packaged.tracks) => all.map(({ id, trickPlayOf }) => [id, trickPlayOf]);
    expect(said(tracks)).toEqual(said(packaged.tracks));
    expect(said(tracks)).toContainEqual(['video-90p-trick-cbcs', 'video-90p-cbcs']);
    expect(warnings).toEqual([]);
    const after = contentsOf(outDir);
    for (const [name, bytes] of before) {
      const isOther = /^(?:prpack\.json|main.*\.m3u8|text-en\.m3u8)$/.test(name); // as above
      if (!isOther) expect(after.get(name), name).toBe(bytes);
    }
    expect(new Set(after.keys())).toEqual(new Set(before.keys()));
  });

  it('leaves out a track of trick play where the other one is not given: it is no rendition', async () => {
    const outDir = newFolder();
    const options = {
      inputs: [temporary('ladder')],
      outDir,
      keyStore,
      force: true,
      trickPlay: true,
      ...CUTS,
    };
    await packageTitle(options);
    const inputs = [join(outDir, 'video-180p.mp4'), join(outDir, 'video-90p-trick.mp4')];
    const { tracks } = await run(outDir, { inputs, dryRun: true });
    expect(tracks.map(({ id }) => id)).toEqual(['video-180p']);
    await expect(run(outDir, { inputs: inputs.slice(1) })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });

  it('reads several tracks in segments in one folder, and a header alone', async () => {
    const outDir = newFolder();
    for (const [i, name] of ['video-180p', 'video-90p', 'audio-de'].entries()) {
      const segment = (number: number) => `chunk-stream${i}-0000${number}.m4s`;
      splitTrack(join(temporary('cenc'), `${name}.mp4`), outDir, { header: `init-stream${i}.m4s`, segment });
    }
    const { tracks } = await run(outDir);
    expect(tracks.map(({ file }) => file)).toEqual([
      'init-stream0.m4s',
      'init-stream1.m4s',
      'init-stream2.m4s',
    ]);
    expect(read(outDir, 'manifest.mpd')).toContain('media="chunk-stream1-$Number%05d$.m4s" startNumber="1"');
    const inputs = [join(outDir, 'init-stream2.m4s')];
    const alone = await run(outDir, { inputs, dryRun: true });
    expect(alone.tracks).toMatchObject([{ type: 'audio', segments: 3 }]);
  });

  it('knows names that are the times of segments', async () => {
    const outDir = newFolder();
    // 25 pictures of 512 ticks a fragment
    splitTrack(join(temporary('cenc'), 'video-90p.mp4'), outDir, {
      segment: (number) => `${(number - 1) * 12_800}.m4s`,
    });
    await run(outDir);
    expect(read(outDir, 'manifest.mpd')).toContain('media="$Time$.m4s"');
    expect(read(outDir, 'video-90p.m3u8')).toContain('\n25600.m4s\n');
  });

  it('escapes names in URIs', async () => {
    const outDir = newFolder();
    splitTrack(join(temporary('cenc'), 'video-90p.mp4'), join(outDir, 'a b$#'));
    await run(outDir);
    expect(read(outDir, 'manifest.mpd')).toContain('media="a%20b%24%23/$Number$.m4s"');
  });

  it('reads what `encrypt` makes of files with one track', async () => {
    const outDir = newFolder();
    const clear = writeMovie(temporary('one-track.mp4'), [rendition(320, 180)]);
    await encryptTo(clear, join(outDir, 'v.mp4'), {
      playready: { laUrl: LA_URL },
      fragmentDurationSeconds: 1,
    });
    const sound = writeMovie(temporary('sound.mp4'), [voice(4)]);
    await encryptTo(sound, join(outDir, 'film.de.mp4'), {
      playready: { laUrl: LA_URL },
      fragmentDurationSeconds: 1,
    });
    const { tracks, warnings } = await run(outDir);
    expect(tracks.map(({ id, encrypted }) => [id, encrypted])).toEqual([
      ['video-180p', true],
      ['audio-de', true],
    ]);
    expect(warnings).toEqual([]);
    expect(tracks[0].kid).toBe(tracks[1].kid);
  });

  it('writes the same again without a change, and other manifests only with force', async () => {
    const outDir = mediaOf('cenc');
    await run(outDir);
    const before = contentsOf(outDir);
    expect((await run(outDir)).unchanged).toBe(true);
    await expect(run(outDir, { describe: DESCRIBED })).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect(contentsOf(outDir)).toEqual(before);
    expect((await run(outDir, { describe: DESCRIBED, force: true })).unchanged).toBe(false);
    expect(read(outDir, 'manifest.mpd')).toContain('lang="de"');
  });

  it('keeps the list of files in a folder of `package` true', async () => {
    const outDir = newFolder();
    cpSync(temporary('cenc'), outDir, { recursive: true });
    await run(outDir, { force: true, describe: { 'audio-de.mp4': { lang: 'fr' } } });
    const { files, job } = JSON.parse(read(outDir, 'prpack.json')) as {
      files: { name: string; bytes: number }[];
      job: string;
    };
    expect(job).toBe('manifest');
    expect(
      files
        .map(({ name }) => name)
        .concat('prpack.json')
        .sort(),
    ).toEqual(readdirSync(outDir).sort());
    for (const { name, bytes } of files) expect(statSync(join(outDir, name)).size, name).toBe(bytes);
    expect(readdirSync(outDir)).not.toContain('audio-de.m3u8'); // it is audio-fr.m3u8 now
  });

  it('prints what it would write', async () => {
    const outDir = mediaOf('cenc');
    const planned = await run(outDir, { dryRun: true });
    expect(readdirSync(outDir).some((name) => /\.(?:mpd|m3u8)$/.test(name))).toBe(false);
    await run(outDir);
    for (const { file, text } of planned.manifests) expect(text, file).toBe(read(outDir, file));
  });
});

describe('keys', () => {
  /** A presentation without pssh boxes, as DASH advises. */
  async function withoutHeaders(scheme: 'cenc' | 'cbcs'): Promise<string> {
    const outDir = newFolder();
    const clear = writeMovie(temporary('bare.mp4'), [rendition(320, 180)]);
    await encrypt({
      input: clear,
      output: join(outDir, 'v.mp4'),
      keyStore,
      scheme,
      systems: [],
      contentId: `v-${scheme}`,
      fragmentDurationSeconds: 1,
    });
    const sound = writeMovie(temporary('bare.m4a'), [voice(3)]);
    await encrypt({
      input: sound,
      output: join(outDir, 'a.mp4'),
      keyStore,
      scheme,
      systems: [],
      contentId: `a-${scheme}`,
      fragmentDurationSeconds: 1,
    });
    return outDir;
  }

  it('without headers in the files: an MPD, and warnings', async () => {
    const outDir = await withoutHeaders('cenc');
    const { warnings, manifests, tracks } = await run(outDir);
    expect(manifests.map(({ file }) => file)).toEqual(['manifest.mpd']);
    expect(warnings).toEqual([
      ...[tracks[1], tracks[0]].map(({ kid }) =>
        expect.stringContaining(`Players find no protection system for KID ${kid}`),
      ),
      expect.stringContaining('There are no playlists of HLS'),
    ]);
    expect(read(outDir, 'manifest.mpd').match(/default_KID/g)).toHaveLength(2);
  });

  it('names FairPlay, which has no header in files', async () => {
    const outDir = mediaOf('cbcs');
    const { tracks, warnings } = await run(outDir, { systems: ['fairplay'] });
    expect(warnings).toEqual([]);
    const keys = read(outDir, 'video-180p.m3u8').match(/#EXT-X-KEY:.*/g);
    const uri = `skd://${tracks[0].kid!.replaceAll('-', '')}`;
    expect(keys).toEqual([
      `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${uri}",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"`,
    ]);
  });

  it.each(['cenc', 'cbcs'] as const)(
    'makes headers from KIDs where options ask for it, %s',
    async (scheme) => {
      const outDir = await withoutHeaders(scheme);
      const { warnings, tracks } = await run(outDir, {
        systems: ['playready', 'common', 'widevine'],
        playready: { laUrl: LA_URL },
        ...(scheme === 'cbcs' && { fairplayUri: 'skd://x/{kid}' }),
      });
      // Without the keys there is no CHECKSUM, which the old header of AES-CTR may have; servers must be new enough for AES-CBC.
      expect(warnings).toEqual([expect.stringContaining(scheme === 'cenc' ? 'no CHECKSUM' : 'AES-CBC')]);
      const playlist = read(outDir, 'video-180p.m3u8');
      const [, pro] = /base64,([^"]+)",KEYFORMAT="com.microsoft.playready"/.exec(playlist)!;
      const header = Buffer.from(pro, 'base64').toString('utf16le');
      expect(header).toContain(scheme === 'cenc' ? 'version="4.0.0.0"' : 'version="4.3.0.0"');
      expect(header).toContain(LA_URL);
      expect(playlist).toContain(`KEYID=0x${tracks[0].kid!.replaceAll('-', '')}`);
      expect(playlist.includes('skd://x/')).toBe(scheme === 'cbcs');
      const session = /SESSION-KEY:.*base64,([^"]+)",KEYFORMAT="com.microsoft/.exec(
        read(outDir, 'main.m3u8'),
      )![1];
      expect(Buffer.from(session, 'base64').toString('utf16le').match(/<KID /g)).toHaveLength(2);
    },
  );

  it('names only the systems that are asked for', async () => {
    const outDir = mediaOf('cenc');
    await run(outDir, { systems: ['widevine'] });
    const mpd = read(outDir, 'manifest.mpd');
    expect(mpd).not.toContain('MSPR 2.0');
    expect(mpd).toContain('edef8ba9-79d6-4ace-a3c8-27dcd51d21ed');
  });

  it('puts headers of the options in place of those in the files, and says so', async () => {
    const outDir = mediaOf('cenc');
    const laUrl = 'https://other.example.com/rm.asmx';
    const { warnings } = await run(outDir, { playready: { laUrl } });
    expect(warnings).toContainEqual(
      expect.stringContaining('The PlayReady headers of the files are not in the manifests'),
    );
    const mpd = read(outDir, 'manifest.mpd');
    expect(mpd).toContain(`<dashif:Laurl>${laUrl}`);
    expect(mpd).not.toContain(LA_URL);
  });

  it('finds the header of a track in another file', async () => {
    const outDir = await withoutHeaders('cenc');
    await encrypt({
      input: temporary('bare.m4a'),
      output: join(outDir, 'b.mp4'),
      keyStore,
      contentId: 'a-cenc', // the key of a.mp4
      fragmentDurationSeconds: 1,
      playready: { laUrl: LA_URL },
    });
    const { warnings } = await run(outDir, { dryRun: true });
    expect(warnings.filter((one) => one.includes('no protection system'))).toHaveLength(1); // of the video
  });
});

describe('what is refused', () => {
  const refused = (outDir: string, code: string, text: string, options: Partial<ManifestOptions> = {}) =>
    expect(run(outDir, options)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });

  async function encrypted(options: Parameters<typeof encryptTo>[2], tracks = [rendition(320, 180)]) {
    const outDir = newFolder();
    const clear = writeMovie(temporary(`clear${count}.mp4`), tracks);
    await encrypt({
      input: clear,
      output: join(outDir, 'v.mp4'),
      keyStore,
      fragmentDurationSeconds: 1,
      ...options,
    });
    return outDir;
  }

  it('files that are progressive, or have several tracks', async () => {
    const outDir = newFolder();
    writeMovie(join(outDir, 'v.mp4'), [rendition(320, 180)]);
    await refused(outDir, 'UNSUPPORTED_FEATURE', 'not in fragments');
    await refused(await encrypted({}, [rendition(320, 180), voice(1, 2)]), 'UNSUPPORTED_FEATURE', '2 tracks');
  });

  it('files outside of the folder, and names that say nothing', async () => {
    const outDir = newFolder();
    await refused(outDir, 'INVALID_ARGUMENT', 'is not in', {
      inputs: [join(temporary('cenc'), 'video-90p.mp4')],
    });
    const inputs = [join(outDir, 'film.mkv')];
    await refused(outDir, 'INPUT_NOT_FOUND', 'there is no', { inputs });
    writeFileSync(inputs[0], '');
    await refused(outDir, 'INVALID_ARGUMENT', 'says nothing', { inputs });
    await refused(outDir, 'INPUT_NOT_FOUND', 'no packaged media');
    writeFileSync(join(outDir, 'film.en.vtt'), SUBTITLES);
    await refused(outDir, 'INPUT_NOT_FOUND', 'no input has audio or video');
  });

  it('schemes that no player of manifests plays', async () => {
    await refused(await encrypted({ scheme: 'cens' }), 'UNSUPPORTED_SCHEME', 'cens');
  });

  it('keys that rotate, in a file and in parts with a header each', async () => {
    const outDir = await encrypted({ cryptoPeriodSeconds: 1 });
    await refused(outDir, 'UNSUPPORTED_FEATURE', 'the keys of the track rotate: it has 3');
    const parts = newFolder();
    for (const [i, name] of ['v1', 'v2'].entries()) {
      const segments = splitTrack(join(temporary('cenc'), 'video-90p.mp4'), join(parts, name));
      for (const [j, path] of segments.entries()) if (j < i * 2 || j >= 2 + i * 2) rmSync(path);
    }
    await refused(parts, 'UNSUPPORTED_FEATURE', 'they are not of one period');
  });

  it('a FairPlay URI for tracks that it does not play', async () => {
    await refused(mediaOf('cenc'), 'INVALID_ARGUMENT', 'FairPlay plays none', { fairplayUri: 'skd://{kid}' });
  });

  it('an index that is missing, repeated, or not of these bytes', async () => {
    const path = join(temporary('cenc'), 'video-90p.mp4');
    const boxes = boxesOfFile(path);
    const write = (parts: readonly { bytes: Buffer }[]) => {
      const outDir = newFolder();
      writeFileSync(join(outDir, 'v.mp4'), Buffer.concat(parts.map(({ bytes }) => bytes)));
      return outDir;
    };
    const sidx = boxes.findIndex(({ type }) => type === 'sidx');
    const free = { type: 'free', bytes: Buffer.from('0000000866726565', 'hex') };
    const edited = (edit: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(boxes[sidx].bytes);
      edit(bytes);
      return write(boxes.toSpliced(sidx, 1, { type: 'sidx', bytes }));
    };
    const none = write(boxes.toSpliced(sidx, 1));
    await refused(none, 'UNSUPPORTED_FEATURE', 'no sidx');
    await refused(write(boxes.toSpliced(sidx, 0, boxes[sidx])), 'UNSUPPORTED_FEATURE', '2 sidx boxes');
    await refused(write(boxes.toSpliced(sidx + 1, 0, free)), 'MALFORMED_INPUT', 'is no segment');
    // Version 0: 8 + 4 + 8 + 8 + 4 bytes before the first reference of 12 bytes
    const first = 32;
    await refused(
      edited((b) => b.writeUInt32BE(b.readUInt32BE(first) + 2 ** 31, first)),
      'UNSUPPORTED_FEATURE',
      'sidx of sidx',
    );
    await refused(
      edited((b) => b.writeUInt16BE(2, first - 2)), // of three references
      'MALFORMED_INPUT',
      'does not list',
    );
    await refused(
      edited((b) => b.writeUInt32BE(b.readUInt32BE(first + 4) * 2, first + 4)),
      'MALFORMED_INPUT',
      'where samples say',
    );
    await refused(
      edited((b) => b.writeUInt32BE(10, first)),
      'MALFORMED_INPUT',
      'is no segment',
    );
  });

  it('segments that are missing, lone, or empty', async () => {
    const outDir = newFolder();
    const folder = join(outDir, 'v');
    const segments = splitTrack(join(temporary('cenc'), 'video-90p.mp4'), folder);
    renameSync(segments[1], join(outDir, 'kept'));
    await refused(outDir, 'INPUT_NOT_FOUND', '1.m4s is not followed');
    await refused(outDir, 'INVALID_ARGUMENT', 'is a segment, and its header is not given', {
      inputs: [segments[0]],
    });
    renameSync(join(outDir, 'kept'), segments[1]);
    rmSync(join(folder, 'init.mp4'));
    await refused(outDir, 'INVALID_ARGUMENT', 'is a segment, and its header is not given');
  });

  it('renditions whose segments begin at other times', async () => {
    const outDir = newFolder();
    for (const [name, fragmentDurationSeconds] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      const clear = writeMovie(temporary(`${name}.clear.mp4`), [rendition(320, name === 'a' ? 180 : 178)]);
      await encryptTo(clear, join(outDir, `${name}.mp4`), { fragmentDurationSeconds });
    }
    await refused(outDir, 'UNSUPPORTED_FEATURE', 'no sync sample where');
  });

  it('bytes that are no media', async () => {
    const outDir = newFolder();
    writeFileSync(join(outDir, 'v.mp4'), '0123456789');
    await expect(run(outDir)).rejects.toMatchObject({
      code: expect.stringMatching(/NOT_MP4|MALFORMED_INPUT/),
    });
    const cut = newFolder();
    const whole = readFileSync(join(temporary('cenc'), 'video-90p.mp4'));
    writeFileSync(join(cut, 'v.mp4'), whole.subarray(0, whole.length - 100));
    await refused(cut, 'TRUNCATED_INPUT', 'ends inside');
    expect(readdirSync(cut)).toEqual(['v.mp4']);
  });
});
