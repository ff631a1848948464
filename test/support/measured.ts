import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliResult, runCli } from './cli.js';

export interface MeasuredRun extends CliResult {
  /** Peak resident memory. */
  readonly maxRssBytes: number;
}

/** Runs the built command line as `runCli`, and measures it. */
export async function runMeasured(args: readonly string[]): Promise<MeasuredRun> {
  const folder = mkdtempSync(join(tmpdir(), 'prpack-run-'));
  const rssFile = join(folder, 'rss');
  try {
    const result = await runCli(args, {
      nodeArgs: ['--import', join(import.meta.dirname, 'report-rss.mjs')],
      env: { PRPACK_TEST_RSS_FILE: rssFile },
    });
    const maxRssBytes = existsSync(rssFile) ? Number(readFileSync(rssFile, 'utf8')) : Number.NaN;
    return { ...result, maxRssBytes };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
