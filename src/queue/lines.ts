import type { Job as QueuedJob } from 'bullmq';
import { PrpackError } from '../errors.js';
import { settingsFingerprint } from '../packager/batch/plan.js';
import { type BegunJob, lineOfFailure } from '../packager/batch/result-line.js';
import type { ResultLine } from '../packager/batch/types.js';
import { type JobData, unpackJob } from './job-data.js';

/** The line of a job that has ended: done, or failed for good. A job that was tried again keeps the reason of the try before. */
export function lineOfEnded(queued: QueuedJob<JobData, ResultLine>): ResultLine {
  return inOrder(queued.returnvalue ?? failureIn(queued));
}

/** The names first, as in any line: PostgreSQL gives fields back in an order of its own. */
function inOrder({ run, id, status, input, output, contentId, ...ending }: ResultLine): ResultLine {
  return { run, id, status, input, output, contentId, ...ending };
}

/** Workers leave the whole line as the reason; the engine gives its own, in words, where no worker came to an end. */
function failureIn({
  failedReason,
  data,
  processedOn,
  timestamp,
}: QueuedJob<JobData, ResultLine>): ResultLine {
  const line = parsed(failedReason);
  if (line) return line;
  const job = unpackJob(data.job);
  const begun: BegunJob = {
    run: data.run,
    id: data.id,
    job,
    settingsSha256: settingsFingerprint(job),
    startedAt: new Date(processedOn ?? timestamp),
  };
  const remedy =
    'Encrypt this file alone to see why, and look into the logs of the workers: memory may have run out.';
  return lineOfFailure(
    begun,
    new PrpackError('INTERNAL', `several workers died while they had this job: ${failedReason}`, { remedy }),
  );
}

function parsed(text: string): ResultLine | undefined {
  try {
    return JSON.parse(text) as ResultLine;
  } catch {
    return undefined;
  }
}
