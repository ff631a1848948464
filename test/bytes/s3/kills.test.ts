import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { runCli } from '../../support/cli.js';
import { longer } from '../../support/longer.js';
import { testS3 } from '../../support/s3.js';
import { ROOT, sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
const s3 = testS3();

const PRPACK = join(ROOT, 'bin/prpack.js');

beforeAll(() => {
  if (inject('buildProblem')) throw new Error(`dist/ could not be built:\n${inject('buildProblem')}`);
  writeFileSync(inFolder('film.mp4'), longer(readFileSync(sample('bars-fragmented.mp4')), 17 * 2 ** 20));
});

/** The requests that change anything. */
async function changes(): Promise<string[]> {
  const all = await s3.requests();
  return all
    .filter(({ method }) => !['GET', 'HEAD'].includes(method))
    .map(({ method, url }) => `${method} ${url}`);
}

/** Starts the work, sends the signal when parts are on their way, and says how it ended. */
async function killed(args: readonly string[], env: NodeJS.ProcessEnv, signal: NodeJS.Signals) {
  await s3.fails({ match: 'PUT /out.*partNumber', kind: 'slow', times: 999 });
  const child = spawn(process.execPath, [PRPACK, ...args], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const seen: string[] = [];
  while (!seen.some((line) => line.includes('partNumber')) && child.exitCode === null) {
    seen.push(...(await changes()));
    await delay(10);
  }
  child.kill(signal);
  const [exitCode, endedBy] = await ended;
  await s3.fails();
  return { exitCode, endedBy, seen: [...seen, ...(await changes())] };
}

describe.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('encrypting into S3, ended by %s', (signal) => {
  it('publishes nothing, and is done by the next run', async () => {
    const key = `${signal}.mp4`;
    const folder = inFolder(`tmp-${signal}`);
    mkdirSync(folder);
    const env = { ...s3.environment, TMPDIR: folder, HOME: folder };
    const store = ['--key-store', `sqlite:${inFolder(`${signal}.db`)}`];
    const args = ['encrypt', inFolder('film.mp4'), `s3://out/${key}`, '--layout', 'keep', ...store];
    const { exitCode, endedBy, seen } = await killed(args, env, signal);
    expect(await s3.keys('out')).not.toContain(key);
    expect(seen.filter((line) => line.startsWith('POST'))).toHaveLength(1); // begun, and not completed
    if (signal === 'SIGKILL') expect(endedBy).toBe(signal);
    else {
      expect(exitCode ?? endedBy).not.toBe(0);
      expect(seen.join('\n')).toMatch(/^DELETE .*uploadId=/m); // a part that was cut off may be logged later
      expect(readdirSync(folder).filter((name) => name.startsWith('prpack-'))).toEqual([]);
    }
    const keys = async () => (await runCli(['keys', 'list', ...store, '--json'], { env })).stdout;
    expect(await keys()).toContain('"state":"pending"');
    const again = await runCli([...args, '--json'], { env });
    expect(JSON.parse(again.stdout)).toMatchObject({ unchanged: false });
    expect(await keys()).not.toContain('"state":"pending"');
    expect((await runCli(['inspect', `s3://out/${key}`], { env })).exitCode).toBe(0);
  });
});
