import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { findObjects } from '../../../src/bytes/s3/find-objects.js';
import { runCli } from '../../support/cli.js';
import { testS3 } from '../../support/s3.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
const s3 = testS3();
beforeAll(async () => {
  const film = readFileSync(sample('bars.mp4'));
  for (const key of ['in/a.mp4', 'in/b/c.mp4', 'in/out/old.enc.mp4']) await s3.put('media', key, film);
  await s3.put('media', 'in/note.txt', Buffer.from('no film'));
  await s3.put('media', 'in/.hidden/d.mp4', film);
});

function batch(source: string, outDir: string, ...args: string[]) {
  const common = ['--json', '--key-store', `sqlite:${inFolder('keys.db')}`, '--jobs', '1', ...args];
  return runCli(['batch', source, '--out-dir', outDir, ...common], {
    env: s3.environment,
    cwd: inFolder(''),
  });
}

describe('a batch from bucket to bucket', () => {
  it('takes what is below a prefix, but the outputs among it, and resumes', async () => {
    const results = ['--results', inFolder('run.jsonl')];
    const first = await batch('s3://media/in/', 's3://media/in/out', ...results);
    expect(JSON.parse(first.stdout)).toMatchObject({ total: 2, done: 2, failed: 0 });
    const keys = await s3.keys('media');
    expect(keys).toEqual(expect.arrayContaining(['in/out/a.enc.mp4', 'in/out/b/c.enc.mp4']));
    await s3.requests();
    const again = await batch('s3://media/in/', 's3://media/in/out', ...results, '--resume');
    expect(JSON.parse(again.stdout)).toMatchObject({ total: 2, skipped: 2 });
    expect((await s3.requests()).filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  it('takes objects that a manifest names', async () => {
    const manifest = inFolder('films.jsonl');
    writeFileSync(
      manifest,
      '{"input":"s3://media/in/a.mp4","output":"one.mp4"}\n{"input":"s3://media/none.mp4"}\n',
    );
    const { exitCode, stdout } = await batch(manifest, 's3://out/many/');
    expect(exitCode).not.toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ total: 2, done: 1, failed: 1 });
    expect(await s3.keys('out')).toEqual(['many/one.mp4']);
  });

  it.each([
    ['s3://media/in/films.jsonl', 's3://out/', /is no prefix, pattern or MP4 file/],
    ['s3://media/none/', 's3://out/', /there is nothing to encrypt/],
    ['s3://nowhere/in/', 's3://out/', /no such bucket/],
  ])('refuses %s', async (source, outDir, message) => {
    expect(JSON.parse((await batch(source, outDir)).stdout).error.message).toMatch(message);
  });
});

describe('a pattern for objects', () => {
  it.each([
    ['*.mp4', ['a.mp4']],
    ['**/*.mp4', ['a.mp4', 'b/c.mp4', 'out/old.enc.mp4']],
    ['**', ['a.mp4', 'b/c.mp4', 'note.txt', 'out/old.enc.mp4']],
    ['{a,n?te}.{mp4,txt}', ['a.mp4', 'note.txt']],
    ['[!a].mp4', []],
    ['b/[a-c].mp4', ['b/c.mp4']],
    ['.hidden/*', ['.hidden/d.mp4']],
  ])('%s', async (pattern, names) => {
    const { paths } = await findObjects('s3://media/in', pattern, (path) => !/^out\/[ab]/.test(path));
    expect(paths).toEqual(names);
  });
});
