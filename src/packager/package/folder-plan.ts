import type { AssignedKey } from '../../keys/key-source.js';
import { writeMpd } from '../../manifest/dash/mpd.js';
import { type HlsPlaylists, writeHls } from '../../manifest/hls/playlists.js';
import type { Presentation } from '../../manifest/presentation.js';
import type { KeyedJob, PlannedJob, WrittenOutput } from '../publication.js';
import { boundariesSeconds, presentationOf } from './presentation.js';
import { newState, type PackageState, publishedText, readState } from './state.js';
import { segmentTexts } from './text.js';
import type { Title } from './title.js';
import { type PlannedMedia, type PlannedTrack, planMedia } from './title-plan.js';
import type { PackageOptions } from './types.js';
import { abandonedNames, baseNamesOf } from './versions.js';

export const MPD = 'manifest.mpd';
export const MULTIVARIANT = 'main.m3u8';
/** What players find by its name; everything else has a version in its name. */
export const ENTRIES: readonly string[] = [MPD, MULTIVARIANT];

/** A title and its keys. */
export interface TitleJob extends KeyedJob {
  readonly title: Title;
  /** One a track; `keys` has each once. */
  readonly trackKeys: readonly AssignedKey[];
}

/** A media file of the presentation. */
export interface TitleOutput extends PlannedTrack {
  readonly name: string;
}

/** Everything that the folder will hold, but for `prpack.json`. */
export interface TitlePlan extends PlannedJob {
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

/** A small file. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/**
 * Plans all files of a title, and what manifests say of them.
 * @throws PrpackError as `encrypt`
 */
export async function planTitle(
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
export function manifestsOf({ mpd, hls }: TitlePlan): NamedText[] {
  return [...playlistsOf(hls), { name: MPD, text: mpd }, { name: MULTIVARIANT, text: hls.multivariant }];
}

function playlistsOf({ media }: HlsPlaylists): NamedText[] {
  return [...media].map(([name, text]) => ({ name, text }));
}

/** What the folder will say of itself. */
export async function stateOf(
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
