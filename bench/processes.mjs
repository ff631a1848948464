// Programs that are run and measured.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** Milliseconds from one look at the memory of a program to the next. */
const SAMPLE_MS = 5;
/** Runs its arguments as a command, and writes wall, user and system seconds to descriptor 3. */
const TIMED = 'exec 4>&2 2>&3; TIMEFORMAT="%3R %3U %3S"; time "$@" 2>&4 3>&- 4>&-';

const running = new Set();
process.on('exit', () => {
  for (const child of running) stop(child);
});

/** Runs a program to its end. Throws with what it wrote to stderr, unless it ends with 0. */
export async function run([program, ...args], { env = process.env } = {}) {
  await ended(start(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] }), program);
}

/**
 * Wall seconds, CPU seconds and peak resident megabytes (Linux; else 0) of one run of a program.
 * @param options `env`, and `stdin`: the file it reads
 */
export async function measure(command, { env = process.env, stdin = '/dev/null' } = {}) {
  const input = openSync(stdin);
  const child = start('bash', ['-c', TIMED, 'bench', ...command], {
    env,
    stdio: [input, 'ignore', 'pipe', 'pipe'],
  });
  closeSync(input);
  let report = '';
  child.stdio[3].on('data', (data) => {
    report += data;
  });
  let mb = 0;
  const sampler = setInterval(() => {
    mb = Math.max(mb, peakOfChildrenMb(child.pid));
  }, SAMPLE_MS);
  try {
    await ended(child, command[0]);
  } finally {
    clearInterval(sampler);
  }
  const [wall, user, sys] = report
    .trim()
    .split(' ')
    .map((seconds) => Number(seconds.replace(',', '.')));
  return { wall, cpu: user + sys, mb };
}

/** In a group of its own, so that what a program has started ends with it. */
function start(program, args, options) {
  const child = spawn(program, args, { ...options, detached: true });
  running.add(child);
  return child;
}

function ended(child, program) {
  let complaints = '';
  child.stderr.on('data', (data) => {
    complaints += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code ?? signal}: ${complaints.slice(-500)}`));
    });
  });
}

function stop({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** The kernel's own high-water mark of resident memory, so that a sample in time suffices. */
function peakOfChildrenMb(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const peaks = children.map(
      (child) => /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1],
    );
    return Math.max(...peaks.map((kb) => Number(kb ?? 0) / 1024));
  } catch {
    return 0; // it has just ended, or the system has no /proc
  }
}
