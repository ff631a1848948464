import { availableParallelism } from 'node:os';
import { PrpackError } from '../../errors.js';
import type { PackagerKeyStore } from '../../keystore/key-store.js';
import { named } from '../../settings/spelling.js';
import type { Progress, Threads } from '../types.js';
import { ContentLocks } from './content-locks.js';
import { DecryptKeys } from './decrypt-keys.js';
import { JobKeys } from './job-keys.js';
import type { JobRunner } from './job-runner.js';
import { NO_STORE } from './no-store.js';
import type { Outcome, Task } from './perform.js';
import { settingsFingerprint } from './plan.js';
import { publishedFiles } from './published-files.js';
import { isRegistered } from './registered.js';
import { Registrar } from './registrar.js';
import { type BegunJob, lineOfFailure, lineOfOutcome } from './result-line.js';
import type { Proof } from './results.js';
import type { BatchOptions, BatchSettings, Job, JobWork, KeyOperation, ResultLine } from './types.js';

/** What the jobs of a process share. */
export type WorkshopOptions = Pick<BatchOptions, 'keys' | 'keyStore' | 'openDecryptKeys'>;

/** Who looks on while a job is done. */
export interface Onlooker {
  readonly onProgress: (progress: Progress) => void;
  readonly onKeys: (operation: KeyOperation) => void;
}

/** A job in a run. */
type NamedTask = Task & Pick<BegunJob, 'run' | 'id'>;

/** How a job ended. */
export interface EndedTask {
  readonly line: ResultLine;
  /** Absent where nothing was encrypted. */
  readonly work?: JobWork;
}

/** Where the jobs of a process are done: with one key store, one source of keys, and one lock for each content. */
export class Workshop {
  readonly #options: WorkshopOptions;
  readonly #signal: AbortSignal;
  readonly #lookups: DecryptKeys;
  readonly #store: PackagerKeyStore;
  readonly #locks = new ContentLocks();

  /**
   * @param signal stops the jobs in flight
   * @throws PrpackError KEY_REQUIRED when keys would be kept nowhere
   */
  constructor(options: WorkshopOptions, signal: AbortSignal) {
    assertKeysKept(options);
    this.#options = options;
    this.#signal = signal;
    this.#lookups = new DecryptKeys(options);
    this.#store = options.keyStore ? new Registrar(options.keyStore) : NO_STORE;
  }

  /** Opens what `decryptKeys` of the settings names. */
  async openDecryptKeys(settings: BatchSettings): Promise<void> {
    await this.#lookups.of(settings);
  }

  /** Does a job, unless its proof shows that it is done, and says how it ended. */
  async do({ run, id, ...task }: NamedTask, runner: JobRunner, onlooker: Onlooker): Promise<EndedTask> {
    const { job } = task;
    const settingsSha256 = settingsFingerprint(job);
    const begun: BegunJob = { run, id, job, settingsSha256, startedAt: new Date() };
    try {
      const proof = await this.#confirmed(task.proof, job, settingsSha256);
      const outcome = await this.#perform({ ...task, proof }, id, runner, onlooker);
      return { line: lineOfOutcome(begun, outcome), ...(outcome.work && { work: outcome.work }) };
    } catch (error) {
      return { line: lineOfFailure(begun, error) };
    }
  }

  async #perform(
    task: Task,
    id: string,
    runner: JobRunner,
    { onProgress, onKeys }: Onlooker,
  ): Promise<Outcome> {
    const { settings, contentId } = task.job;
    const decryptKeys = await this.#lookups.of(settings);
    const store = this.#store.withRequestId?.(id) ?? this.#store;
    const { keys: source } = this.#options;
    const keys = new JobKeys({ contentId, store, source, locks: this.#locks, decryptKeys, onKeys });
    try {
      return await runner.perform(task, { keys, signal: this.#signal, onProgress });
    } finally {
      keys.end();
    }
  }

  /** What an earlier run proves of this very job, where the key store bears it out, as far as can be seen without reading files. */
  async #confirmed(proof: Proof | undefined, job: Job, settingsSha256: string): Promise<Proof | undefined> {
    const { keyStore } = this.#options;
    if (proof?.settingsSha256 !== settingsSha256) return undefined;
    if (!keyStore) return proof;
    const published = job.title ? await publishedFiles(job.output) : [proof.outputFingerprint];
    return (await isRegistered(keyStore, proof.kids, published)) ? proof : undefined;
  }
}

/** Threads that write one file, where so many jobs run at a time. */
export function threadsFor(jobsAtOnce: number): Threads {
  return jobsAtOnce >= availableParallelism() ? 1 : 'auto';
}

function assertKeysKept({ keys, keyStore }: WorkshopOptions): void {
  if (keys || keyStore) return;
  throw new PrpackError('KEY_REQUIRED', 'random keys that are kept nowhere would lose the contents', {
    remedy: `Register them in a key store (${named('keyStore')}), or give ${named('keyFile')} or ${named('keySeedFile')}.`,
  });
}
