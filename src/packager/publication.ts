import type { Publishable } from '../bytes/sink.js';
import type { AssignedKey } from '../keys/key-source.js';
import { retryOnKeyRace } from '../keystore/key-race.js';
import type { OutputPlan } from '../layout/output-plan.js';
import type { Digests } from './digests.js';
import type { Clock } from './job.js';
import { KeyLedger } from './key-ledger.js';
import type { EncryptOptions } from './types.js';

/** An output and the keys that it needs, with its fingerprint where a key store wants it. */
export interface WrittenOutput extends Digests {
  readonly keys: readonly AssignedKey[];
}

/** What of the options the publication looks at. */
export type PublicationOptions = Pick<
  EncryptOptions,
  'keys' | 'keyStore' | 'keysOut' | 'policy' | 'force' | 'dryRun'
>;

/** The keys of a job. */
export interface KeyedJob {
  readonly keys: readonly AssignedKey[];
  readonly contentId: string;
}

/** What is known before the first byte is written. */
export interface PlannedJob {
  /** Of the output, or of what a stream begins with. */
  readonly plan: Pick<OutputPlan, 'sizeBytes'>;
  /** License acquisition URL of the PlayReady header, registered with the keys. */
  readonly laUrl?: string;
  readonly warnings: readonly string[];
}

/** The parts of a job that differ by what goes in and what comes out. */
export interface PackagingSteps<Job extends KeyedJob, Plan extends PlannedJob, Output extends Publishable> {
  /** Reads what is to be encrypted and gets the keys: again when another process registers keys of the content first. */
  prepare(): Promise<Job>;
  /** What an earlier run published, when it is byte for byte what this one would. */
  findExisting?(
    job: Job,
  ): Promise<{ readonly plan: Plan; readonly outputs: readonly WrittenOutput[] } | undefined>;
  /** Called once; not for a dry run. */
  open(): Output | Promise<Output>;
  plan(job: Job): Promise<Plan>;
  /** @param ledger registers what keys are needed later */
  write(begun: Begun<Job, Plan>, output: Output, ledger: KeyLedger): Promise<readonly WrittenOutput[]>;
  /**
   * Reads the written output back. Only for one that is staged.
   * @throws PrpackError OUTPUT_CHECK_FAILED
   */
  check(begun: Begun<Job, Plan>, output: Output): Promise<void>;
}

export interface Begun<Job, Plan> {
  readonly job: Job;
  readonly plan: Plan;
  readonly warnings: readonly string[];
}

/** What has been published, was there already, or would be. */
export interface Published<Job, Plan> extends Begun<Job, Plan> {
  /** Absent for a dry run. */
  readonly outputs?: readonly WrittenOutput[];
  readonly unchanged: boolean;
}

/**
 * The one way in which encrypted content comes to be seen: its keys are registered as pending, then it is written, read back,
 * published, and its keys are marked active: in this order, whatever happens in between. A crash leaves at worst pending keys that
 * nothing uses.
 * @throws PrpackError as the steps, KEY_CONFLICT, KEY_STORE_FAILED, OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function packageContent<
  Job extends KeyedJob,
  Plan extends PlannedJob,
  Output extends Publishable,
>(
  steps: PackagingSteps<Job, Plan, Output>,
  options: PublicationOptions,
  clock: Clock,
): Promise<Published<Job, Plan>> {
  const ledger = new KeyLedger(options);
  let output: Output | undefined;
  const begin = async (): Promise<Begun<Job, Plan> | Published<Job, Plan>> => {
    const job = await steps.prepare();
    const existing = await resume(steps, job, ledger, options, clock);
    if (existing) return existing;
    ledger.assertKeysOutIsFree();
    if (!options.dryRun) output ??= await steps.open();
    const plan = await steps.plan(job);
    clock.planned();
    const begun = { job, plan, warnings: plan.warnings };
    output?.assertRoom(plan.plan.sizeBytes);
    if (!output) return { ...begun, unchanged: false };
    const warnings = await ledger.register(job.keys, job.contentId, plan.laUrl);
    return { ...begun, warnings: [...plan.warnings, ...warnings] };
  };
  try {
    const begun = await retryOnKeyRace(begin);
    if (!output || 'unchanged' in begun) return { unchanged: false, ...begun };
    const into = output;
    const publishing = {
      write: () => steps.write(begun, into, ledger),
      check: () => steps.check(begun, into),
      ledger,
    };
    const outputs = await publish(into, publishing, clock);
    await ledger.confirm(outputs);
    return { ...begun, outputs, unchanged: false };
  } finally {
    await output?.abort();
  }
}

/** With a key store, a rerun on an existing output changes nothing but what an earlier run could not confirm any more. */
async function resume<Job extends KeyedJob, Plan extends PlannedJob, Output extends Publishable>(
  steps: PackagingSteps<Job, Plan, Output>,
  job: Job,
  ledger: KeyLedger,
  { keyStore, force, dryRun }: PublicationOptions,
  clock: Clock,
): Promise<Published<Job, Plan> | undefined> {
  if (!keyStore || force || dryRun) return undefined;
  const existing = await steps.findExisting?.(job);
  if (!existing) return undefined;
  const { plan, outputs } = existing;
  clock.planned();
  const warnings = await ledger.register(job.keys, job.contentId, plan.laUrl);
  await ledger.confirm(outputs);
  return { job, plan, outputs, unchanged: true, warnings: [...plan.warnings, ...warnings] };
}

/** How an output is filled and read back. */
export interface Publishing<Written> {
  write(): Promise<Written>;
  /** Only of a staged output. */
  check(): Promise<void>;
  /** The keys that must be kept before the output is seen. */
  readonly ledger?: KeyLedger;
}

/**
 * Writes, flushes, checks and commits. The caller aborts the output at the end, which does nothing after a commit.
 * @throws PrpackError as `write` and `check`, OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function publish<Written>(
  output: Publishable,
  { write, check, ledger }: Publishing<Written>,
  clock: Clock,
): Promise<Written> {
  if (!output.isStaged) await ledger?.writeKeysOut(); // its bytes are seen as they are written
  const written = await write();
  await output.flush();
  clock.written();
  if (output.isStaged) {
    await check();
    await ledger?.writeKeysOut();
  }
  try {
    await output.commit();
  } catch (error) {
    ledger?.discardKeysOut();
    throw error;
  }
  return written;
}
