import { createHash } from 'node:crypto';
import { PrpackError } from '../errors.js';
import { settingsFingerprint } from '../packager/batch/plan.js';
import type { Proof } from '../packager/batch/results.js';
import type { Job } from '../packager/batch/types.js';
import { looksLikeKey } from '../settings/secrets.js';

/** What a worker is told of a job: where its files are and what is asked for. Never a key. */
export interface JobData {
  /** The run that has put it into the queue. */
  readonly run: string;
  /** Of the job, in the results file and in logs. */
  readonly id: string;
  /** A `Job`, as `packJob` makes it. */
  readonly job: PackedJob;
  readonly force: boolean;
  /** What an earlier run proves of it. The worker asks its key store. */
  readonly proof?: Proof;
}

declare const packed: unique symbol;
/** A `Job` as JSON can hold it. */
export type PackedJob = { readonly [packed]: true };

/** Stands for bytes in JSON. */
const BYTES = '$base64';

/**
 * A job as JSON can hold it.
 * @throws PrpackError INVALID_ARGUMENT when it holds what may be a secret
 */
export function packJob(job: Job): PackedJob {
  assertNoSecrets(job);
  return mapped(job, (value) =>
    value instanceof Uint8Array ? { [BYTES]: Buffer.from(value).toString('base64') } : undefined,
  ) as PackedJob;
}

/** The job that was packed. */
export function unpackJob(job: PackedJob): Job {
  return mapped(job, (value) => {
    const text = (value as { readonly [BYTES]?: unknown })[BYTES];
    return typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'base64')) : undefined;
  }) as Job;
}

/** A copy of plain data in which objects are replaced for which there is something else. */
function mapped(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const other = replace(value);
  if (other !== undefined) return other;
  if (Array.isArray(value)) return value.map((item) => mapped(item, replace));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapped(inner, replace)]));
}

/**
 * Name of a job in the queue: the same for the same wish, so that whoever puts it there again finds it.
 * @param results path of the results file that is to have its line
 */
export function jobIdOf(job: Job, force: boolean, results: string): string {
  const wish = [results, job.input, job.output, settingsFingerprint(job), force];
  return `job-${createHash('sha256').update(JSON.stringify(wish)).digest('hex').slice(0, 40)}`;
}

/** A URL with user or password in it. */
const CREDENTIALS = /^[a-z][a-z0-9+.:-]*:\/\/[^/?#]*@/i;

/** Whoever may look into the queue sees all that is in it. */
function assertNoSecrets({ input, settings, title }: Job): void {
  const { policy } = { ...settings, ...title };
  const hasKey = textsIn(policy).some(looksLikeKey);
  const hasPassword = textsIn([input, settings, title]).some((text) => CREDENTIALS.test(text));
  if (!hasKey && !hasPassword) return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    hasKey ? `the policy of ${input} has what may be a key in it` : 'a job has a URL with a password in it',
    {
      expected: 'jobs without secrets, as everybody who may look into the queue sees them',
      remedy:
        'Nothing was put into the queue. Give secrets to the workers: by their options, variables, or files.',
    },
  );
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return Object.values(value).flatMap(textsIn);
}
