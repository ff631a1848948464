import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import type { ResultLine } from '../../src/packager/batch/types.js';
import { type CliResult, runCliJson, runProcess } from '../support/cli.js';
import { describeWithPostgres } from '../support/postgres.js';
import { testS3 } from '../support/s3.js';
import { sample, testMedia } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { makeLargeSample } from './large-sample.js';

const inFolder = temporaryFolder();
/** Enough for an upload in parts. */
const LARGE_BYTES = 9 * 1024 ** 2;
/** The locks of two dead workers run out meanwhile. */
const PATIENCE_MS = 180_000;
const SMALL = ['a', 'b', 'c'];

describeWithPostgres('prpack worker with objects of S3', (postgres) => {
  const s3 = testS3();
  let env: Record<string, string> = {};

  beforeAll(async () => {
    env = { ...s3.environment, PRPACK_QUEUE: await postgres().database() };
    makeLargeSample(inFolder('large.mp4'), LARGE_BYTES);
    await s3.put('media', 'in/large.mp4', readFileSync(inFolder('large.mp4')));
    await s3.put('media', 'in/bars.mp4', readFileSync(sample('bars.mp4')));
    for (const name of SMALL) await s3.put('media', `in/${name}.mp4`, readFileSync(testMedia('opus.mp4')));
    const jobs = [
      { input: 'large.mp4', layout: 'keep' },
      { inputs: ['bars.mp4'], outDir: 'film' },
      ...SMALL.map((name) => ({ input: `${name}.mp4` })),
    ];
    const lines = jobs.map((job) => JSON.stringify(job));
    await s3.put('media', 'in/jobs.jsonl', Buffer.from(lines.join('\n')));
  });

  const start = (...args: string[]): Running => {
    let child: ChildProcess;
    const ended = runProcess(args, {
      env,
      cwd: inFolder(''),
      onStart: (started) => {
        child = started;
      },
    });
    return { ended, kill: (signal) => child.kill(signal) };
  };
  const startWorker = (jobs: string) =>
    start('worker', '--jobs', jobs, '--key-store', `sqlite:${inFolder('keys.sqlite')}`);
  const batch = (...args: string[]) =>
    start('batch', 's3://media/in/jobs.jsonl', '--out-dir', 's3://out/', '--json', ...args);

  /** One in the middle of an upload by parts, one while it sends a title. */
  const killTwoWorkers = async () => {
    await s3.fails(
      { match: 'PUT /out/large.*partNumber=2', kind: 'held', times: 99 },
      { match: 'PUT /out/film/.*mp4', kind: 'held', times: 1 },
    );
    const victims = [startWorker('1'), startWorker('1')]; // the first two jobs hold them
    await until(async () => (await s3.uploads()).length > 0);
    await until(async () => (await s3.keys('out')).some((key) => key.endsWith('.mp4')));
    for (const { kill } of victims) kill('SIGKILL');
    await Promise.all(victims.map(({ ended }) => ended));
    expect(await s3.uploads()).toEqual(['large.enc.mp4']);
    expect(await s3.keys('out')).toContain('film/.prpack-unfinished.json');
    await s3.fails();
  };

  it(
    `makes every output once, and leaves nothing of workers that are killed while they send ${BY_SWEEPS}`,
    async () => {
      const running = batch();
      if (SWEEPS) await killTwoWorkers();
      const worker = startWorker('2');
      const { exitCode, stdout } = await running.ended;
      expect({ exitCode, json: JSON.parse(stdout) }).toMatchObject({
        exitCode: 0,
        json: { total: 5, done: 5, failed: 0, results: inFolder('prpack-results.jsonl') },
      });
      worker.kill('SIGTERM');
      expect((await worker.ended).exitCode).toBe(0);

      const lines: ResultLine[] = readFileSync(inFolder('prpack-results.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const files = ['large', ...SMALL].map((name) => `${name}.enc.mp4`);
      expect(lines.map(({ output }) => output).sort()).toEqual(
        [...files, 'film'].map((name) => `s3://out/${name}`).sort(),
      );
      const state = JSON.parse((await s3.get('out', 'film/prpack.json')).toString());
      const ofTitle = [...state.files.map(({ name }: { name: string }) => name), 'prpack.json'];
      expect(await s3.keys('out')).toEqual([...files, ...ofTitle.map((name) => `film/${name}`)].sort());
      expect(await s3.uploads()).toEqual([]);
      const { json } = await runCliJson(['keys', 'list', '--key-store', `sqlite:${inFolder('keys.sqlite')}`]);
      const records = json as { kid: string; state: string }[];
      expect(records.map(({ kid }) => kid).sort()).toEqual(lines.flatMap(({ kids }) => kids!).sort());
      expect(new Set(records.map((record) => record.state))).toEqual(new Set(['active']));
    },
    PATIENCE_MS,
  );

  it('goes on by the results, without a worker doing anything twice', async () => {
    await s3.requests();
    const worker = startWorker('2');
    const { stdout } = await batch('--resume').ended;
    worker.kill('SIGTERM');
    await worker.ended;
    expect(JSON.parse(stdout)).toMatchObject({ total: 5, skipped: 5, failed: 0 });
    expect((await s3.requests()).filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  it('says what is missing, once it cannot be otherwise', async () => {
    writeFileSync(inFolder('none.jsonl'), '{"input":"s3://media/none.mp4"}');
    const worker = startWorker('1');
    const args = ['--out-dir', 's3://out/none', '--json', '--results', inFolder('none-results.jsonl')];
    const { exitCode, stdout } = await start('batch', inFolder('none.jsonl'), ...args).ended;
    worker.kill('SIGTERM');
    await worker.ended;
    expect({ exitCode, json: JSON.parse(stdout) }).toMatchObject({
      exitCode: 3,
      json: { failures: { INPUT_NOT_FOUND: 1 } },
    });
    expect(await s3.keys('out')).not.toContain(expect.stringContaining('none'));
  });
});

interface Running {
  readonly ended: Promise<CliResult>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20);
}
