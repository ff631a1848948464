import type { ChildProcess } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ResultLine } from '../../src/packager/batch/types.js';
import { type QueueStatus, watchQueue } from '../../src/queue/status.js';
import { type CliResult, runCli, runCliJson, runProcess } from '../support/cli.js';
import { KEY } from '../support/jobs.js';
import { describeWithPostgres, POSTGRES_PASSWORD } from '../support/postgres.js';
import { describeWithRedis, REDIS_AUTHORITY, REDIS_PASSWORD } from '../support/redis.js';
import { testMedia } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { makeLargeSample } from './large-sample.js';

const inFolder = temporaryFolder();
/** What a job takes long enough for to be killed in the middle of it. */
const LARGE_BYTES = 256 * 1024 ** 2;

let folders = 0;

/** What the queue is in. */
interface TestEngine {
  /** Location of an empty queue. */
  database(): Promise<string>;
  /** Whether nothing was ever put there. */
  isEmpty(location: string): Promise<boolean>;
  /** Ends it as a crash would. */
  stop(): void | Promise<void>;
  start(): void | Promise<void>;
}

describeWithPostgres('prpack worker, with its queue in PostgreSQL,', (postgres) => {
  describeWorkers(POSTGRES_PASSWORD, () => ({
    database: () => postgres().database(),
    async isEmpty(location) {
      const sql = "select 1 from pg_namespace where nspname = 'prpack_queue'";
      return (await postgres().query(location, sql)).length === 0;
    },
    stop: () => postgres().stop('immediate'),
    start: () => postgres().start(),
  }));

  it('has the keys in the same database', async () => {
    const location = await postgres().database();
    const env = { PRPACK_QUEUE: location, PRPACK_KEY_STORE: location };
    const out = inFolder('out-one');
    let child: ChildProcess;
    const worker = runProcess(['worker', '--jobs', '1'], {
      env,
      onStart: (started) => {
        child = started;
      },
    });
    const args = ['batch', testMedia('opus.mp4'), '--out-dir', out, '--json'];
    const { stdout } = await runProcess(args, { env: { PRPACK_QUEUE: location } });
    expect(JSON.parse(stdout)).toMatchObject({ done: 1, failed: 0 });
    expect((await runCliJson(['keys', 'list', '--key-store', location])).json).toHaveLength(1);
    child!.kill('SIGTERM');
    expect((await worker).exitCode).toBe(0);
  });
});

describeWithRedis('prpack worker, with its queue in Redis,', (redis) => {
  describe.skipIf(!SWEEPS)(`as in PostgreSQL ${BY_SWEEPS}`, () => {
    describeWorkers(REDIS_PASSWORD, () => ({
      database: () => redis().database(),
      isEmpty: async (location) => (await redis().size(location)) === 0,
      stop: () => redis().stop(),
      start: () => redis().start(),
    }));
  });

  it('talks TLS with a server whose certificate it can verify, and with no other', async () => {
    const args = ['batch', '--status', '--queue', await redis().tlsDatabase(), '--json'];
    const known = await runProcess(args, { env: { NODE_EXTRA_CA_CERTS: REDIS_AUTHORITY } });
    expect(JSON.parse(known.stdout)).toMatchObject({ queue: expect.stringMatching(/^rediss:/), waiting: 0 });
    const unknown = await runProcess(args);
    expect(unknown).toMatchObject({ exitCode: 7, stdout: expect.stringContaining('certificate') });
    const all = [known, unknown].map(({ stdout, stderr }) => stdout + stderr).join();
    expect(all).not.toContain(REDIS_PASSWORD);
  });
});

/** The tests of any engine. */
function describeWorkers(password: string, engine: () => TestEngine): void {
  let media = '';
  let out = '';
  let store = '';
  let env: Record<string, string> = {};

  beforeEach(async () => {
    const folder = inFolder(`queue${++folders}`);
    mkdirSync(folder);
    media = join(folder, 'media');
    out = join(folder, 'out');
    store = `sqlite:${join(folder, 'keys.sqlite')}`;
    env = { PRPACK_QUEUE: await engine().database() };
    mkdirSync(media);
  });

  const addMedia = (count: number) => {
    for (let i = 0; i < count; i++) copyFileSync(testMedia('opus.mp4'), join(media, `film ${i}.mp4`));
  };
  const batch = (args: readonly string[] = [], onStart?: (child: ChildProcess) => void) =>
    runProcess(['batch', media, '--out-dir', out, '--json', ...args], { env, ...(onStart && { onStart }) });

  /** A worker until it is stopped. */
  const startWorker = (...given: (string | WorkerOptions)[]): RunningWorker => {
    let child: ChildProcess;
    const args = given.filter((arg) => typeof arg === 'string');
    const [{ onStderr } = {}] = given.filter((arg) => typeof arg === 'object');
    const where = args.includes('--key-store') ? [] : ['--key-store', store];
    const ended = runProcess(['worker', '--jobs', '2', ...where, ...args], {
      env,
      onStart: (started) => {
        child = started;
        if (onStderr) createInterface({ input: started.stderr! }).on('line', onStderr);
      },
    });
    return { ended, kill: (signal) => child.kill(signal) };
  };
  const stop = async (...workers: RunningWorker[]) => {
    for (const { kill } of workers) kill('SIGTERM');
    const ends = await Promise.all(workers.map(({ ended }) => ended));
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(workers.map(() => 0));
    return ends;
  };

  const resultLines = (): ResultLine[] =>
    readFileSync(join(out, 'prpack-results.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  /** What `--status` shows, without a process of its own. */
  const status = async (): Promise<QueueStatus> => {
    const watch = await watchQueue(env.PRPACK_QUEUE!, 1);
    try {
      return await watch.next();
    } finally {
      await watch.close();
    }
  };
  const keys = async () => (await runCliJson(['keys', 'list', '--key-store', store])).json;

  /** Each output has a line, its keys are registered for it alone, and nothing else is there. */
  const expectAccounted = async (lines: readonly ResultLine[]) => {
    const done = lines.filter(({ status }) => status !== 'failed');
    const records: { kid: string; state: string; outputs: { fingerprint: string }[] }[] = await keys();
    expect(records.map(({ kid }) => kid).sort()).toEqual(done.flatMap(({ kids }) => kids!).sort());
    for (const { outputFingerprint, kids } of done) {
      const record = records.find(({ kid }) => kid === kids![0])!;
      expect(record.state).toBe('active');
      expect(record.outputs.map(({ fingerprint }) => fingerprint)).toContain(outputFingerprint);
    }
    const names = done.map(({ output }) => output.slice(out.length + 1));
    expect(readdirSync(out).sort()).toEqual([...names, 'prpack-results.jsonl'].sort());
  };

  it('does a batch with others, which ends as on one machine', async () => {
    addMedia(8);
    writeFileSync(join(media, 'bad.mp4'), 'no film');
    const workers = [startWorker(), startWorker()];
    const first = await batch();
    const json = JSON.parse(first.stdout);
    expect({ exitCode: first.exitCode, json }).toMatchObject({
      exitCode: 3,
      json: { total: 9, done: 8, failed: 1, notStarted: 0, failures: { NOT_MP4: 1 } },
    });
    const lines = resultLines();
    expect(lines).toHaveLength(9);
    expect(new Set(lines.map(({ run }) => run))).toEqual(new Set([json.run]));
    expect(lines.find(({ status }) => status === 'failed')!.error).toMatchObject({
      code: 'NOT_MP4',
      path: join(media, 'bad.mp4'),
      remedy: expect.stringMatching(/\.$/),
    });
    await expectAccounted(lines);
    const again = await batch(['--resume']);
    expect(JSON.parse(again.stdout)).toMatchObject({ done: 0, skipped: 8, failed: 1 });
    const ends = await stop(...workers);
    const text = ends.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(text).toMatch(/takes jobs of (?:postgres|redis):\/\/127\.0\.0\.1/);
    expect(text).toMatch(/\[\d+\] failed .*bad\.mp4: .* \[NOT_MP4\]/);
    expect(text).not.toContain(password);
  });

  it('serves metrics, and logs jobs by their ids', async () => {
    addMedia(3);
    writeFileSync(join(media, 'bad.mp4'), 'no film');
    const lines: { reqId?: string; url?: string; msg: string }[] = [];
    const worker = startWorker(
      { onStderr: (line) => lines.push(JSON.parse(line)) },
      '--metrics',
      '0',
      '--log-level',
      'debug',
    );
    await batch();
    const results = resultLines();
    for (const { id, status: how, run } of results) {
      expect(id).toMatch(new RegExp(`^${run}\\.\\d$`));
      const said = lines.filter(({ reqId }) => reqId === id).map(({ msg }) => msg);
      expect(said).toEqual(how === 'done' ? ['begun', 'keys registered', 'done'] : ['begun', 'failed']);
    }
    const text = await (await fetch(lines.find(({ url }) => url)!.url!)).text();
    for (const line of [
      'prpack_jobs_total{outcome="done"} 3',
      'prpack_jobs_total{outcome="failed"} 1',
      'prpack_job_errors_total{code="NOT_MP4"} 1',
      'prpack_job_keys_total{outcome="created"} 3',
      'prpack_job_tracks_total 3',
      'prpack_job_duration_seconds_count{status="done"} 3',
      'prpack_jobs_running 0',
      'prpack_queue_up 1',
      'prpack_queue_workers 1',
      'prpack_queue_jobs{state="waiting"} 0',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    await stop(worker);
    expect(lines.at(-1)).toMatchObject({ msg: 'ended', done: 3, failed: 1 });
    expect(JSON.stringify(lines)).not.toContain(password);
  });

  it('gives renditions of one content one key, whoever does them', async () => {
    addMedia(6);
    const manifest = join(media, 'm.jsonl');
    const lines = Array.from({ length: 6 }, (_, i) =>
      JSON.stringify({ input: `film ${i}.mp4`, contentId: 'film' }),
    );
    writeFileSync(manifest, lines.join('\n'));
    const workers = [startWorker(), startWorker()];
    const { stdout } = await runProcess(['batch', manifest, '--out-dir', out, '--json'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ done: 6, failed: 0 });
    expect(new Set(resultLines().flatMap(({ kids }) => kids)).size).toBe(1);
    expect(await keys()).toHaveLength(1);
    await stop(...workers);
  });

  it.skipIf(!SWEEPS)(`does every job once when a worker and the engine are killed ${BY_SWEEPS}`, async () => {
    addMedia(12);
    makeLargeSample(join(media, 'large.mp4'), LARGE_BYTES);
    const victim = startWorker('--jobs', '1');
    const running = batch(['--layout', 'keep', '--priority', '1']);
    await until(() => partsIn(out).some((name) => name.includes('large')));
    victim.kill('SIGKILL'); // with the large file in hand
    expect((await victim.ended).exitCode).not.toBe(0);
    await until(async () => (await status()).workers.length === 0);
    const worker = startWorker();
    await until(async () => (await status()).workers.length === 1); // without a queue it would not begin
    await until(() => existsSync(join(out, 'film 3.enc.mp4')));
    await engine().stop();
    await sleep(500);
    await engine().start();
    const { exitCode, stdout } = await running;
    expect({ exitCode, json: JSON.parse(stdout) }).toMatchObject({
      exitCode: 0,
      json: { total: 13, done: 13 },
    });
    const lines = resultLines();
    expect(new Set(lines.map(({ output }) => output)).size).toBe(13);
    expect(lines).toHaveLength(13);
    await expectAccounted(lines);
    await stop(worker);
  });

  it('finishes the job in hand at SIGTERM, and begins no more', async () => {
    for (const name of ['0', '1', '2']) makeLargeSample(join(media, `${name}.mp4`), LARGE_BYTES);
    const worker = startWorker('--jobs', '1');
    const running = batch(['--layout', 'keep']);
    await until(() => partsIn(out).length > 0);
    const [end] = await stop(worker);
    expect(end!.stderr).toMatch(/has ended: [12] done/);
    expect(partsIn(out)).toEqual([]);
    const other = startWorker();
    expect(JSON.parse((await running).stdout)).toMatchObject({ done: 3, failed: 0 });
    await stop(other);
  });

  it('ends at SIGTERM while the engine is away', async () => {
    const worker = startWorker();
    await until(async () => (await status()).workers.length === 1);
    await engine().stop();
    try {
      await sleep(1500); // it has begun to call the engine again
      await stop(worker);
    } finally {
      await engine().start();
    }
  });

  it('is shown and paused, and goes on', async () => {
    addMedia(3);
    const worker = startWorker();
    const paused = await runCliJson(['worker', 'pause'], { env });
    expect(paused).toMatchObject({ exitCode: 0, json: { paused: true } });
    const running = batch();
    await until(async () => (await status()).waiting === 3);
    const { json } = await runCliJson(['batch', '--status'], { env });
    expect(json).toMatchObject({
      paused: true,
      active: 0,
      workers: [expect.any(String)],
      failures: [],
    });
    const shown = await runCli(['batch', '--status'], { env });
    expect(shown.stdout).toMatch(/paused\n +3 waiting · 0 active · 0 to be tried again/);
    expect(shown.stdout).not.toContain(password);
    expect(await runCliJson(['worker', 'resume'], { env })).toMatchObject({ json: { paused: false } });
    expect(JSON.parse((await running).stdout)).toMatchObject({ done: 3 });
    await stop(worker);
  });

  it('has jobs whose batch was killed, which the next run takes over', async () => {
    addMedia(4);
    writeFileSync(join(media, 'bad.mp4'), 'no film');
    let child: ChildProcess;
    const killed = batch([], (started) => {
      child = started;
    });
    await until(async () => (await status()).waiting === 5);
    child!.kill('SIGKILL');
    await killed;
    const worker = startWorker();
    await until(async () => (await status()).done === 4);
    expect((await status()).failures).toMatchObject([{ error: { code: 'NOT_MP4' }, status: 'failed' }]);
    const { stdout } = await batch(['--resume']);
    const json = JSON.parse(stdout);
    expect(json).toMatchObject({ total: 5, done: 0, skipped: 4, failed: 1 });
    const earlier = resultLines().filter(({ run }) => run !== json.run);
    expect(earlier.map(({ status: how }) => how).sort()).toEqual(['done', 'done', 'done', 'done', 'failed']);
    expect(await status()).toMatchObject({ waiting: 0, active: 0, done: 0, failed: 0 });
    await stop(worker);
  });

  it('is left nothing by a batch that is interrupted', async () => {
    addMedia(5);
    let child: ChildProcess;
    const running = batch([], (started) => {
      child = started;
    });
    await until(async () => (await status()).waiting === 5);
    child!.kill('SIGINT');
    const { exitCode, stdout } = await running;
    expect({ exitCode, json: JSON.parse(stdout) }).toMatchObject({
      exitCode: 130,
      json: { done: 0, notStarted: 5 },
    });
    expect((await status()).waiting).toBe(0);
  });

  it('tries again when the key store cannot be reached, and not when the input is bad', async () => {
    addMedia(1);
    const nowhere = startWorker('--key-store', 'http://127.0.0.1:9');
    const running = batch();
    await until(async () => (await status()).delayed === 1);
    const [end] = await stop(nowhere);
    expect(end!.stderr).toMatch(/\[KEY_STORE_FAILED\][\s\S]*tried again in 1\.0 s/);
    const worker = startWorker();
    expect(JSON.parse((await running).stdout)).toMatchObject({ done: 1, failed: 0 });
    await stop(worker);
  });

  it('never finds a key in the queue', async () => {
    copyFileSync(testMedia('opus.mp4'), join(media, 'a.mp4'));
    const manifest = join(media, 'm.jsonl');
    writeFileSync(manifest, JSON.stringify({ input: 'a.mp4', policy: { key: KEY } }));
    const refused = await runCliJson(['batch', manifest, '--out-dir', out], { env });
    expect(refused).toMatchObject({ exitCode: 2, json: { error: { code: 'INVALID_ARGUMENT' } } });
    expect(JSON.stringify(refused.json)).not.toContain(KEY);
    expect(await engine().isEmpty(env.PRPACK_QUEUE!)).toBe(true); // refused before anything was connected
  });
}

describe('options of a queue', () => {
  const queue = ['--queue', 'postgres://127.0.0.1:1/none'];
  it.each([
    [
      ['batch', 'media', '--out-dir', 'out', ...queue, '--key-file', 'keys.json'],
      '--key-file has no effect with a queue',
    ],
    [['batch', 'media', '--out-dir', 'out', ...queue, '--jobs', '2'], '--jobs has no effect with a queue'],
    [
      ['batch', 'media', '--out-dir', 'out', ...queue, '--key-store', 'sqlite:x'],
      '--key-store has no effect with a queue',
    ],
    [['batch', 'media', '--out-dir', 'out', '--priority', '2'], '--priority has no effect without --queue'],
    [['batch', 'media', '--out-dir', 'out', '--watch'], '--watch has no effect without --status'],
    [['batch', '--status'], "required option '--queue <location>' not specified"],
    [['batch', 'media', '--status', ...queue], '--status takes no source: it shows the whole queue'],
    [['worker'], "required option '--queue <location>' not specified"],
    [['worker', '--queue', 'mysql://host'], '--queue cannot be'],
  ])('%j are refused', async (args, message) => {
    const { exitCode, json } = await runCliJson(args);
    expect({ exitCode, message: json.error.message }).toEqual({
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });

  it('exit with 7 where the queue does not answer', async () => {
    const { exitCode, json } = await runCliJson(['worker', ...queue]);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 7, code: 'QUEUE_FAILED' });
  });

  it('leave no folder where the queue does not answer', async () => {
    const out = inFolder('unmade');
    const { exitCode } = await runCliJson(['batch', testMedia('opus.mp4'), '--out-dir', out, ...queue]);
    expect({ exitCode, isMade: existsSync(out) }).toEqual({ exitCode: 7, isMade: false });
  });
});

interface WorkerOptions {
  /** Gets the lines of its log. */
  readonly onStderr: (line: string) => void;
}

interface RunningWorker {
  readonly ended: Promise<CliResult>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

function partsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.part')) : [];
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
