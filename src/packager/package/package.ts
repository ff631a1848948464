import { basename, join, resolve } from 'node:path';
import { stateOfFile } from '../../bytes/files.js';
import { namesIn } from '../../bytes/output-directory.js';
import { DirectorySink } from '../../bytes/sinks/directory-sink.js';
import { aboutFile, PrpackError } from '../../errors.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { registeredName } from '../../keystore/registered-name.js';
import { checkManifests } from '../../manifest/check.js';
import { writeMpd } from '../../manifest/dash/mpd.js';
import { type HlsPlaylists, writeHls } from '../../manifest/hls/playlists.js';
import type { Presentation } from '../../manifest/presentation.js';
import { protectionSettings } from '../../protection/protection-settings.js';
import { checkOptions } from '../../settings/check.js';
import { named } from '../../settings/spelling.js';
import { checkEncrypted } from '../check.js';
import { yieldToEventLoop } from '../event-loop.js';
import { executePlans } from '../execute/execute.js';
import { startWorkerPool } from '../execute/start-worker-pool.js';
import type { WorkerPool } from '../execute/worker-pool.js';
import { Clock } from '../job.js';
import { assignKeys } from '../key-assignment.js';
import {
  type Begun,
  type KeyedJob,
  type PackagingSteps,
  type PlannedJob,
  type Published,
  packageContent,
  type WrittenOutput,
} from '../publication.js';
import { boundariesSeconds, presentationOf } from './presentation.js';
import {
  isAllThere,
  jobDigest,
  newState,
  type PackageState,
  publishedText,
  readState,
  STATE_FILE,
  stateText,
} from './state.js';
import { segmentTexts } from './text.js';
import { type Title, withTitle } from './title.js';
import { type PlannedMedia, type PlannedTrack, planMedia } from './title-plan.js';
import type { PackagedTrack, PackageOptions, PackageResult } from './types.js';

const MPD = 'manifest.mpd';
const MULTIVARIANT = 'main.m3u8';
/** What players find by its name; everything else has a version in its name. */
const ENTRIES: readonly string[] = [MPD, MULTIVARIANT];

export interface TitleJob extends KeyedJob {
  readonly title: Title;
  /** One a track; `keys` has each once. */
  readonly trackKeys: readonly AssignedKey[];
}

/** A media file of the presentation. */
export interface TitleOutput extends PlannedTrack {
  readonly name: string;
}

interface TitlePlan extends PlannedJob {
  readonly media: PlannedMedia;
  readonly outputs: readonly TitleOutput[];
  /** Subtitles: media to whoever plays them. */
  readonly texts: readonly NamedText[];
  readonly presentation: Presentation;
  /** Part of the names of media, so that players of the manifests before go on with the files before. */
  readonly mediaVersion: number;
  readonly mpd: string;
  readonly hls: HlsPlaylists;
}

interface NamedText {
  readonly name: string;
  readonly text: string;
}

const suffixOf = (mediaVersion: number) => (mediaVersion === 1 ? '' : `.v${mediaVersion}`);

/** How the names of a track's files begin. */
const baseNamesOf = (mediaVersion: number) => (id: string) => `${id}${suffixOf(mediaVersion)}`;

/**
 * Packages a title: every rendition, language and subtitle becomes a CMAF track file, encrypted under registered keys, with manifests for
 * DASH and HLS. The folder appears whole and checked, or not at all.
 * @example
 * await packageTitle({ inputs: ['film-1080.mp4', 'film-720.mp4', 'film.de.m4a'], outDir: 'out/film', keyStore });
 * @throws PrpackError as `encrypt`, and UNSUPPORTED_FEATURE when renditions have no sync samples at common times
 */
export async function packageTitle(options: PackageOptions): Promise<PackageResult> {
  checkOptions('packageTitle', options);
  const clock = new Clock();
  protectionSettings(options); // refuses what the scheme cannot have before an input is opened
  assertManifestsCanName(options);
  return withTitle(options, async (title) => {
    const pool = await poolOf(title, options);
    try {
      const steps = titleSteps(title, options, pool);
      return report(await packageContent(steps, options, clock), options, clock);
    } finally {
      await pool?.stop();
    }
  });
}

/** Manifests have names for two schemes, and FairPlay for one (draft-pantos-hls-rfc8216bis 4.4.4.4; Apple, HLS Authoring Specification). */
function assertManifestsCanName({ scheme = 'cenc', fairplayUri }: PackageOptions): void {
  const expected = fairplayUri === undefined ? ['cenc', 'cbcs'] : ['cbcs'];
  if (expected.includes(scheme)) return;
  const what = fairplayUri === undefined ? 'players of DASH and HLS play' : 'FairPlay plays';
  throw new PrpackError('INVALID_ARGUMENT', `${what} no content of scheme ${scheme}`, {
    expected: expected.join(' or '),
    received: scheme,
    remedy: `Choose ${named('scheme', 'cbcs')}${fairplayUri === undefined ? '' : `, or leave ${named('fairplayUri')} out`}.`,
  });
}

/** Threads that write all files together, where the inputs are files. */
async function poolOf(
  { sources, tracks }: Title,
  { threads, dryRun }: PackageOptions,
): Promise<WorkerPool | undefined> {
  const sizeBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
  const areFiles = tracks.every(({ source }) => source.file !== undefined);
  if (!areFiles || dryRun) return undefined;
  return startWorkerPool({ ...sources[0], file: sources[0].file!, sizeBytes }, threads);
}

function titleSteps(
  title: Title,
  options: PackageOptions,
  pool: WorkerPool | undefined,
): PackagingSteps<TitleJob, TitlePlan, DirectorySink> {
  const contentId = options.contentId ?? basename(resolve(options.outDir));
  let digest: string | undefined;
  return {
    prepare: async () => {
      const described = title.tracks.map(({ described: one }) => one);
      const keyPer = options.keyPer ?? 'type';
      const trackNames = title.tracks.map(({ id }) => id);
      const assigned = await assignKeys(described, contentId, { ...options, keyPer, trackNames });
      const trackKeys = assigned.map(({ trackId: _, ...key }) => key); // several inputs have tracks of one id
      const keys = [...new Map(trackKeys.map((key) => [key.kid, key])).values()];
      return { title, keys, trackKeys, contentId };
    },
    findExisting: async (job) => {
      const state = await readState(options.outDir);
      if (!state) return undefined;
      digest = await jobDigest(job, options);
      if (state.job !== digest || !(await isAllThere(options.outDir, state, options.signal)))
        return undefined;
      const plan = await planTitle(job, options, state.mediaVersion);
      return { plan, outputs: publishedOutputs(plan, state) };
    },
    open: () => new DirectorySink(options.outDir, options.force ?? false),
    plan: async (job) =>
      planTitle(job, options, freeVersion(job.title, options.outDir, await readState(options.outDir))),
    write: async ({ job, plan }, sink, ledger) => {
      const written = await writeMedia(plan.outputs, sink, options, pool, ledger.keys);
      const state = await stateOf(
        plan,
        written,
        job,
        digest ?? (await jobDigest(job, options)),
        options.outDir,
      );
      await writeTexts(plan, state, sink);
      return written;
    },
    check: (begun, sink) => checkTitle(begun, sink, options),
  };
}

/** The outputs that an earlier run of the same job has published. */
function publishedOutputs({ outputs }: TitlePlan, { files }: PackageState): WrittenOutput[] {
  return outputs.map(({ name, key }) => ({
    keys: [key],
    sha256: files.find((file) => file.name === name)?.sha256,
  }));
}

async function planTitle(
  { title, trackKeys }: TitleJob,
  options: PackageOptions,
  mediaVersion: number,
): Promise<TitlePlan> {
  const media = await planMedia(title.tracks, trackKeys, title.cuts, options);
  const baseOf = baseNamesOf(mediaVersion);
  const { scheme = 'cenc', fairplayUri } = options;
  const presentation = presentationOf(media, title.texts, baseOf, { scheme, fairplayUri });
  const outputs = media.tracks.map((planned) => ({ ...planned, name: `${baseOf(planned.track.id)}.mp4` }));
  const { laUrl } = media.sessionPssh;
  return {
    plan: { sizeBytes: outputs.reduce((sum, { plan }) => sum + plan.sizeBytes, 0) },
    ...(laUrl !== undefined && { laUrl }),
    warnings: [...new Set([...title.warnings, ...media.warnings])],
    media,
    outputs,
    texts: textsOf(title, presentation, baseOf),
    presentation,
    mediaVersion,
    mpd: writeMpd(presentation),
    hls: writeHls(presentation),
  };
}

/** A number that no file of the folder has in its name: not those that are there, and none that was there before. */
function freeVersion({ tracks, texts }: Title, outDir: string, former: PackageState | undefined): number {
  const extensions = ['mp4', 'vtt', 'ttml', 'm3u8'];
  const isTaken = (suffix: string) =>
    [...tracks, ...texts].some(({ id }) =>
      extensions.some((extension) => stateOfFile(join(outDir, `${id}${suffix}.${extension}`))),
    );
  let version = (former?.mediaVersion ?? 0) + 1;
  while (isTaken(suffixOf(version))) version++;
  return version;
}

function textsOf(
  { texts }: Title,
  { switchingSets: [first] }: Presentation,
  baseOf: (id: string) => string,
): NamedText[] {
  const [{ addressing }] = first.representations;
  const boundaries = addressing.kind === 'whole' ? [] : boundariesSeconds(addressing);
  return texts.flatMap((text) => [
    { name: `${baseOf(text.id)}${text.whole.extension}`, text: text.whole.text },
    ...segmentTexts(text, boundaries).map((segment, i) => ({
      name: `${baseOf(text.id)}-${`${i + 1}`.padStart(5, '0')}.vtt`,
      text: segment,
    })),
  ]);
}

/** Everything that players find by its name, in the order in which it is put in place. */
function manifestsOf({ mpd, hls }: TitlePlan): NamedText[] {
  return [...playlistsOf(hls), { name: MPD, text: mpd }, { name: MULTIVARIANT, text: hls.multivariant }];
}

function playlistsOf({ media }: HlsPlaylists): NamedText[] {
  return [...media].map(([name, text]) => ({ name, text }));
}

/** What the folder will say of itself. */
async function stateOf(
  plan: TitlePlan,
  written: readonly WrittenOutput[],
  { contentId, title }: TitleJob,
  job: string,
  outDir: string,
): Promise<PackageState> {
  const media = plan.outputs.map(({ name, plan: { sizeBytes } }, i) => ({
    name,
    bytes: sizeBytes,
    sha256: written[i].sha256!,
  }));
  const texts = [...plan.texts, ...manifestsOf(plan)].map(({ name, text }) => publishedText(name, text));
  const { mediaVersion } = plan;
  const former = await readState(outDir);
  const abandoned = former ? abandonedNames(title, outDir, former.mediaVersion + 1, mediaVersion) : [];
  return newState({ contentId, job, mediaVersion, files: [...media, ...texts] }, former, abandoned);
}

/** Files under versions that were never published: a run that was killed has left them. */
function abandonedNames({ tracks, texts }: Title, outDir: string, from: number, end: number): string[] {
  const versions = Array.from({ length: end - from }, (_, i) => baseNamesOf(from + i));
  const bases = [...tracks, ...texts].flatMap(({ id }) => versions.map((baseOf) => baseOf(id)));
  const isAbandoned = (name: string) =>
    bases.some((base) => name.startsWith(`${base}.`) || name.startsWith(`${base}-`));
  return bases.length === 0 ? [] : namesIn(outDir).filter(isAbandoned);
}

/**
 * Writes subtitles, manifests and the state. Media playlists are media: a multivariant playlist refers to those of its own version alone.
 * The state goes first into place, so that whatever happens next, the files of both versions are known.
 */
async function writeTexts(plan: TitlePlan, state: PackageState, sink: DirectorySink): Promise<void> {
  await sink.write(STATE_FILE, 'manifest', Buffer.from(stateText(state)));
  for (const { name, text } of [...plan.texts, ...manifestsOf(plan)]) {
    await sink.write(name, ENTRIES.includes(name) ? 'manifest' : 'media', Buffer.from(text));
  }
  sink.replaces(state.replaced);
}

async function writeMedia(
  outputs: readonly TitleOutput[],
  sink: DirectorySink,
  { signal, onProgress }: PackageOptions,
  pool: WorkerPool | undefined,
  keys: readonly AssignedKey[],
): Promise<WrittenOutput[]> {
  const bytesTotal = outputs.reduce((sum, { plan }) => sum + plan.sizeBytes, 0);
  const onBytes = (bytesDone: number) => onProgress?.({ phase: 'write', bytesDone, bytesTotal });
  const keyOf = (kid: string) => keys.find((key) => key.kid === kid)?.key;
  const planned = outputs.map(({ name, track, plan, encryption }) => ({
    plan,
    source: track.source,
    steps: [{ direction: 'encrypt' as const, protections: [encryption], keyOf }],
    output: sink.create(name, 'media').handle,
    fingerprint: true,
  }));
  const results = await executePlans(planned, { pool, signal, onBytes });
  return results.map(({ sha256 }, i) => ({ keys: [outputs[i].key], sha256 }));
}

/** Every file for itself, then what the manifests say of all of them. */
async function checkTitle(
  { job, plan }: Begun<TitleJob, TitlePlan>,
  sink: DirectorySink,
  { signal, onProgress }: PackageOptions,
): Promise<void> {
  const bytesTotal = plan.plan.sizeBytes;
  onProgress?.({ phase: 'check', bytesDone: bytesTotal, bytesTotal });
  for (const { name, track, plan: layout, encryption } of plan.outputs) {
    const output = sink.reopen(name);
    try {
      await checkEncrypted(output, {
        input: track.source,
        movie: track.movie,
        sizeBytes: layout.sizeBytes,
        encryptions: [encryption],
        keyOf: (kid) => job.keys.find((key) => key.kid === kid)!.key,
        delaysTicks: layout.delaysTicks,
      });
    } catch (error) {
      throw aboutFile(error, name);
    } finally {
      output.close();
    }
    await yieldToEventLoop(signal);
  }
  const sizes = new Map(plan.outputs.map(({ name, plan: { sizeBytes } }) => [name, sizeBytes]));
  for (const { name, text } of plan.texts) sizes.set(name, Buffer.byteLength(text));
  checkManifests(
    plan.presentation,
    { mpd: { path: MPD, text: plan.mpd }, hls: { path: MULTIVARIANT, playlists: plan.hls } },
    sizes,
  );
}

function report(
  { job, plan, unchanged, warnings }: Published<TitleJob, TitlePlan>,
  { outDir, dryRun = false, keyStore, scheme = 'cenc' }: PackageOptions,
  clock: Clock,
): PackageResult {
  const manifests = manifestsOf(plan);
  const texts = job.title.texts.map(
    (text): PackagedTrack => ({
      id: text.id,
      type: 'text',
      input: text.input,
      file: `${baseNamesOf(plan.mediaVersion)(text.id)}${text.whole.extension}`,
      bytes: Buffer.byteLength(text.whole.text),
      ...(text.language !== undefined && { language: text.language }),
      ...(text.role !== undefined && { role: text.role }),
      ...(text.label !== undefined && { label: text.label }),
      encrypted: false,
    }),
  );
  const allTexts = [...plan.texts, ...manifests].reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return {
    outDir,
    contentId: registeredName(job.contentId, job.keys[0]?.seedId),
    scheme,
    durationSeconds: plan.presentation.durationSeconds,
    tracks: [...plan.outputs.map(reportTrack), ...texts],
    manifests: manifests.map(({ name, text }) => ({ file: name, ...(dryRun && { text }) })),
    bytes: plan.plan.sizeBytes + allTexts,
    ...(keyStore && !dryRun && { keyStore: keyStore.location }),
    timings: clock.timings(),
    warnings,
    unchanged,
    dryRun,
  };
}

function reportTrack({ name, track, plan, key }: TitleOutput): PackagedTrack {
  const { codec, width, height, sampleRateHz, ...coded } = track.described.codecs[0];
  const channels = track.channels?.count ?? coded.channels;
  const isVideo = track.type === 'video';
  return {
    id: track.id,
    type: track.type,
    input: track.input,
    file: name,
    bytes: plan.sizeBytes,
    codec,
    ...(track.language !== undefined && { language: track.language }),
    ...(track.role !== undefined && { role: track.role }),
    ...(track.label !== undefined && { label: track.label }),
    ...(isVideo && width !== undefined && height !== undefined && { width, height }),
    ...(!isVideo && channels !== undefined && { channels }),
    ...(!isVideo && sampleRateHz !== undefined && { sampleRateHz }),
    encrypted: true,
    kid: key.kid,
  };
}
