import { stateOfFile } from '../../bytes/files.js';
import { PrpackError } from '../../errors.js';
import type { Outcome } from './perform.js';
import type { Job, ResultLine } from './types.js';

/** What is known of a job before it ends. */
export interface BegunJob {
  readonly run: string;
  readonly id: string;
  readonly job: Job;
  readonly settingsSha256: string;
  readonly startedAt: Date;
}

type Ending = Omit<
  ResultLine,
  'run' | 'id' | 'input' | 'output' | 'contentId' | 'settingsSha256' | 'startedAt' | 'elapsedMs'
>;

/** The line of a job that was done, now or by an earlier run. */
export function lineOfOutcome(begun: BegunJob, { work: _, ...outcome }: Outcome): ResultLine {
  return lineOf(begun, outcome);
}

/** The line of a job that failed. Whatever is not a PrpackError was not foreseen. */
export function lineOfFailure(begun: BegunJob, error: unknown): ResultLine {
  const report =
    error instanceof PrpackError
      ? error.toJSON()
      : {
          code: 'INTERNAL',
          message: `unexpected failure: ${error instanceof Error ? error.message : error}`,
        };
  const fingerprint = begun.job.title ? undefined : stateOfInput(begun.job.input);
  return lineOf(begun, { status: 'failed', ...(fingerprint && { fingerprint }), error: report });
}

function lineOf(
  { run, id, job, settingsSha256, startedAt }: BegunJob,
  { status, ...ending }: Ending,
): ResultLine {
  const { input, output, contentId } = job;
  const times = { startedAt: startedAt.toISOString(), elapsedMs: Date.now() - startedAt.getTime() };
  return { run, id, status, input, output, contentId, settingsSha256, ...ending, ...times };
}

function stateOfInput(path: string): ReturnType<typeof stateOfFile> {
  try {
    return stateOfFile(path); // none of an object
  } catch {
    return undefined; // the failure itself says why it cannot be looked at
  }
}
