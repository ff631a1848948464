import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryPathOf } from '../../src/bytes/sinks/file-sink.js';
import { runCli, runCliJson } from '../support/cli.js';
import { writeLadder } from '../support/ladder.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const CUTS = { fragmentDurationSeconds: 1, segmentDurationSeconds: 2 };
let count = 0;
const newFolder = () => temporary(`out${count++}`);

beforeAll(() => {
  for (const name of ['one', 'two', 'three']) {
    writeLadder(temporary(`titles/${name}`));
    title(name);
  }
  writeFileSync(temporary('titles/broken.yaml'), JSON.stringify({ inputs: ['broken.mp4'] }));
  writeFileSync(temporary('titles/broken.mp4'), 'no film');
});

function title(name: string, more: object = {}): void {
  writeFileSync(temporary(`titles/${name}.yaml`), JSON.stringify({ inputs: [name], ...CUTS, ...more }));
}

const linesOf = (outDir: string) =>
  readFileSync(join(outDir, 'prpack-results.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const lastOf = (outDir: string, output: string) =>
  linesOf(outDir).findLast((line) => line.output === join(outDir, output));
const batch = (source: string, outDir: string, ...more: string[]) =>
  runCliJson(['batch', temporary(source), '--out-dir', outDir, ...more]);

describe('prpack batch of titles', () => {
  it.each(['1', '2'])(
    'packages all, but the one that is broken, and skips what is proven: %s jobs',
    async (jobs) => {
      const outDir = newFolder();
      const content = `jobs-${jobs}`;
      for (const name of ['one', 'two', 'three'])
        title(name, { contentId: `${content}-${name}`, laUrl: 'https://drm.example.com/t' });
      const first = await batch('titles/*.yaml', outDir, '--jobs', jobs);
      expect(first.json).toMatchObject({
        total: 4,
        done: 3,
        failed: 1,
        exitCode: 3,
        failures: { NOT_MP4: 1 },
      });
      expect(readdirSync(outDir).sort()).toEqual(['one', 'prpack-results.jsonl', 'three', 'two']);
      const line = lastOf(outDir, 'one');
      expect(line).toMatchObject({
        ...{
          status: 'done',
          input: temporary('titles/one.yaml'),
          contentId: `${content}-one`,
          unchanged: false,
        },
        fingerprint: { bytes: expect.any(Number), digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      expect(line.kids).toHaveLength(2);
      const { json: keys } = await runCliJson(['keys', 'list', '--content-id', `${content}-one`]);
      expect(keys.map(({ kid }: { kid: string }) => kid).sort()).toEqual([...line.kids].sort());
      expect(keys[0]).toMatchObject({ state: 'active', laUrl: 'https://drm.example.com/t' });

      appendFileSync(join(outDir, 'two/video-90p.mp4'), 'x');
      rmSync(join(outDir, 'three'), { recursive: true });
      const again = await batch('titles/*.yaml', outDir, '--jobs', jobs, '--resume');
      expect(again.json).toMatchObject({ done: 1, skipped: 1, failed: 2 });
      expect(lastOf(outDir, 'one')).toMatchObject({
        status: 'skipped',
        outputFingerprint: line.outputFingerprint,
        kids: line.kids,
      });
      expect(lastOf(outDir, 'two').error.code).toBe('OUTPUT_EXISTS');
      expect(lastOf(outDir, 'three')).toMatchObject({ status: 'done', unchanged: false });

      writeFileSync(temporary('titles/one/film.en.vtt'), `WEBVTT\n\n00:00.500 --> 00:02.500\nHi ${jobs}\n`);
      const other = await batch('titles/*.yaml', outDir, '--jobs', jobs, '--resume', '--force');
      expect(other.json).toMatchObject({ done: 2, skipped: 1, failed: 1 });
      expect(lastOf(outDir, 'one').status).toBe('done');
      expect(existsSync(join(outDir, 'one/text-en.v2.vtt'))).toBe(true);
    },
  );

  it('takes titles from lines of a manifest, next to files', async () => {
    const outDir = newFolder();
    const lines = [
      { title: 'titles/one.yaml', outDir: 'series/one', contentId: 'line-one', scheme: 'cbcs' },
      {
        inputs: ['titles/two', { path: 'titles/three/film.de.m4a', lang: 'fr' }],
        outDir: 'film.two',
        ...CUTS,
      },
      { input: sample('bars.mp4'), output: 'bars.mp4', contentId: 'line-bars' },
    ];
    writeFileSync(temporary('lines.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
    const { json, stderr } = await batch('lines.jsonl', outDir, '--la-url', 'https://drm.example.com/all');
    expect({ ...json, stderr }).toMatchObject({ total: 3, done: 3 });
    const one = readFileSync(join(outDir, 'series/one/manifest.mpd'), 'utf8');
    expect(one).toContain('value="cbcs"');
    expect(readFileSync(join(outDir, 'film.two/manifest.mpd'), 'utf8')).toContain('lang="fr"');
    expect(
      linesOf(outDir)
        .map(({ contentId }) => contentId)
        .sort(),
    ).toEqual(['film.two', 'line-bars', 'line-one']);
    const { json: keys } = await runCliJson(['keys', 'list', '--content-id', 'film.two']);
    expect(keys[0].laUrl).toBe('https://drm.example.com/all');
  });

  it('takes titles from a table, and one title file alone', async () => {
    const outDir = newFolder();
    writeFileSync(
      temporary('titles.csv'),
      'title,inputs,outDir,segmentDurationSeconds,contentId\ntitles/two.yaml,,,,csv-two\n,"titles/one/film-180.mp4; titles/three/film.de.m4a",three,2,csv\n',
    );
    const { json } = await batch('titles.csv', outDir, '--dry-run');
    expect(json).toMatchObject({ total: 2, done: 2, dryRun: true });
    expect(existsSync(outDir)).toBe(false);
    const alone = await batch('titles/two.yaml', outDir, '--dry-run');
    expect(alone.json).toMatchObject({ total: 1, done: 1 });
  });

  it('removes what a run that was killed has left of a title', async () => {
    const outDir = newFolder();
    const left = temporaryPathOf(join(outDir, 'two'));
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, 'video-90p.mp4'), 'half');
    await batch('titles/two.yaml', outDir);
    expect(readdirSync(outDir).sort()).toEqual(['prpack-results.jsonl', 'two']);
  });

  it.each<[string, object, string]>([
    ['an unknown field', { title: 'titles/one.yaml', layout: 'keep' }, 'line 1: there is no field "layout"'],
    ['inputs without a folder', { inputs: ['titles/one'] }, 'line 1: outDir: '],
    ['two things at once', { input: 'a.mp4', title: 'titles/one.yaml' }, 'one of input, title, inputs'],
    [
      'a wrong description',
      { inputs: [{ path: 'a.mp4', role: 'dubb' }], outDir: 'a' },
      'inputs.0.role: main',
    ],
    ['a title file that is not there', { title: 'none.yaml' }, 'there is no title file'],
    ['a folder outside', { title: 'titles/one.yaml', outDir: '../x' }, 'would be outside'],
  ])('refuses %s before it begins', async (_, line, message) => {
    writeFileSync(temporary('wrong.jsonl'), JSON.stringify(line));
    const outDir = newFolder();
    const { exitCode, stderr } = await runCli(['batch', temporary('wrong.jsonl'), '--out-dir', outDir]);
    expect([2, 3]).toContain(exitCode);
    expect(stderr).toContain(message);
    expect(existsSync(outDir)).toBe(false);
  });
});
