import { basename, resolve } from 'node:path';
import { writeAcross } from '../../bytes/file-sequence.js';
import { newFingerprintKey } from '../../bytes/fingerprint.js';
import { isS3Url } from '../../bytes/s3/location.js';
import { DirectorySink } from '../../bytes/sinks/directory-sink.js';
import { existsAlready } from '../../bytes/sinks/file-sink.js';
import type { ByteSource } from '../../bytes/source.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { digestsOf, type WantedDigests } from '../digests.js';
import { EventLoopYielder, yieldToEventLoop } from '../event-loop.js';
import { executePlans } from '../execute/execute.js';
import type { WorkerPool } from '../execute/worker-pool.js';
import { Clock, withWorkerPool } from '../job.js';
import { assignKeys } from '../key-assignment.js';
import { type PackagingSteps, packageContent, type WrittenOutput } from '../publication.js';
import { distinctKeys } from '../registration.js';
import { checkMedia } from './check-media.js';
import {
  mediaOf,
  newOutputsOf,
  planTitle,
  smallFilesOf,
  stateOf,
  type TitleJob,
  type TitleOutput,
  type TitlePlan,
} from './folder-plan.js';
import { checkManifestFiles, ENTRIES } from './manifest-files.js';
import type { SmallFile } from './planned-text.js';
import { PublishedTracks } from './published-tracks.js';
import { report } from './report.js';
import type { TitleTrack } from './representations.js';
import { assertKeysApart, assertSchemes, ofEachScheme } from './schemes.js';
import { checkSmoothMedia, writeSmoothMedia } from './smooth/media.js';
import { assertSmoothCanHave, keyPerOf } from './smooth/options.js';
import {
  InputFingerprints,
  isAllThere,
  jobDigests,
  type PackageState,
  pathsBelow,
  pathsOfTitle,
  publishedPaths,
  readState,
  STATE_FILE,
  stateText,
} from './state.js';
import { type Title, withTitle } from './title.js';
import type { PackageOptions, PackageResult } from './types.js';
import { freeVersion } from './versions.js';

/** The work of `packageTitle`. */
export async function packageChecked(options: PackageOptions): Promise<PackageResult> {
  if (isS3Url(options.outDir)) return packageToS3(options);
  return packageInto(options, () => new DirectorySink(options.outDir, options.force ?? false));
}

/** A local folder stands for the prefix: what holds for presentations in folders holds for those in buckets. */
async function packageToS3(options: PackageOptions): Promise<PackageResult> {
  const { outDir, signal, force = false, keyStore } = options;
  const { S3Folder } = await import('../../bytes/s3/s3-folder.js');
  const folder = await S3Folder.open(outDir, signal);
  try {
    if (folder.isTaken && !force && !keyStore) throw existsAlready(folder.shown);
    await folder.copy(STATE_FILE, publishedPaths, signal);
    const local = { ...options, outDir: folder.path, contentId: options.contentId ?? folder.name };
    const result = await packageInto(local, () => folder.openSink(force, signal));
    return { ...result, outDir };
  } finally {
    folder.close();
  }
}

/** @param open makes the sink for the folder of the options */
async function packageInto(options: PackageOptions, open: () => DirectorySink): Promise<PackageResult> {
  const clock = new Clock();
  assertSchemes(options);
  assertSmoothCanHave(options);
  const { threads, dryRun } = options;
  return withTitle(options, (title) =>
    withWorkerPool(allSources(title), dryRun ? 1 : threads, (pool) =>
      withFingerprints(title, options, pool !== undefined, async (fingerprints) => {
        const steps = titleSteps(title, options, fingerprints, pool, open);
        return report(await packageContent(steps, options, clock), options, clock);
      }),
    ),
  );
}

/** Takes the fingerprints of the inputs: where threads are worth it, on one of its own, from the beginning. */
async function withFingerprints<R>(
  title: Title,
  options: PackageOptions,
  isWorthThreads: boolean,
  work: (fingerprints: InputFingerprints) => Promise<R>,
): Promise<R> {
  const { outDir, signal } = options;
  const key = (await readState(outDir))?.fingerprintKey ?? newFingerprintKey();
  if (!isWorthThreads) return work(new InputFingerprints(key, signal));
  const { FingerprintThread } = await import('../execute/fingerprint-thread.js');
  const thread = new FingerprintThread(signal);
  try {
    const fingerprints = new InputFingerprints(key, signal, thread);
    fingerprints.begin(pathsOfTitle(title, options));
    return await work(fingerprints);
  } finally {
    await thread.stop();
  }
}

/** The sources as one, for threads that write from all of them: a file where all are files. */
function allSources({ sources, tracks }: Title): Pick<ByteSource, 'file' | 'sizeBytes'> {
  const sizeBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
  const areFiles = tracks.every(({ source }) => source.file !== undefined);
  return { sizeBytes, ...(areFiles && { file: sources[0].file! }) };
}

function titleSteps(
  title: Title,
  options: PackageOptions,
  fingerprints: InputFingerprints,
  pool: WorkerPool | undefined,
  open: () => DirectorySink,
): PackagingSteps<TitleJob, TitlePlan, DirectorySink> {
  const contentId = options.contentId ?? basename(resolve(options.outDir));
  /** In bytes by URIs, of the media that was read back. */
  const sizes = new Map<string, number>();
  const publishedBy = (state: PackageState | undefined, isVerified: boolean) =>
    state && new PublishedTracks(options, state, fingerprints.under(state.fingerprintKey), isVerified);
  return {
    prepare: async () => {
      const keyed = title.tracks.filter(({ trickPlay }) => !trickPlay);
      const described = keyed.map(({ described: one }) => one);
      const keyPer = keyPerOf(options);
      const trackNames = keyed.map(({ id }) => id);
      const ofSchemes: AssignedKey[][] = [];
      for (const one of ofEachScheme(options)) {
        ofSchemes.push(
          await assignKeys(described, contentId, { ...one, keyPer, trackNames, forManifests: true }),
        );
      }
      assertKeysApart(ofSchemes);
      const trackKeys = ofSchemes.flatMap((keys) =>
        title.tracks.map((track) => keyOfTrack(track, trackNames, keys)),
      );
      return { title, keys: distinctKeys(trackKeys), trackKeys, contentId };
    },
    findExisting: async (job) => {
      const state = await readState(options.outDir);
      if (!state) return undefined;
      const comparable = fingerprints.under(state.fingerprintKey);
      const isSame = async () => state.job === (await jobDigests(job, options, comparable)).job;
      const isThere = () => isAllThere(options.outDir, state, options.signal);
      // With threads, the inputs are being read: that takes no time behind the reading of the outputs.
      for (const holds of pool ? [isThere, isSame] : [isSame, isThere])
        if (!(await holds())) return undefined;
      const plan = await planTitle(job, options, state.mediaVersion, publishedBy(state, true));
      return newOutputsOf(plan.outputs).length > 0
        ? undefined
        : { plan, outputs: publishedOutputs(plan, state) };
    },
    open,
    plan: async (job) => {
      const former = await readState(options.outDir);
      const version = freeVersion(job.title, options.outDir, former);
      return planTitle(job, options, version, options.force ? publishedBy(former, false) : undefined);
    },
    write: async ({ job, plan }, sink, ledger) => {
      const check = async (output: TitleOutput) => {
        const { yieldIfDue } = new EventLoopYielder(options.signal);
        const found = await checkMedia(output, job, plan.presentation, sink, yieldIfDue);
        for (const [uri, bytes] of found) sizes.set(uri, bytes);
      };
      const digests = { fingerprintKey: fingerprints.key };
      const media = await writeMedia(plan, sink, options, { pool, keys: ledger.keys, digests, check });
      const smooth = await writeSmoothMedia(plan, sink, options, digests);
      const written = [...withPublished(plan, media), ...smooth];
      const made = await jobDigests(job, options, fingerprints);
      const state = await stateOf(plan, written, job, made, { outDir: options.outDir, fingerprints });
      writeTexts(plan, state, sink);
      return written;
    },
    check: ({ plan }, sink) => checkTitle(plan, sizes, sink, options),
  };
}

/**
 * The key of a track. Fast forward needs no license of its own.
 * @param keys one for each of the names
 */
function keyOfTrack(
  { id, trickPlay }: TitleTrack,
  names: readonly string[],
  keys: readonly AssignedKey[],
): AssignedKey {
  const { trackId: _, ...key } = keys[names.indexOf(trickPlay?.of ?? id)]; // several inputs have tracks of one id
  return key;
}

/** The outputs that an earlier run of the same job has published. */
function publishedOutputs(plan: TitlePlan, { files }: PackageState): WrittenOutput[] {
  return mediaOf(plan).map(({ name, key }) => ({
    keys: [key],
    ...digestsOf(files.find((file) => file.name === name) ?? {}),
  }));
}

/**
 * The tracks of DASH and HLS, in their order.
 * @param media those that were written now
 */
function withPublished({ outputs }: TitlePlan, media: readonly WrittenOutput[]): WrittenOutput[] {
  const written = [...media];
  return outputs.map(({ key, published }) =>
    published ? { keys: [key], ...digestsOf(published.file) } : written.shift()!,
  );
}

/**
 * Writes subtitles, manifests and the state. Media playlists are media: a multivariant playlist refers to those of its own version alone.
 * The state goes first into place, so that whatever happens next, the files of both versions are known.
 */
function writeTexts(plan: TitlePlan, state: PackageState, sink: DirectorySink): void {
  sink.write(STATE_FILE, 'manifest', Buffer.from(stateText(state)));
  for (const { name, bytes, files } of smallFilesOf(plan)) {
    if (files) writeAcross(sink.createFolder(name, files).handle, bytes, 0);
    else sink.write(name, ENTRIES.includes(name) ? 'manifest' : 'media', bytes);
  }
  sink.replaces(state.replaced.flatMap((name) => pathsBelow(sink.path, name)));
}

/** How media is written. */
interface MediaWriting {
  readonly pool: WorkerPool | undefined;
  readonly keys: readonly AssignedKey[];
  readonly digests: WantedDigests;
  /** Reads a track back; others are written meanwhile. */
  readonly check: (output: TitleOutput) => Promise<void>;
}

async function writeMedia(
  { outputs: all, plan: { sizeBytes: bytesTotal } }: TitlePlan,
  sink: DirectorySink,
  { signal, onProgress }: PackageOptions,
  { pool, keys, digests, check }: MediaWriting,
): Promise<WrittenOutput[]> {
  const onBytes = (bytesDone: number) => onProgress?.({ phase: 'write', bytesDone, bytesTotal });
  const keyOf = (kid: string) => keys.find((key) => key.kid === kid)?.key;
  const outputs = newOutputsOf(all);
  const planned = outputs.map(({ name, track, plan, encryption, files }) => ({
    plan,
    source: track.source,
    steps: [{ direction: 'encrypt' as const, protections: [encryption], keyOf }],
    output: (files ? sink.createFolder(name, files) : sink.create(name, 'media')).handle,
    digests,
  }));
  const results = await executePlans(planned, {
    pool,
    signal,
    onBytes,
    onOutput: (i) => check(outputs[i]),
  });
  return results.map((taken, i) => ({ keys: [outputs[i].key], ...taken }));
}

/** Sizes in bytes by URIs. */
function sizesOf({ name, bytes, files }: SmallFile): [string, number][] {
  return files ? files.map((file) => [`${name}/${file.name}`, file.sizeBytes]) : [[name, bytes.length]];
}

/**
 * What the manifests say of all tracks, each of which was read back when it was written.
 * @param written sizes in bytes by URIs
 */
async function checkTitle(
  plan: TitlePlan,
  written: ReadonlyMap<string, number>,
  sink: DirectorySink,
  { signal, onProgress }: PackageOptions,
): Promise<void> {
  const bytesTotal = plan.plan.sizeBytes;
  onProgress?.({ phase: 'check', bytesDone: bytesTotal, bytesTotal });
  await yieldToEventLoop(signal);
  const published = plan.outputs.flatMap((output) => [...(output.published?.sizes ?? [])]);
  await checkSmoothMedia(plan, sink, signal);
  checkManifestFiles(plan, new Map([...smallFilesOf(plan).flatMap(sizesOf), ...published, ...written]));
}
