import type { PlannedFile } from '../../bytes/sinks/staged-folder.js';
import type { AssignedKey } from '../../keys/key-source.js';
import type { Presentation } from '../../manifest/presentation.js';
import type { KeyedJob, PlannedJob, WrittenOutput } from '../publication.js';
import { cuesOf } from './cues.js';
import { type ManifestFiles, manifestFilesOf, manifestsOf } from './manifest-files.js';
import { type PlannedText, planTexts, type SmallFile } from './planned-text.js';
import { type PlannedThumbnails, planThumbnails } from './planned-thumbnails.js';
import { presentationOf } from './presentation.js';
import { madeOf, type PublishedTracks } from './published-tracks.js';
import type { TitleTrack } from './representations.js';
import { planSmooth, type SmoothPlan } from './smooth/plan.js';
import {
  type InputFingerprints,
  type JobDigests,
  newState,
  type PackageState,
  type PublishedFile,
  type PublishedTrack,
  publishedFile,
  readState,
} from './state.js';
import type { Title } from './title.js';
import { type PlannedMedia, type PlannedTrack, planMedia } from './title-plan.js';
import { addressingOf, filesOf, mediaNameOf } from './track-addressing.js';
import type { PackageOptions } from './types.js';
import { abandonedNames, baseNamesOf } from './versions.js';

/** A title and its keys. */
export interface TitleJob extends KeyedJob {
  readonly title: Title;
  /** One a track; `keys` has each once. */
  readonly trackKeys: readonly AssignedKey[];
}

/** A media file of the presentation, or a folder of them. */
export interface TitleOutput extends PlannedTrack {
  readonly name: string;
  readonly representationId: string;
  /** What is in the folder. */
  readonly files?: readonly PlannedFile[];
}

/** Everything that the folder will hold, but for `prpack.json`. */
export interface TitlePlan extends PlannedJob, ManifestFiles {
  readonly media: PlannedMedia;
  readonly outputs: readonly TitleOutput[];
  /** Subtitles: media to whoever plays them. */
  readonly texts: readonly PlannedText[];
  readonly thumbnails?: PlannedThumbnails;
  readonly presentation: Presentation;
  /** Part of the names of media, so that players of the manifests before go on with the files before. */
  readonly mediaVersion: number;
  readonly smooth?: SmoothPlan;
}

/**
 * Plans all files of a title, and what manifests say of them.
 * @param before what an earlier run has published, and is not made again
 * @throws PrpackError as `encrypt`
 */
export async function planTitle(
  { title, trackKeys }: TitleJob,
  options: PackageOptions,
  mediaVersion: number,
  before?: PublishedTracks,
): Promise<TitlePlan> {
  const media = await planMedia(title.tracks, trackKeys, title.cuts, options, before);
  const baseOf = baseNamesOf(mediaVersion);
  const texts = planTexts(title.texts, addressingOf(media.tracks[0], ''), baseOf, options);
  const withoutThumbnails = presentationOf(media, texts, baseOf, options);
  const { durationSeconds } = withoutThumbnails;
  const thumbnails =
    title.thumbnails && planThumbnails(title.thumbnails, durationSeconds, baseOf(title.thumbnails.id));
  const withoutCues = thumbnails ? withThumbnails(withoutThumbnails, thumbnails) : withoutThumbnails;
  const presentation = title.cues ? { ...withoutCues, ...cuesOf(title.cues) } : withoutCues;
  const outputs = media.tracks.map((planned) => outputOf(planned, baseOf(planned.track.id)));
  const cenc = { ...media, tracks: media.tracks.filter(({ scheme }) => scheme === 'cenc') };
  const smooth = options.smooth ? planSmooth(title, cenc, { baseOf, mediaVersion }) : undefined;
  const { laUrl } = [...media.sessionPssh.values()][0];
  return {
    plan: { sizeBytes: sizeOf([...newOutputsOf(outputs), ...(smooth?.outputs ?? [])]) },
    ...(laUrl !== undefined && { laUrl }),
    warnings: [...new Set([...title.warnings, ...media.warnings, ...(smooth?.warnings ?? [])])],
    media,
    outputs,
    texts,
    ...(thumbnails && { thumbnails }),
    presentation,
    mediaVersion,
    ...manifestFilesOf(presentation),
    ...(smooth && { smooth }),
  };
}

function sizeOf(media: readonly { readonly plan: { readonly sizeBytes: number } }[]): number {
  return media.reduce((sum, { plan }) => sum + plan.sizeBytes, 0);
}

/** Those that are to be written. */
export function newOutputsOf(outputs: readonly TitleOutput[]): TitleOutput[] {
  return outputs.filter(({ published }) => !published);
}

function outputOf(planned: PlannedTrack, base: string): TitleOutput {
  const files = filesOf(planned);
  return {
    ...planned,
    name: mediaNameOf(planned, base),
    representationId: base,
    ...(files && { files }),
  };
}

function withThumbnails(
  { switchingSets, ...presentation }: Presentation,
  { representation }: PlannedThumbnails,
): Presentation {
  const set = {
    kind: 'thumbnails' as const,
    id: switchingSets.length + 1,
    representations: [representation],
  };
  return { ...presentation, switchingSets: [...switchingSets, set] };
}

/** Media files, in the order in which they are written. */
export function mediaOf({
  outputs,
  smooth,
}: TitlePlan): readonly (Pick<TitleOutput, 'name' | 'key' | 'files'> & Pick<PlannedJob, 'plan'>)[] {
  const ofSmooth = smooth?.outputs.map(({ of: { key }, ...output }) => ({ ...output, key }));
  return [...outputs, ...(ofSmooth ?? [])];
}

/** Everything but encrypted media and the state, in the order in which it is put in place. */
export function smallFilesOf(plan: TitlePlan): SmallFile[] {
  const manifests = manifestsOf(plan).map(({ name, text }) => ({ name, bytes: Buffer.from(text) }));
  const sheets = plan.thumbnails?.files ?? [];
  return [...plan.texts.flatMap(({ files }) => files), ...sheets, ...manifests];
}

/**
 * What the folder will say of itself.
 * @param written one an output, published ones too
 */
export async function stateOf(
  plan: TitlePlan,
  written: readonly WrittenOutput[],
  { contentId, title }: TitleJob,
  digests: JobDigests,
  { outDir, fingerprints }: { readonly outDir: string; readonly fingerprints: InputFingerprints },
): Promise<PackageState> {
  const media = mediaOf(plan).map(
    ({ name, plan: { sizeBytes }, files }, i): PublishedFile => ({
      name,
      bytes: sizeBytes,
      fingerprint: written[i].fingerprint!,
      ...(files && { files: Object.fromEntries(files.map((file) => [file.name, file.sizeBytes])) }),
    }),
  );
  const { key: fingerprintKey } = fingerprints;
  const small = smallFilesOf(plan).map((file) => publishedFile(file, fingerprintKey));
  const { mediaVersion } = plan;
  const former = await readState(outDir);
  const abandoned = former ? abandonedNames(title, outDir, former.mediaVersion + 1, mediaVersion) : [];
  const tracks = await recordsOf(plan, fingerprints);
  return newState(
    { contentId, fingerprintKey, ...digests, mediaVersion, files: [...media, ...small], tracks },
    former,
    abandoned,
  );
}

async function recordsOf(
  { outputs, texts }: TitlePlan,
  fingerprints: InputFingerprints,
): Promise<PublishedTrack[]> {
  const records: PublishedTrack[] = [];
  for (const { name, track, recipe } of outputs) {
    const whole = outputs.find((other) => other.track.id === track.trickPlay?.of);
    records.push({
      name,
      madeOf: await madeOf(track, recipe, fingerprints),
      ...saidOf(track),
      ...(whole && { trickPlayOf: whole.name }),
    });
  }
  return [...records, ...texts.map(({ track, files: [file] }) => ({ name: file.name, ...saidOf(track) }))];
}

function saidOf({ language, role, label }: Pick<TitleTrack, 'language' | 'role' | 'label'>) {
  return {
    ...(language !== undefined && { language }),
    ...(role !== undefined && { role }),
    ...(label !== undefined && { label }),
  };
}
