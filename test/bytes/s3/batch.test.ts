import { readFileSync, writeFileSync } from 'node:fs';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { findObjects } from '../../../src/bytes/s3/find-objects.js';
import { runCli } from '../../support/cli.js';
import { testS3 } from '../../support/s3.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Four runs of a batch of titles. */
const PATIENCE_MS = 180_000;
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

  it(
    'makes titles below a prefix, of a manifest and title files that are objects, and proves them done',
    async () => {
      const lines = [{ inputs: ['../in/a.mp4'], outDir: 'one' }, { title: 'two.yaml' }, { input: 'b/c.mp4' }];
      await s3.put('media', 'titles/b/c.mp4', readFileSync(sample('bars.mp4')));
      await s3.put(
        'media',
        'titles/titles.jsonl',
        Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n')),
      );
      await s3.put('media', 'titles/two.yaml', Buffer.from('inputs: [b/c.mp4]'));
      const results = inFolder('titles-run.jsonl');
      const run = (...args: string[]) =>
        batch('s3://media/titles/titles.jsonl', 's3://out/titles', '--results', results, ...args);
      expect(JSON.parse((await run()).stdout)).toMatchObject({ total: 3, done: 3, failed: 0 });
      const outputs = readFileSync(results, 'utf8').trimEnd().split('\n');
      expect(outputs.map((line) => JSON.parse(line).output).sort()).toEqual(
        ['b/c.enc.mp4', 'one', 'two'].map((name) => `s3://out/titles/${name}`),
      );
      const keys = (await s3.keys('out')).filter((key) => key.startsWith('titles/'));
      expect(keys).toEqual(expect.arrayContaining(['titles/one/main.m3u8', 'titles/two/prpack.json']));
      expect(keys.filter((key) => key.includes('unfinished'))).toEqual([]);
      await s3.requests();
      expect(JSON.parse((await run('--resume')).stdout)).toMatchObject({ skipped: 3 });
      expect((await s3.requests()).filter(({ method }) => method === 'PUT')).toEqual([]);
      await s3.put('out', 'titles/two/main.m3u8', Buffer.from('somebody else'));
      expect(JSON.parse((await run('--resume')).stdout)).toMatchObject({
        skipped: 2,
        failures: { OUTPUT_EXISTS: 1 },
      });
      expect(JSON.parse((await run('--resume', '--force')).stdout)).toMatchObject({ skipped: 2, done: 1 });
    },
    PATIENCE_MS,
  );

  it('divides by shards, each with results of its own on the disk', async () => {
    const totals: number[] = [];
    for (const shard of ['0/2', '1/2']) {
      const { stdout } = await batch('s3://media/in/**/[ac].mp4', 's3://out/shards', '--shard', shard);
      const { total, done, results } = JSON.parse(stdout);
      expect({ done, results }).toEqual({
        done: total,
        results: inFolder(`prpack-results.${shard.replace('/', '-of-')}.jsonl`),
      });
      totals.push(total);
    }
    expect(totals.reduce((sum, total) => sum + total)).toBe(2);
    const keys = (await s3.keys('out')).filter((key) => key.startsWith('shards/'));
    expect(keys).toEqual(['shards/a.enc.mp4', 'shards/b/c.enc.mp4']);
  });

  it('removes what an earlier one left that was killed, and nothing of others', async () => {
    const client = new S3Client({ forcePathStyle: true });
    for (const Key of ['left/a.enc.mp4', 'left/other.mp4'])
      await client.send(new CreateMultipartUploadCommand({ Bucket: 'out', Key }));
    client.destroy();
    const names = ['old.mp4', 'manifest.mpd'];
    await s3.put(
      'out',
      'left/one/.prpack-unfinished.json',
      Buffer.from(JSON.stringify({ mark: 'x', names })),
    );
    await s3.put('out', 'left/one/old.mp4', Buffer.from('half of a title'));
    const manifest = inFolder('left.jsonl');
    const lines = [{ input: 's3://media/in/a.mp4' }, { inputs: ['s3://media/in/a.mp4'], outDir: 'one' }];
    writeFileSync(manifest, lines.map((line) => JSON.stringify(line)).join('\n'));
    const { stdout } = await batch(manifest, 's3://out/left', '--results', inFolder('left-run.jsonl'));
    expect(JSON.parse(stdout)).toMatchObject({ total: 2, done: 2 });
    expect(await s3.uploads()).toEqual(['left/other.mp4']);
    const keys = (await s3.keys('out')).filter((key) => key.startsWith('left/one/'));
    expect(keys).toContain('left/one/manifest.mpd');
    expect(keys.filter((key) => /old|unfinished/.test(key))).toEqual([]);
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
    expect((await s3.keys('out')).filter((key) => key.startsWith('many/'))).toEqual(['many/one.mp4']);
  });

  it.each([
    ['s3://media/in/films.jsonl', 's3://out/', /there is no such object/],
    ['s3://media/in/note.txt', 's3://out/', /is no prefix, pattern, manifest or MP4 file/],
    ['s3://media/none/', 's3://out/', /there is nothing to encrypt/],
    ['s3://nowhere/in/', 's3://out/', /no such bucket/],
  ])('refuses %s', async (source, outDir, message) => {
    expect(JSON.parse((await batch(source, outDir)).stdout).error.message).toMatch(message);
  });

  it('refuses results that would be an object', async () => {
    const { exitCode, stdout } = await batch('s3://media/in/', 's3://out/r', '--results', 's3://out/r.jsonl');
    expect({ exitCode, error: JSON.parse(stdout).error }).toMatchObject({
      exitCode: 2,
      error: { code: 'INVALID_ARGUMENT', remedy: expect.stringContaining('file on a disk') },
    });
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
