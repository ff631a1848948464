import type { Progress, Threads } from '../index.js';
import { interruptible } from './interrupt.js';
import type { OutputFlags } from './options/output.js';
import { formatJson } from './output/json.js';
import { createProgressBar, type ProgressBar } from './output/progress.js';
import { writeMessage, writeResult } from './output/streams.js';
import { type Style, styleOf } from './output/style.js';

/**
 * What a job gets from its surroundings: how it is stopped, where it reports its progress, and how many threads it has.
 */
export interface JobContext {
  readonly threads: Threads;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Runs a job that writes a file: abortable, with a progress bar, and reported as the flags say. */
export async function runJob<R>(
  flags: OutputFlags,
  job: (context: JobContext) => Promise<R>,
  format: (result: R, style: Style) => string,
): Promise<void> {
  const result = await interruptible((signal) => withProgress(flags, signal, job));
  if (flags.json) await writeResult(formatJson(result));
  else writeMessage(format(result, styleOf(process.stderr)));
}

async function withProgress<R>(
  flags: OutputFlags,
  signal: AbortSignal,
  job: (context: JobContext) => Promise<R>,
): Promise<R> {
  const bar: ProgressBar | undefined =
    flags.json || flags.quiet ? undefined : await createProgressBar(process.stderr);
  const stop = () => bar?.stop();
  signal.addEventListener('abort', stop, { once: true }); // at once: a second signal may end the process
  try {
    return await job({
      threads: flags.threads ?? 'auto',
      signal,
      onProgress: (progress) => signal.aborted || bar?.update(progress),
    });
  } finally {
    stop();
  }
}
