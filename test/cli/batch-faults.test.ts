import type { ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { inspect, openKeyStore } from '../../src/index.js';
import type { ResultLine } from '../../src/packager/batch/types.js';
import { runCli, runCliJson } from '../support/cli.js';
import { ROOT, testMedia } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();
const GOOD = 240;
const BAD = 20;
const media = inFolder('media');
const out = inFolder('out');
const results = join(out, 'prpack-results.jsonl');
const store = inFolder('keys.sqlite');
const full = inFolder('full');
const command = ['batch', media, '--out-dir', out, '--key-store', `sqlite:${store}`, '--jobs', '3'];

for (let i = 0; i < GOOD; i++) {
  const path = join(media, `${i % 7}/film ${i}.mp4`);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(testMedia(i % 2 ? 'opus.mp4' : 'mp3.mp4'), path);
}
for (let i = 0; i < BAD; i++) {
  const whole = readFileSync(testMedia('opus.mp4'));
  writeFileSync(join(media, `bad ${i}.mp4`), whole.subarray(0, (i * whole.length) / BAD));
}

const run = (onStart: (child: ChildProcess) => void = () => {}, ...args: string[]) =>
  runCli([...command, ...args, '--json'], {
    onStart,
    nodeArgs: ['--import', join(ROOT, 'test/support/full-disk.mjs')],
    env: { FULL_WHILE: full },
  });

/** Whole lines of the results file. */
function resultLines(): ResultLine[] {
  if (!existsSync(results)) return [];
  const text = readFileSync(results, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function untilLines(count: number): Promise<void> {
  while (resultLines().length < count) await sleep(5);
}

/** Writing anything to the key store has to wait meanwhile. */
async function lockStoreFor(durationMs: number): Promise<void> {
  const other = new DatabaseSync(store, { timeout: 10_000 });
  other.exec('begin immediate');
  await sleep(durationMs);
  other.exec('commit');
  other.close();
}

describe('a batch with everything going wrong', () => {
  it.skipIf(!SWEEPS)(
    `accounts for every job exactly once, leaves no temporary file, and no key without a record ${BY_SWEEPS}`,
    async () => {
      // Killed in the middle of work.
      await run(async (child) => {
        await untilLines(40);
        child.kill('SIGKILL');
      });
      const killed = resultLines();
      expect(killed.length).toBeGreaterThanOrEqual(40);
      expect(killed.length).toBeLessThan(GOOD + BAD);
      writeFileSync(results, readFileSync(results).subarray(0, -20)); // and the last line torn by a power loss

      // The disk full for a while, and the key store locked for a while.
      const before = resultLines().length;
      const second = await run(async () => {
        await untilLines(before + 60);
        writeFileSync(full, '');
        await untilLines(before + 100);
        rmSync(full);
        await lockStoreFor(500);
      }, '--resume');
      const json = JSON.parse(second.stdout);
      expect(second.exitCode).toBe(3);
      expect(json.total).toBe(GOOD + BAD);
      expect(json.done + json.skipped + json.failed).toBe(GOOD + BAD);
      expect(json.failures.OUTPUT_FAILED).toBeGreaterThan(0);
      expect(json.skipped).toBeGreaterThan(0);
      expectEachOnce(json.run);

      // In the end all is done that can be done.
      const third = JSON.parse((await run(undefined, '--resume')).stdout);
      expect(third).toMatchObject({ failed: BAD, done: json.failures.OUTPUT_FAILED, notStarted: 0 });
      expect(third.failures.OUTPUT_FAILED).toBeUndefined();
      expectEachOnce(third.run);
      await expectWhole(third.run);
    },
  );

  it('keeps a second batch away from its results', async () => {
    let second: { exitCode: number | null; stdout: string } | undefined;
    const before = resultLines().length;
    const first = await run(async () => {
      await untilLines(before + 5);
      second = await run();
    }, '--force');
    expect(JSON.parse(first.stdout).done).toBe(GOOD);
    expect(second!.exitCode).toBe(6);
    expect(JSON.parse(second!.stdout).error.message).toContain('another batch');
  });
});

function expectEachOnce(name: string): void {
  const inputs = resultLines()
    .filter((line) => line.run === name)
    .map(({ input }) => input);
  expect(new Set(inputs).size).toBe(GOOD + BAD);
  expect(inputs.length).toBe(GOOD + BAD);
}

/** Nothing in the output but outputs, whose keys are all registered and active with the very file. */
async function expectWhole(name: string): Promise<void> {
  const lines = resultLines().filter((line) => line.run === name && line.status !== 'failed');
  const files = readdirSync(out, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.sort()).toEqual([...lines.map(({ output }) => output), results].sort());
  const keyStore = openKeyStore({ location: `sqlite:${store}` });
  for (const { output, outputFingerprint } of lines) {
    for (const { kid } of (await inspect(output)).tracks) {
      const { items } = await keyStore.list({ kid: kid! as never });
      expect(items[0]).toMatchObject({ state: 'active' });
      expect(items[0]!.outputs.map((published) => published.fingerprint)).toContain(outputFingerprint);
    }
  }
  await keyStore.close();
  const { json } = await runCliJson(['keys', 'list', '--key-store', `sqlite:${store}`]);
  expect(json.length).toBeGreaterThanOrEqual(GOOD);
  expect(readFileSync(results, 'utf8')).not.toMatch(/"key"/);
}
