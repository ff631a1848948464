import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { fragmented } from '../../support/builder/fragmented.js';
import { tracksOf } from '../../support/builder/movie.js';
import { toBytes } from '../../support/builder/pieces.js';
import { PRPACK, runCli } from '../../support/cli.js';
import { fingerprintAs } from '../../support/fingerprint.js';
import { KEY, KID, tracesOf } from '../../support/jobs.js';
import { ffmpegHashes, fingerprintsOf } from '../../support/sample-hashes.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';
import { describeWith, toolPath } from '../../support/tools.js';

const temporary = temporaryFolder();
const KEYS = { PRPACK_KID: KID, PRPACK_KEY: KEY };
const FRAGMENTED = sample('bars-fragmented.mp4');

interface PipeResult {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a shell line in which `prpack` is the built program. */
function pipe(line: string, env: Record<string, string> = KEYS): Promise<PipeResult> {
  const problem = inject('buildProblem');
  if (problem) throw new Error(`dist/ could not be built:\n${problem}`);
  const prpack = `prpack() { '${process.execPath}' '${PRPACK}' "$@"; }`;
  const child = spawn('bash', ['-c', `set -o pipefail; ${prpack}; ${line}`], {
    env: { ...process.env, ...env },
    cwd: process.env.HOME!,
  });
  child.stdin.end();
  const [stdout, stderr]: Buffer[][] = [[], []];
  child.stdout.on('data', (part) => stdout.push(part));
  child.stderr.on('data', (part) => stderr.push(part));
  return new Promise((resolve) => {
    child.on('close', (exitCode) =>
      resolve({ exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

describe('prpack encrypt with pipes', () => {
  it('reads stdin and writes stdout', async () => {
    const output = temporary('both.mp4');
    const { exitCode, stdout, stderr } = await pipe(
      `prpack encrypt - - --no-register < '${FRAGMENTED}' > '${output}'`,
    );
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 0, stdout: 0 });
    expect(stderr).toContain('are encrypted');
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(FRAGMENTED));
  });

  it('writes a file from stdin, with the report on stdout', async () => {
    const output = temporary('from-stdin.mp4');
    const { exitCode, stdout, stderr } = await pipe(
      `prpack encrypt - '${output}' --no-register --json < '${FRAGMENTED}'`,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout.toString())).toMatchObject({ input: '-', output, layout: 'keep' });
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(FRAGMENTED));
  });

  it('prints the JSON report on stderr when stdout carries media', async () => {
    const output = temporary('to-stdout.mp4');
    const { exitCode, stderr } = await pipe(
      `prpack encrypt '${sample('bars.mp4')}' - --no-register --json > '${output}'`,
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stderr)).toMatchObject({ output: '-', layout: 'fragmented', contentId: 'bars' });
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(sample('bars.mp4')));
  });

  it('and the JSON failure, too', async () => {
    const { exitCode, stdout, stderr } = await pipe('prpack encrypt nothing.mp4 - --no-register --json');
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 3, stdout: 0 });
    expect(JSON.parse(stderr).error.code).toBe('INPUT_NOT_FOUND');
  });

  it('can be chained into itself in a shell, and decrypts', async () => {
    const output = temporary('chain.mp4');
    const line = `cat '${FRAGMENTED}' | prpack encrypt - - --no-register --quiet | cat > '${output}'`;
    const { exitCode, stderr } = await pipe(line);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const clear = temporary('chain.clear.mp4');
    expect((await runCli(['decrypt', output, clear], { env: KEYS })).exitCode).toBe(0);
    expect(fingerprintsOf(clear)).toEqual(fingerprintsOf(FRAGMENTED));
  });

  it('refuses a progressive file with the command that helps', async () => {
    const { exitCode, stderr } = await pipe(`prpack encrypt - - --no-register < '${sample('bars.mp4')}'`);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('-movflags frag_keyframe+empty_moov+default_base_moof');
  });

  it('ends with 3 when its input breaks off, and leaves no file', async () => {
    const output = temporary('broken-off.mp4');
    const { exitCode, stderr } = await pipe(
      `head -c 20000 '${FRAGMENTED}' | prpack encrypt - '${output}' --no-register`,
    );
    expect(exitCode).toBe(3);
    expect(stderr).toContain('[TRUNCATED_INPUT]');
    expect(tracesOf(output)).toEqual([]);
  });

  it('ends with 6 when its reader goes away', async () => {
    const { exitCode, stderr } = await pipe(
      `{ cat '${FRAGMENTED}'; sleep 1; tail -c +1 '${FRAGMENTED}'; } | prpack encrypt - - --no-register | head -c 100 > /dev/null`,
    );
    expect(stderr).toContain('[OUTPUT_FAILED]');
    expect(exitCode).toBe(6);
  });

  it('passes each fragment on before the next has come', async () => {
    const bytes = toBytes(fragmented(tracksOf(FRAGMENTED), { fragmentSamples: 10 }));
    const cut = bytes.indexOf('moof', bytes.indexOf('moof') + 4) - 4;
    const child = spawn(process.execPath, [PRPACK, 'encrypt', '-', '-', '--no-register'], {
      env: { ...process.env, ...KEYS },
    });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part) => parts.push(part));
    child.stdin.write(bytes.subarray(0, cut));
    await expect.poll(() => Buffer.concat(parts).length, { timeout: 10_000 }).toBeGreaterThan(cut);
    const before = Buffer.concat(parts);
    expect(before.indexOf('senc')).toBeGreaterThan(0);
    child.stdin.end(bytes.subarray(cut));
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(Buffer.concat(parts).length).toBeGreaterThan(before.length);
  });

  it('stops at SIGTERM while it waits, and leaves no file', async () => {
    const output = temporary('stopped.mp4');
    const child = spawn(process.execPath, [PRPACK, 'encrypt', '-', output, '--no-register'], {
      env: { ...process.env, ...KEYS },
    });
    child.stdin.write(readFileSync(FRAGMENTED).subarray(0, 5000));
    await expect.poll(() => tracesOf(output).length, { timeout: 10_000 }).toBe(1);
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
    expect(tracesOf(output)).toEqual([]);
  });
});

/** `script` of util-linux runs a command in a terminal of its own. */
const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

describe.skipIf(!hasScript)(
  `a terminal${hasScript ? '' : ' (skipped: script of util-linux is missing)'}`,
  () => {
    it.each([
      [`encrypt '${FRAGMENTED}' -`, 'stdout is a terminal'],
      ['encrypt - out.mp4', 'stdin is a terminal'],
    ])('is no end of a pipe: %s', async (args, message) => {
      const { stdout } = await pipe(
        `script -qec "'${process.execPath}' '${PRPACK}' ${args} --no-register" /dev/null`,
      );
      expect(stdout.toString()).toContain(message);
    });
  },
);

describe('the keys of a stream', () => {
  const store = (name: string) => {
    const folder = temporary(name);
    mkdirSync(folder);
    return `sqlite:${join(folder, 'keys.sqlite')}`;
  };
  const states = async (path: string) => {
    const { stdout } = await runCli(['keys', 'list', '--key-store', path, '--json']);
    return stdout;
  };

  it('become active when all has left', async () => {
    const path = store('active');
    const line = `prpack encrypt - - --content-id live-1 --key-store '${path}' < '${FRAGMENTED}'`;
    const { exitCode, stdout } = await pipe(line, {});
    expect(exitCode).toBe(0);
    const listed = await states(path);
    expect(listed).toContain('"active"');
    const [{ outputs }] = JSON.parse(listed);
    expect(outputs).toEqual([{ fingerprint: fingerprintAs(outputs[0].fingerprint, stdout) }]);
  });

  it('stay pending when the stream breaks off', async () => {
    const path = store('pending');
    const line = `head -c 20000 '${FRAGMENTED}' | prpack encrypt - - --content-id live-2 --key-store '${path}' > /dev/null`;
    expect((await pipe(line, {})).exitCode).toBe(3);
    const listed = await states(path);
    expect(listed).toContain('"pending"');
    expect(listed).not.toContain('"active"');
  });

  it('need a name', async () => {
    const path = store('nameless');
    const { exitCode, stderr } = await pipe(
      `prpack encrypt - - --key-store '${path}' < '${FRAGMENTED}' > /dev/null`,
      {},
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--content-id');
  });
});

describeWith(['ffmpeg'], 'ffmpeg into prpack', () => {
  it.each(['', '+default_base_moof', '+default_base_moof+dash', '+default_base_moof+separate_moof'])(
    'frag_keyframe+empty_moov%s: the same samples as the file path gives',
    async (flags) => {
      const streamed = temporary(`streamed${flags}.mp4`);
      const line =
        `'${toolPath('ffmpeg')}' -loglevel error -nostdin -i '${sample('bars.mp4')}' -c copy ` +
        `-movflags frag_keyframe+empty_moov${flags} -f mp4 - | prpack encrypt - '${streamed}' --no-register --quiet`;
      const { exitCode, stderr } = await pipe(line);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      const path = temporary(`path${flags}.mp4`);
      const args = ['encrypt', sample('bars.mp4'), path, '--no-register', '--force'];
      expect((await runCli(args, { env: KEYS })).exitCode).toBe(0);
      expect(ffmpegHashes(streamed, KEY)).toEqual(ffmpegHashes(path, KEY));
      expect(ffmpegHashes(streamed, KEY)).toEqual(ffmpegHashes(sample('bars.mp4')));
    },
  );
});

it('a file named - is still a file', async () => {
  const name = join(process.env.HOME!, '-');
  writeFileSync(name, readFileSync(FRAGMENTED));
  const output = temporary('dash.mp4');
  const { exitCode } = await runCli(['encrypt', './-', output, '--no-register'], { env: KEYS });
  expect(exitCode).toBe(0);
});
