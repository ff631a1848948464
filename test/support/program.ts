import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { ROOT } from './samples.js';

export interface ProgramRun {
  /** Exit code; null when a signal ended the program. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
  /** Peak resident memory; NaN when the program was killed before it could tell. */
  readonly maxRssBytes: number;
}

/**
 * Runs the built command line as a user would, and measures it.
 * @param timeoutMs the program is killed after it
 */
export function runProgram(args: readonly string[], timeoutMs = 60_000): ProgramRun {
  const problem = inject('buildProblem');
  if (problem) throw new Error(`the program cannot be built:\n${problem}`);
  const folder = mkdtempSync(join(tmpdir(), 'prpack-run-'));
  const rssFile = join(folder, 'rss');
  try {
    const startMs = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', join(import.meta.dirname, 'report-rss.mjs'), join(ROOT, 'bin/prpack.js'), ...args],
      {
        encoding: 'utf8',
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        env: { ...process.env, PRPACK_TEST_RSS_FILE: rssFile },
      },
    );
    const wallMs = performance.now() - startMs;
    const maxRssBytes = existsSync(rssFile) ? Number(readFileSync(rssFile, 'utf8')) : Number.NaN;
    return { status, stdout, stderr, wallMs, maxRssBytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
