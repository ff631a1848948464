import { isAbsolute } from 'node:path';
import { stateOfFile } from '../../bytes/files.js';
import { isS3Url } from '../../bytes/s3/location.js';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import { yieldToEventLoop } from '../event-loop.js';
import { Clock } from '../job.js';
import { describer } from '../package/descriptions.js';
import { namesFairPlay, withoutFairPlay } from '../package/fairplay.js';
import type { PackageInput } from '../package/inputs.js';
import { checkManifestFiles } from '../package/manifest-files.js';
import { type PublishedTrack, readState } from '../package/state.js';
import { readTexts, textNames } from '../package/title.js';
import type { TrackDescription } from '../package/types.js';
import { findManifestInputs, type ManifestInput } from './inputs.js';
import { planManifests, type TextFile } from './manifest-plan.js';
import { type PackedTrack, readPackedTrack, relativePath, uriOf } from './packed-track.js';
import { publishManifests } from './publish.js';
import { report } from './report.js';
import { signalKeys } from './systems.js';
import type { ManifestOptions, ManifestResult } from './types.js';

/** The work of `writeManifests`. */
export async function manifestsChecked(options: ManifestOptions): Promise<ManifestResult> {
  const clock = new Clock();
  assertOnDisk(options);
  const records = await recordsOf(options.outDir);
  const inputs = await findManifestInputs(options.inputs, (path) => records.rankOf(path));
  for (const input of inputs) assertInFolder(input, options.outDir);
  const described = descriptionsOf(inputs, records, options);
  const textName = textNames();
  const all = await readTracks(inputs, described, options);
  const trickPlay = trickPlayAmong(all, records);
  const tracks = all.filter((one) => trickPlay.has(one) || !recordOf(one, records)?.trickPlayOf);
  if (tracks.length === 0) throw noMedia(inputs);
  assertFairPlayFits(tracks, options);
  const texts = await readTextFiles(inputs, described, textName, options.outDir);
  const keys = await signalKeys(
    tracks.flatMap(({ key }) => key ?? []),
    options,
  );
  const plan = planManifests({ tracks, trickPlay, texts, keys, textName });
  checkManifestFiles(plan, plan.fileSizes);
  clock.planned();
  const unchanged = options.dryRun ? false : await publishManifests(plan, options);
  clock.written();
  return report(plan, options, { unchanged, timings: clock.timings() });
}

/** Manifests are made of the boxes of every segment, in the folder that they are written to. */
function assertOnDisk({ inputs, outDir }: ManifestOptions): void {
  const object = [...inputs, outDir].find(isS3Url);
  if (object === undefined) return;
  throw new PrpackError('INVALID_ARGUMENT', `manifests are made of files on a disk, and ${object} is in S3`, {
    path: object,
    expected: 'paths of files and folders',
    remedy: 'Download the media and upload the manifests, or package the title to S3 with its manifests.',
  });
}

/** What `package` recorded of the files that it made. */
interface Records {
  of(path: string): PublishedTrack | undefined;
  /** The place among them; behind all of them for a file of somebody else. */
  rankOf(path: string): number;
}

async function recordsOf(outDir: string): Promise<Records> {
  const tracks = (await readState(outDir))?.tracks ?? [];
  const ranks = new Map(tracks.map(({ name }, rank) => [name, rank]));
  const rankOf = (path: string) => ranks.get(relativePath(path, outDir)) ?? tracks.length;
  return { of: (path) => tracks[rankOf(path)], rankOf };
}

/** What the options say of an input, else what was recorded of it. */
function descriptionsOf(
  inputs: readonly ManifestInput[],
  records: Records,
  { describe = {} }: ManifestOptions,
): (path: string) => TrackDescription {
  const said = describer(inputs, describe);
  return (path) => {
    const { language: lang, role, label: name } = records.of(path) ?? {};
    const recorded = Object.entries({ lang, role, name }).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(recorded), ...said(path) };
  };
}

function recordOf({ media }: PackedTrack, records: Records): PublishedTrack | undefined {
  return records.of(media.input);
}

/** Tracks for fast forward and rewind: nothing in a file says that it is one. By each, the track whose sync samples it has. */
function trickPlayAmong(tracks: readonly PackedTrack[], records: Records): Map<PackedTrack, PackedTrack> {
  const found = tracks.flatMap((thin): [PackedTrack, PackedTrack][] => {
    const name = recordOf(thin, records)?.trickPlayOf;
    const whole = tracks.find((one) => name !== undefined && recordOf(one, records)?.name === name);
    const isWhole = whole?.kind === 'video' && recordOf(whole, records)?.trickPlayOf === undefined;
    const isOfOneScheme = whole?.key?.scheme === thin.key?.scheme;
    return whole && isWhole && isOfOneScheme && thin.kind === 'video' ? [[thin, whole]] : [];
  });
  return new Map(found);
}

async function readTracks(
  inputs: readonly ManifestInput[],
  described: (path: string) => TrackDescription,
  { outDir, segmentDurationSeconds, signal, onProgress }: ManifestOptions,
): Promise<PackedTrack[]> {
  const media = inputs.filter(({ kind }) => kind === 'media');
  const sizes = media.map(({ file, series }) =>
    [file, ...(series?.paths ?? [])].reduce((sum, path) => sum + (stateOfFile(path)?.bytes ?? 0), 0),
  );
  const bytesTotal = sizes.reduce((sum, size) => sum + size, 0);
  let bytesDone = 0;
  const tracks: PackedTrack[] = [];
  for (const [i, input] of media.entries()) {
    onProgress?.({ phase: 'plan', bytesDone, bytesTotal });
    await yieldToEventLoop(signal);
    tracks.push(await readPackedTrack(input, described(input.path), { outDir, segmentDurationSeconds }));
    bytesDone += sizes[i];
  }
  onProgress?.({ phase: 'plan', bytesDone, bytesTotal });
  return tracks;
}

async function readTextFiles(
  inputs: readonly ManifestInput[],
  described: (path: string) => TrackDescription,
  textName: ReturnType<typeof textNames>,
  outDir: string,
): Promise<TextFile[]> {
  const files = inputs.filter((input): input is ManifestInput & PackageInput => input.kind !== 'media');
  const tracks = await readTexts(files, described, textName);
  return tracks.map((track) => ({
    track,
    file: relativePath(track.input, outDir),
    uri: uriOf(track.input, outDir),
    bytes: stateOfFile(track.input)!.bytes,
  }));
}

/** Manifests refer to media by paths below their own folder, so that all of it can be moved together. */
function assertInFolder({ path, file }: ManifestInput, outDir: string): void {
  const fromFolder = relativePath(file, outDir);
  if (!fromFolder.startsWith('../') && fromFolder !== '..' && !isAbsolute(fromFolder)) return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `${path} is not in ${outDir}: manifests there cannot refer to it`,
    {
      path,
      expected: `a file in ${outDir} or below`,
      received: fromFolder,
      remedy: `Put all files below one folder, and give it as ${named('outDir')}.`,
    },
  );
}

/** FairPlay plays one scheme (Apple, HLS Authoring Specification). */
function assertFairPlayFits(tracks: readonly PackedTrack[], options: ManifestOptions): void {
  const schemes = new Set(tracks.flatMap(({ key }) => key?.scheme ?? []));
  if (!namesFairPlay(options) || schemes.has('cbcs')) return;
  throw new PrpackError('INVALID_ARGUMENT', 'FairPlay plays none of these files', {
    expected: 'tracks of scheme cbcs',
    received: schemes.size === 0 ? 'clear tracks' : [...schemes].join(', '),
    remedy: `Choose files of scheme cbcs, or ${withoutFairPlay(options)}.`,
  });
}

function noMedia(inputs: readonly ManifestInput[]): PrpackError {
  return new PrpackError('INPUT_NOT_FOUND', 'no input has audio or video', {
    received: inputs.map(({ path }) => path).join(', '),
    remedy: 'Give the media of the presentation, too.',
  });
}
