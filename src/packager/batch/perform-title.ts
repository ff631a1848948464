import { stateOfInput } from '../../bytes/files.js';
import { makeFolderOf } from '../../bytes/output-directory.js';
import { nameBelow } from '../../settings/paths.js';
import { fingerprintOf, hasFingerprint } from '../execute/fingerprint.js';
import { findInputs } from '../package/inputs.js';
import { packageTitle } from '../package/package-title.js';
import {
  InputFingerprints,
  inputPathsOf,
  inputsDigest,
  isAllThere,
  readState,
  STATE_FILE,
  withPublished,
} from '../package/state.js';
import { sheetPathsOf } from '../package/thumbnails.js';
import type { PackageResult } from '../package/types.js';
import { changed, type Outcome, skipped, type Task, type Tools } from './perform.js';
import type { Proof } from './results.js';
import type { InputFingerprint, Job, JobWork } from './types.js';

type JobTitle = NonNullable<Job['title']>;

/**
 * Packages a title, or finds that it is done.
 * @throws PrpackError as `packageTitle`, and INPUT_UNREADABLE when an input changed while it was read
 */
export async function performTitle(task: Task, tools: Tools, title: JobTitle): Promise<Outcome> {
  const { job, proof, dryRun } = task;
  const skipped = proof && (await checkProof(proof, job, title, tools.signal));
  if (skipped) return skipped;
  if (!dryRun) makeFolderOf(job.output);
  const paths = await pathsOf(title);
  const before = await stateOf(paths);
  const result = await packageTitle(optionsOf(task, tools, title));
  if (dryRun) return outcomeOf(result, before!);
  const after = await stateOf(paths);
  if (!before || before.bytes !== after?.bytes || before.mtimeMs !== after.mtimeMs) throw changed(job);
  const { inputs, fingerprintKey } = (await readState(job.output))!;
  const outputFingerprint = await fingerprintOf(
    nameBelow(job.output, STATE_FILE),
    fingerprintKey!,
    tools.signal,
  );
  const outcome = { ...outcomeOf(result, { ...before, digest: inputs! }), outputFingerprint };
  return result.unchanged ? outcome : { ...outcome, work: workOf(result) };
}

function workOf({ tracks, timings }: PackageResult): JobWork {
  return { tracks: tracks.filter(({ encrypted, reused }) => encrypted && !reused).length, timings };
}

function optionsOf(
  { job, force, dryRun, threads }: Task,
  { keyStore, keys, signal, onProgress }: Tools,
  title: JobTitle,
): Parameters<typeof packageTitle>[0] {
  const { output: outDir, contentId } = job;
  const work = { outDir, contentId, force, dryRun, threads, signal, onProgress, keyStore };
  return { ...title, ...work, ...(keys && { keys }) };
}

function outcomeOf(
  { bytes, tracks, unchanged, warnings }: PackageResult,
  fingerprint: InputFingerprint,
): Outcome {
  const kids = [...new Set(tracks.flatMap(({ kid }) => kid ?? []))];
  return { status: 'done', fingerprint, bytes, kids, unchanged, warnings };
}

/** Whether inputs and presentation are still what an earlier run read and made. */
async function checkProof(
  proof: Proof,
  { output }: Job,
  title: JobTitle,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { fingerprint, outputFingerprint } = proof;
  const paths = await pathsOf(title);
  const now = await stateOf(paths);
  const state = await readState(output);
  if (state?.fingerprintKey === undefined || now?.bytes !== fingerprint.bytes) return undefined;
  const isSameTime = now.mtimeMs === fingerprint.mtimeMs;
  const inputs = new InputFingerprints(state.fingerprintKey, signal);
  if (!isSameTime && (await inputsDigest(paths, inputs)) !== fingerprint.digest) return undefined;
  if (!(await hasFingerprint(nameBelow(output, STATE_FILE), outputFingerprint, signal))) return undefined;
  if (!(await withPublished(output, signal, (folder) => isAllThere(folder, state, signal)))) return undefined;
  return skipped(proof, now);
}

async function pathsOf(title: JobTitle): Promise<string[]> {
  const { inputs, thumbnails } = title;
  return inputPathsOf(
    await findInputs(inputs),
    thumbnails === undefined ? [] : await sheetPathsOf(thumbnails),
    title,
  );
}

/** Size of all files together, and the last change of one of them; undefined where one is missing. */
async function stateOf(paths: readonly string[]): Promise<InputFingerprint | undefined> {
  const states = await Promise.all(paths.map(stateOfInput));
  if (!states.every((state) => state !== undefined)) return undefined;
  return {
    bytes: states.reduce((sum, { bytes }) => sum + bytes, 0),
    mtimeMs: Math.max(...states.map(({ mtimeMs }) => mtimeMs)),
  };
}
