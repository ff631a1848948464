import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';
import { writeLadder } from '../support/ladder.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const LA_URL = 'https://drm.example.com/rm.asmx';
let count = 0;

beforeAll(async () => {
  const inputs = writeLadder(temporary('ladder'));
  const cuts = ['--fragment-duration', '1', '--segment-duration', '2'];
  await runCli(['package', ...inputs, '--out-dir', temporary('film'), ...cuts, '--la-url', LA_URL]);
});

/** The media of a presentation, without manifests. */
function media(): string {
  const folder = temporary(`media${count++}`);
  mkdirSync(folder);
  for (const name of readdirSync(temporary('film'))) {
    if (/\.mp4$|^text-en\.vtt$/.test(name)) cpSync(join(temporary('film'), name), join(folder, name));
  }
  return folder;
}

describe('prpack manifest', () => {
  it('writes manifests of a folder, says what it found, and that nothing is to be done', async () => {
    const folder = media();
    const { exitCode, stdout, stderr } = await runCli(['manifest', folder, '--out-dir', folder]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toMatch(/^Wrote manifests of .*media0\n {2}0:03\.\d+ · 5 tracks · 9 manifests/);
    expect(stderr).toMatch(/video-180p +avc1\.64000c +320x180 +\S+video-180p\.mp4 +[0-9a-f-]{36}/);
    expect(stderr).toContain('manifest.mpd (DASH) or ');
    expect(readdirSync(folder)).toContain('main.m3u8');
    const again = await runCli(['manifest', folder, '--out-dir', folder]);
    expect(again.stderr).toMatch(/^Unchanged: .*nothing was changed\./s);
  });

  it('reports in JSON, with what is said of inputs', async () => {
    const folder = media();
    const said = ['--describe', 'audio-de.mp4:lang=de,role=dub,name=Deutsch, neu'];
    const { json, exitCode } = await runCliJson(['manifest', folder, '--out-dir', folder, ...said]);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ outDir: folder, unchanged: false, dryRun: false });
    expect(json.tracks.find(({ file }: { file: string }) => file === 'audio-de.mp4')).toMatchObject({
      id: 'audio-de-dub',
      language: 'de',
      role: 'dub',
      label: 'Deutsch, neu',
      scheme: 'cenc',
      segments: 3,
    });
  });

  it('says what would be written with --dry-run, byte for byte, and writes nothing', async () => {
    const folder = media();
    const before = readdirSync(folder);
    const dry = await runCliJson([
      'manifest',
      folder,
      '--out-dir',
      folder,
      '--dry-run',
      '--segment-duration',
      '2',
    ]);
    const shown = await runCli(['manifest', folder, '--out-dir', folder, '--dry-run']);
    expect(shown.stderr).toMatch(
      /^Would write manifests of .*Nothing was written\..*\nmain\.m3u8\n#EXTM3U\n/s,
    );
    expect(readdirSync(folder)).toEqual(before);
    await runCli(['manifest', folder, '--out-dir', folder, '--segment-duration', '2']);
    for (const { file, text } of dry.json.manifests)
      expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
  });

  it('replaces manifests only with --force, and leaves no trace when it refuses', async () => {
    const folder = temporary('film');
    const before = readdirSync(folder);
    const { exitCode, json } = await runCliJson(['manifest', folder, '--out-dir', folder]);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 6, code: 'OUTPUT_EXISTS' });
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(temporary('')).filter((name) => name.includes('.part'))).toEqual([]);
    const forced = await runCli(['manifest', folder, '--out-dir', folder, '--force']);
    expect(forced.exitCode).toBe(0);
  });

  it.each([
    [['--systems', 'common', '--la-url', LA_URL], 2, 'has no effect without the system playready'],
    [['--fairplay-uri', 'skd://{kid}'], 2, 'FairPlay plays none of these files'],
    [['--systems', 'playready,fairplay'], 2, 'or leave fairplay out of --systems'],
    [['--describe', 'other.mp4:lang=de'], 2, 'which is no input'],
  ])('refuses %s', async (more, expected, message) => {
    const folder = media();
    const { exitCode, stderr } = await runCli(['manifest', folder, '--out-dir', folder, ...more]);
    expect(exitCode).toBe(expected);
    expect(stderr).toContain(message);
    expect(readdirSync(folder).filter((name) => name.endsWith('.m3u8'))).toEqual([]);
  });

  it('refuses what is not packaged, with what to do', async () => {
    const { exitCode, stderr } = await runCli([
      'manifest',
      temporary('ladder'),
      '--out-dir',
      temporary('ladder'),
    ]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('package makes such files of clear ones');
  });
});
