import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';
import { makeLargeSample } from './large-sample.js';

const KEYS = {
  PRPACK_KID: '10000000-1000-1000-1000-100000000001',
  PRPACK_KEY: '3a2a1b68dd2bd9b2eeb25e84c4776668',
};

const inFolder = temporaryFolder();
const input = inFolder('large.mp4');

beforeAll(() => makeLargeSample(input));

/** Encrypts the large file and sends a signal once the temporary file is there. */
async function interrupted(
  signal: NodeJS.Signals,
  flags: readonly string[],
  output: string,
): Promise<CliResult & { sawTemporaryFile: boolean }> {
  let done = false;
  let sawTemporaryFile = false;
  const args = ['encrypt', input, output, '--layout', 'keep', ...flags];
  const result = await runCli(args, {
    env: KEYS,
    onStart: async (child) => {
      child.on('exit', () => {
        done = true;
      });
      while (!done && leftovers().length === 0) await sleep(2);
      sawTemporaryFile = leftovers().length > 0 && !existsSync(output);
      child.kill(signal);
    },
  });
  return { ...result, sawTemporaryFile };
}

/** Everything in the folder but the input. */
function leftovers(): string[] {
  return readdirSync(inFolder('')).filter((name) => name !== 'large.mp4');
}

describe('interruption', () => {
  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('%s: exit 130, and nothing is left', async (signal) => {
    const { exitCode, stdout, stderr, sawTemporaryFile } = await interrupted(signal, [], inFolder('out.mp4'));
    expect(sawTemporaryFile).toBe(true);
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(stderr).toContain('[ABORTED]');
    expect(leftovers()).toEqual([]);
  });

  it('is an error in JSON, too', async () => {
    const { exitCode, stdout, stderr } = await interrupted('SIGINT', ['--json'], inFolder('out.mp4'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: '' });
    expect(JSON.parse(stdout).error.code).toBe('ABORTED');
    expect(leftovers()).toEqual([]);
  });
});
