import { stateOfInput } from '../../bytes/files.js';
import { newFingerprintKey } from '../../bytes/fingerprint.js';
import { makeFolderOf } from '../../bytes/output-directory.js';
import { PrpackError } from '../../errors.js';
import type { KeyLookup, KeySource } from '../../keys/key-source.js';
import type { PackagerKeyStore } from '../../keystore/key-store.js';
import { named } from '../../settings/spelling.js';
import { encrypt } from '../encrypt.js';
import { fingerprintOf, hasFingerprint } from '../execute/fingerprint.js';
import type { EncryptOptions, EncryptResult, Progress, Threads } from '../types.js';
import type { Proof } from './results.js';
import type { InputFingerprint, Job, JobWork } from './types.js';

/** A job, and how to go about it. */
export interface Task {
  readonly job: Job;
  readonly force: boolean;
  /** Plan only: nothing is written. */
  readonly dryRun: boolean;
  readonly threads: Threads;
  /** That the work may be done already; the key store has been asked. */
  readonly proof?: Proof | undefined;
}

/** What a job works with. */
export interface Tools {
  readonly keyStore: PackagerKeyStore;
  /** Absent where the key store and random keys are the source. */
  readonly keys?: KeySource | undefined;
  /** Finds the keys of input that is encrypted already. */
  readonly lookup: KeyLookup;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** How a job came to its end, when it did not fail. */
export interface Outcome {
  readonly status: 'done' | 'skipped';
  readonly fingerprint: InputFingerprint;
  readonly bytes: number;
  /** Once there is an output. */
  readonly outputFingerprint?: string;
  readonly kids: readonly string[];
  readonly unchanged: boolean;
  readonly warnings: readonly string[];
  /** Absent where nothing was encrypted. */
  readonly work?: JobWork;
}

/**
 * Does one job of a batch, or finds that it is done.
 * @throws PrpackError as `encrypt`, and INPUT_UNREADABLE when the input changed while it was read
 */
export async function performTask(task: Task, tools: Tools): Promise<Outcome> {
  const { job, proof } = task;
  if (job.title) return (await import('./perform-title.js')).performTitle(task, tools, job.title);
  const skipped = proof && (await checkProof(proof, job, tools.signal));
  if (skipped) return skipped;
  if (task.dryRun) return planTask(task, tools);
  makeFolderOf(job.output);
  const before = await stateOfInput(job.input);
  const encrypted = await encryptJob(task, tools);
  const digest = await fingerprintOf(job.input, newFingerprintKey(), tools.signal);
  const after = await stateOfInput(job.input);
  if (!before || before.bytes !== after?.bytes || before.mtimeMs !== after.mtimeMs) throw changed(job);
  return { status: 'done', fingerprint: { ...before, digest }, ...encrypted };
}

/** What would be done; the input is read as far as the plan needs it. */
async function planTask({ job, threads }: Task, { keyStore, keys, lookup, signal }: Tools): Promise<Outcome> {
  const { input, output, contentId } = job;
  const fingerprint = await stateOfInput(input);
  const files = { input, output, contentId, threads, signal, dryRun: true };
  const settings = settingsOf(job, lookup);
  const result = await encrypt({ ...settings, ...files, keyStore, ...(keys && { keys }) });
  const { bytes, warnings } = result;
  return {
    status: 'done',
    fingerprint: fingerprint!,
    bytes,
    kids: kidsOf(result),
    unchanged: false,
    warnings,
  };
}

async function encryptJob(
  { job, force, threads }: Task,
  { keyStore, keys, lookup, signal, onProgress }: Tools,
): Promise<Omit<Outcome, 'status' | 'fingerprint'>> {
  const { input, output, contentId } = job;
  const files = { input, output, contentId, force, threads, signal, onProgress };
  const settings = settingsOf(job, lookup);
  const result = await encrypt({ ...settings, ...files, keyStore, ...(keys && { keys }) });
  const { bytes, fingerprint, unchanged, warnings } = result;
  const work = unchanged ? {} : { work: workOf(result) };
  return { bytes, outputFingerprint: fingerprint!, kids: kidsOf(result), unchanged, warnings, ...work };
}

function workOf({ tracks, timings }: EncryptResult): JobWork {
  const encrypted = tracks.filter((track) => track.encrypted);
  const samples = encrypted.reduce((sum, track) => sum + track.samples, 0);
  return { tracks: encrypted.length, samples, timings };
}

/** All keys of an output, each once. */
function kidsOf({ tracks }: EncryptResult): string[] {
  return [...new Set(tracks.flatMap(({ kid, kids }) => kids ?? kid ?? []))];
}

/** The settings as `encrypt` takes them. */
function settingsOf(
  { settings: { decryptKeys, ...settings } }: Job,
  lookup: KeyLookup,
): Partial<EncryptOptions> {
  return { ...settings, ...(decryptKeys !== undefined && { decryptKeys: lookup }) };
}

/** Whether input and output are still what an earlier run read and made. A new time alone does not make another input. */
async function checkProof(
  proof: Proof,
  { input, output }: Job,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { fingerprint, bytes, outputFingerprint } = proof;
  const state = await stateOfInput(input);
  if (state?.bytes !== fingerprint.bytes || (await stateOfInput(output))?.bytes !== bytes) return undefined;
  const isSameTime = state.mtimeMs === fingerprint.mtimeMs;
  if (!isSameTime && !(await hasFingerprint(input, fingerprint.digest, signal))) return undefined;
  if (!(await hasFingerprint(output, outputFingerprint, signal))) return undefined;
  return skipped(proof, state);
}

/**
 * The outcome of a job that an earlier run has done.
 * @param state of the input now: its time may be another one
 */
export function skipped(
  { fingerprint: { digest }, bytes, outputFingerprint, kids }: Proof,
  state: Omit<InputFingerprint, 'digest'>,
): Outcome {
  const fingerprint = { ...state, digest };
  return { status: 'skipped', fingerprint, bytes, outputFingerprint, kids, unchanged: true, warnings: [] };
}

/** The error for an input that is not what it was. */
export function changed({ input, output }: Job): PrpackError {
  return new PrpackError('INPUT_UNREADABLE', `${input} changed while it was read`, {
    path: input,
    remedy: `Run it again with ${named('force', true)} when nobody writes to the input any more: ${output} is of an unknown state.`,
  });
}
