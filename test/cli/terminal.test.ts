import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type CliOptions, type CliResult, PRPACK, runCli, runProgram } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';
import { makeLargeSample } from './large-sample.js';

const KEYS = {
  PRPACK_KID: '10000000-1000-1000-1000-100000000001',
  PRPACK_KEY: '3a2a1b68dd2bd9b2eeb25e84c4776668',
};
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** `script` of util-linux, which runs a command in a terminal of its own. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;
const title = hasScript ? 'on a terminal' : 'on a terminal (skipped: script of util-linux is missing)';

const inFolder = temporaryFolder();

/** Runs the command line with a terminal around it, whose picture is `stdout`. */
function runInTerminal(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const command = [process.execPath, PRPACK, ...args].map((word) => `'${word}'`).join(' ');
  const env = { TERM: 'xterm-256color', ...options.env };
  return runProgram('script', ['-qec', command, '/dev/null'], { ...options, env });
}

/** What the terminal gets to see of a success. */
async function seenInTerminal(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { exitCode, stdout } = await runInTerminal(args, { env: { ...KEYS, ...env } });
  expect(exitCode).toBe(0);
  return stdout;
}

describe.skipIf(!hasScript)(title, () => {
  it('a bar shows phase, bytes, rate and time left, and the cursor comes back', async () => {
    const seen = await seenInTerminal(['encrypt', sample('bars.mp4'), inFolder('bar.mp4')]);
    expect(seen).toContain(HIDE_CURSOR);
    expect(seen).toMatch(/Writing +[█░]+ +\d+% {2}[\d.]+ k?B \/ [\d.]+ kB {2}[\d.]+ \w*B\/s {2}ETA [-\d]+:/);
    expect(seen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(seen.lastIndexOf(HIDE_CURSOR));
    expect(seen).toContain('\u001b[1mEncrypted');
  });

  it.each(['encrypt', 'batch'])('%s keeps its bars inside of 40 columns', async (command) => {
    const folder = inFolder(`narrow-${command}`);
    mkdirSync(folder);
    for (const name of ['a rather long name of a film.mp4', 'b.mp4']) {
      copyFileSync(sample('bars.mp4'), `${folder}/${name}`);
    }
    writeFileSync(`${folder}/bad.mp4`, 'no film');
    const args = {
      encrypt: [command, `${folder}/b.mp4`, `${folder}/out.mp4`],
      batch: [command, folder, '--out-dir', inFolder('narrow-out')],
    }[command]!;
    const line = [process.execPath, PRPACK, ...args].map((word) => `'${word}'`).join(' ');
    const options = { env: { ...KEYS, TERM: 'xterm-256color' } };
    const { stdout } = await runProgram('script', ['-qec', `stty cols 40; ${line}`, '/dev/null'], options);
    // What is written at one place of the screen, while the bars are there.
    const bars = stdout.slice(stdout.indexOf(HIDE_CURSOR), stdout.lastIndexOf(SHOW_CURSOR));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what moves the cursor
    const shown = bars.split(/\r?\n|\r|\u001b\[\d*(?:;\d*)?[A-HJKf]/).map(stripVTControlCharacters);
    expect(shown.some((text) => /\d+%/.test(text))).toBe(true);
    expect(shown.filter((text) => text.length > 39)).toEqual([]);
    if (command === 'batch') {
      expect(bars).toContain('1 failed');
      expect(bars).toContain('[NOT_MP4]');
    }
  });

  it('Ctrl-C ends the bar, gives the cursor back, and exits with 130', async () => {
    const input = inFolder('large.mp4');
    makeLargeSample(input);
    const output = inFolder('interrupted.mp4');
    const { exitCode, stdout } = await runInTerminal(['encrypt', input, output, '--layout', 'keep'], {
      env: KEYS,
      stdin: 'open',
      onStart: (child) => {
        const pressCtrlC = (seen: Buffer) => {
          if (!seen.includes('Writing')) return;
          child.stdout!.off('data', pressCtrlC);
          child.stdin!.end('\u0003');
        };
        child.stdout!.on('data', pressCtrlC);
      },
    });
    expect(exitCode).toBe(130);
    expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
    expect(stdout.slice(stdout.lastIndexOf(SHOW_CURSOR))).toContain('[ABORTED]');
    expect(readdirSync(inFolder('')).filter((name) => name.includes('interrupted'))).toEqual([]);
  });

  it('there is no bar with --quiet or --json', async () => {
    expect(await seenInTerminal(['encrypt', sample('bars.mp4'), inFolder('quiet.mp4'), '--quiet'])).toBe('');
    const json = await seenInTerminal(['encrypt', sample('bars.mp4'), inFolder('json.mp4'), '--json']);
    expect(JSON.parse(json).tracks).toHaveLength(2);
  });

  it('NO_COLOR turns colours off', async () => {
    const seen = await seenInTerminal(['inspect', sample('bars.mp4')], { NO_COLOR: '1' });
    expect(seen).toContain('2 tracks');
    expect(seen).not.toContain('\u001b[');
  });
});

describe('without a terminal', () => {
  it('there is neither bar nor colour', async () => {
    const args = ['encrypt', sample('bars.mp4'), inFolder('plain.mp4')];
    const { stderr } = await runCli(args, { env: KEYS });
    expect(stderr).toContain('Encrypted');
    expect(stderr).not.toContain('\u001b');
  });

  it('a reader that goes away early is no failure', async () => {
    const { exitCode, stderr } = await runCli(['inspect', sample('bars.mp4'), '--boxes'], {
      onStart: (child) => child.stdout!.destroy(),
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});
