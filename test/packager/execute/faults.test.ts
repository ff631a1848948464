import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from '../../support/cli.js';
import { KEY, KID } from '../../support/jobs.js';
import { ROOT, sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const input = temporary('input.mp4');
const encrypted = temporary('encrypted.mp4');
const output = temporary('output.mp4');
const FAULTY = join(ROOT, 'test/support/faulty-fs.mjs');

/** bars.mp4 and 5 MB behind it, so that there are chunks for several threads. */
beforeAll(async () => {
  copyFileSync(sample('bars.mp4'), input);
  const start = statSync(input).size;
  const file = openSync(input, 'r+');
  const padding = Buffer.alloc(5_000_000, 'x');
  padding.writeUInt32BE(padding.length, 0);
  padding.write('free', 4, 'latin1');
  writeSync(file, padding, 0, padding.length, start);
  closeSync(file);
  const { exitCode } = await run('encrypt', input, encrypted, 1, undefined);
  expect(exitCode).toBe(0);
});

/** Decryption has one right answer: the input. */
function run(
  verb: string,
  from: string,
  to: string,
  threads: number,
  fault: string | undefined,
): Promise<CliResult> {
  const layout = verb === 'encrypt' ? ['--layout', 'keep', '--no-register'] : [];
  return runCli([verb, from, to, ...layout, '--threads', `${threads}`, '--force'], {
    nodeArgs: fault ? ['--import', FAULTY] : [],
    env: { PRPACK_KID: KID, PRPACK_KEY: KEY, ...(fault && { FAULT: fault }) },
  });
}

/** Temporary files. */
const leftovers = () => readdirSync(temporary('')).filter((name) => name.endsWith('.part'));

describe('a disk that works, in its own way', () => {
  it.each([
    ['writeSync:short:0', 1],
    ['writeSync:short:0', 3],
    ['readSync:short:0', 1],
    ['readSync:short:0', 3],
    ['readSync:EINTR:0', 1],
    ['readSync:EINTR:0', 3],
  ])('%s, with %d threads: the output is whole', async (fault, threads) => {
    const { exitCode, stderr } = await run('decrypt', encrypted, output, threads, fault);
    expect(exitCode, stderr).toBe(0);
    expect(readFileSync(output).equals(readFileSync(input))).toBe(true);
  });
});

describe('a disk that fails', () => {
  const inTheMiddle = 1;
  it.each([
    [`writeSync:ENOSPC:${inTheMiddle}`, 1, 6, 'ENOSPC'],
    [`writeSync:ENOSPC:${inTheMiddle}`, 3, 6, 'ENOSPC'],
    [`writeSync:EIO:${inTheMiddle}`, 3, 6, 'EIO'],
    [`writeSync:none:${inTheMiddle}`, 1, 6, 'nothing was written'],
    [`writeSync:none:${inTheMiddle}`, 3, 6, 'nothing was written'],
    ['readSync:EIO:0', 1, 3, 'EIO'],
    ['readSync:none:0', 1, 3, 'TRUNCATED_INPUT'],
    ['readSync:EIO:14', 1, 6, 'cannot be read back'],
    [`writeSync:exit:${inTheMiddle}`, 3, 70, 'worker thread'],
  ])('%s, with %d threads: exit %d, and nothing is left', async (fault, threads, code, text) => {
    const target = temporary('never.mp4');
    const { exitCode, stderr } = await run('decrypt', encrypted, target, threads, fault);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(text) });
    expect(existsSync(target)).toBe(false);
    expect(leftovers()).toEqual([]);
  });
});
