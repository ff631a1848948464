import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planBatch, settingsFingerprint, sharedContentWarnings } from '../../../src/packager/batch/plan.js';
import type { BatchOptions, Job } from '../../../src/packager/batch/types.js';
import { testMedia } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
const LONG_NAME = `${'x'.repeat(251)}.mp4`;
const MEDIA = [
  'b.mp4',
  'a b,"c".M4A',
  'sub/ü 漢.mov',
  'sub/deep/b.mp4',
  "sub/it's {a} [b].mp4",
  `sub/${LONG_NAME}`,
];

mkdirSync(inFolder('media'));
for (const name of [...MEDIA, 'notes.txt', '.hidden.mp4', '.git/b.mp4', 'out/old.mp4']) {
  mkdirSync(dirname(inFolder(`media/${name}`)), { recursive: true });
  copyFileSync(testMedia('opus.mp4'), inFolder(`media/${name}`));
}
symlinkSync(inFolder('media/b.mp4'), inFolder('media/link.mp4'));
symlinkSync(inFolder('media'), inFolder('media/loop'));

const plan = (source: string, more: Partial<BatchOptions> = {}) =>
  planBatch({ source, outDir: inFolder('media/out'), ...more });

async function outputsOf(source: string, more: Partial<BatchOptions> = {}): Promise<string[]> {
  const { jobs } = await plan(source, more);
  return jobs.map(({ output }) => relative(more.outDir ?? inFolder('media/out'), output));
}

function manifest(name: string, text: string): string {
  writeFileSync(inFolder(`media/${name}`), text);
  return inFolder(`media/${name}`);
}

describe('the jobs of a folder', () => {
  it('are its media files, without hidden ones, links to folders, and the outputs in it', async () => {
    const { jobs, results } = await plan(inFolder('media'));
    const inputs = jobs.map(({ input }) => relative(inFolder('media'), input));
    expect(inputs).toEqual([...MEDIA, 'link.mp4'].sort());
    expect(results).toBe(inFolder('media/out/prpack-results.jsonl'));
  });

  it('keep subfolders and tell contents apart by them', async () => {
    const { jobs } = await plan(inFolder('media'));
    const deep = jobs.find(({ input }) => input.endsWith('deep/b.mp4'));
    expect(deep).toMatchObject({ output: inFolder('media/out/sub/deep/b.enc.mp4'), contentId: 'sub/deep/b' });
    expect(new Set(jobs.map(({ contentId }) => contentId)).size).toBe(jobs.length);
  });

  it('cannot be given the names of manifests', async () => {
    await expect(plan(inFolder('media'), { name: '{name}.m3u8' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('names an HLS playlist'),
    });
  });

  it('cannot be written among the inputs', async () => {
    await expect(plan(inFolder('media'), { outDir: inFolder('media') })).rejects.toThrow(/among the inputs/);
  });
});

describe('the jobs of a pattern', () => {
  it('keep the folders below its fixed part', async () => {
    expect(await outputsOf(`${inFolder('media')}/**/b.mp4`)).toEqual(['b.enc.mp4', 'sub/deep/b.enc.mp4']);
    expect(await outputsOf(`${inFolder('media')}/sub/*.mov`)).toEqual(['ü 漢.enc.mp4']);
  });

  it('can be one file whose name looks like a pattern', async () => {
    expect(await outputsOf(inFolder("media/sub/it's {a} [b].mp4"))).toEqual(["it's {a} [b].enc.mp4"]);
  });

  it.each(['none/**/*.mp4', 'nothing.mp4', 'nothing.jsonl'])('must be there: %s', async (source) => {
    await expect(plan(inFolder(source))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });
});

describe('the jobs of a manifest', () => {
  it('are relative to it, and say more than the batch as a whole', async () => {
    const source = manifest(
      'm.jsonl',
      '{"input":"sub/deep/b.mp4","layout":"keep","luiUrl":"https://a.example/"}\n{"input":"b.mp4","output":"x/y.mp4","contentId":"c"}\n',
    );
    const settings = { layout: 'fragmented', playready: { laUrl: 'https://b.example/' } } as const;
    const { jobs } = await plan(source, { settings });
    expect(jobs).toEqual([
      {
        input: inFolder('media/sub/deep/b.mp4'),
        output: inFolder('media/out/sub/deep/b.enc.mp4'),
        contentId: 'sub/deep/b',
        settings: {
          layout: 'keep',
          playready: { laUrl: 'https://b.example/', luiUrl: 'https://a.example/' },
        },
      },
      {
        input: inFolder('media/b.mp4'),
        output: inFolder('media/out/x/y.mp4'),
        contentId: 'c',
        settings,
      },
    ]);
  });

  it('can lie outside of its folder', async () => {
    const source = manifest('outside.csv', `input\n${inFolder('elsewhere/film.mp4')}\n../other/clip.mp4\n`);
    expect(await outputsOf(source)).toEqual(['film.enc.mp4', 'clip.enc.mp4']);
  });

  it('must be UTF-8', async () => {
    writeFileSync(inFolder('latin1.csv'), Buffer.from('input\nd\xe9j\xe0.mp4\n', 'latin1'));
    await expect(plan(inFolder('latin1.csv'))).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  });
});

describe('collisions', () => {
  it.each([
    [
      'of two outputs',
      '{"input":"b.mp4","output":"x"}\n{"input":"link.mp4","output":"y/../x"}',
      /the output of/,
    ],
    ['of an output and an input', '{"input":"b.mp4","output":"../b.mp4"}', /outside/],
    ['with the results file', '{"input":"b.mp4","output":"prpack-results.jsonl"}', /the results file/],
    [
      'of a title in the folder of another',
      '{"inputs":["b.mp4"],"outDir":"f/part"}\n{"inputs":["link.mp4"],"outDir":"f"}',
      /in the folder of a title/,
    ],
    [
      'of a file in the folder of a title',
      '{"inputs":["b.mp4"],"outDir":"f"}\n{"input":"link.mp4","output":"f/g/x.mp4"}',
      /in the folder of a title/,
    ],
  ])('%s are found before anything is begun', async (_, text, message) => {
    const source = manifest('collisions.jsonl', text);
    await expect(plan(source)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
  });

  it('of an output with any input', async () => {
    const source = manifest('chain.jsonl', '{"input":"b.mp4"}');
    await expect(plan(source, { outDir: inFolder('media'), name: '{name}.mp4' })).rejects.toThrow(
      /the input/,
    );
  });

  it('of the results file with the folder of a title', async () => {
    const source = manifest('results.jsonl', '{"inputs":["b.mp4"],"outDir":"f"}');
    const results = inFolder('titles/f/results.jsonl');
    await expect(plan(source, { outDir: inFolder('titles'), results })).rejects.toThrow(
      /the results file would be in the folder of a title/,
    );
  });

  it('of names that a template makes', async () => {
    await expect(plan(inFolder('media'), { name: '{dir}/same.mp4' })).rejects.toThrow(/the output of/);
  });
});

describe('what a job was asked for', () => {
  const job = (settings: Job['settings'], contentId = 'c'): Job => ({
    input: 'i',
    output: 'o',
    contentId,
    settings,
  });

  it('is the same however it is written', () => {
    const one = settingsFingerprint(job({ layout: 'keep', policy: { a: 1, b: [1, 2] } }));
    expect(settingsFingerprint(job({ policy: { b: [1, 2], a: 1 }, layout: 'keep' }))).toBe(one);
    expect(settingsFingerprint(job({ policy: { b: [2, 1], a: 1 }, layout: 'keep' }))).not.toBe(one);
    expect(settingsFingerprint(job({ layout: 'keep', policy: { a: 1, b: [1, 2] } }, 'd'))).not.toBe(one);
  });

  it('sees the bytes of pssh boxes', () => {
    const withPssh = (byte: number) => settingsFingerprint(job({ extraPssh: [Uint8Array.of(byte)] }));
    expect(withPssh(1)).not.toBe(withPssh(2));
  });

  it('is worth a warning where inputs share a content', () => {
    const jobs = [job({}), { ...job({}), input: 'j' }, { ...job({}, 'd'), input: 'k' }];
    expect(sharedContentWarnings(jobs)).toEqual(['2 inputs have the content id "c" and share its keys.']);
    expect(sharedContentWarnings(jobs.slice(1))).toEqual([]);
  });
});
