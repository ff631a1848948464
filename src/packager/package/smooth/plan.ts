import type { PlannedFile } from '../../../bytes/sinks/staged-folder.js';
import { SYSTEM_IDS } from '../../../drm/system-ids.js';
import { PiffPlan } from '../../../layout/piff-plan.js';
import { type SmoothTimes, smoothTimes } from '../../../layout/smooth-times.js';
import { writeClientManifest } from '../../../manifest/smooth/client-manifest.js';
import type { SmoothPresentation, SmoothStream } from '../../../manifest/smooth/presentation.js';
import { writeServerManifest } from '../../../manifest/smooth/server-manifest.js';
import { onePsshOf } from '../../../protection/pssh.js';
import { switchingSetsOf } from '../switching-sets.js';
import type { Title } from '../title.js';
import type { PlannedMedia, PlannedTrack } from '../title-plan.js';
import { addressingOf } from '../track-addressing.js';
import { fragmentName, levelFolder, type SmoothRendition, smoothPresentationOf } from './presentation.js';
import { type SmoothTrack, selectSmoothTracks } from './tracks.js';

export const SMOOTH_CLIENT_MANIFEST = 'manifest.ismc';
export const SMOOTH_SERVER_MANIFEST = 'manifest.ism';

/** The client manifest where no origin is needed, by the name that clients ask for. */
export const SMOOTH_STATIC_MANIFEST = 'Manifest';

/** A PIFF file of one track, or a folder with its fragments. */
export interface SmoothOutput {
  readonly name: string;
  readonly plan: PiffPlan;
  /** What is in the folder. */
  readonly files?: readonly PlannedFile[];
  /** The track whose encrypted samples it has. */
  readonly of: PlannedTrack;
  readonly times: SmoothTimes;
}

/** What Smooth Streaming adds to a title. */
export interface SmoothPlan {
  readonly presentation: SmoothPresentation;
  readonly outputs: readonly SmoothOutput[];
  /** The client manifest first. */
  readonly manifests: readonly { readonly name: string; readonly text: string }[];
  readonly warnings: readonly string[];
}

/** What names of media come from. */
export interface SmoothNaming {
  /** How the names of a track's files begin. */
  readonly baseOf: (id: string) => string;
  readonly mediaVersion: number;
}

/**
 * Plans the media and manifests of Smooth Streaming from the planned media of a title: files for an origin where that is files, and
 * fragments that any web server has where it is segments.
 * @throws PrpackError as {@link selectSmoothTracks}
 */
export function planSmooth(
  title: Title,
  media: PlannedMedia,
  { baseOf, mediaVersion }: SmoothNaming,
): SmoothPlan {
  const { tracks, warnings } = selectSmoothTracks(title, media);
  const sets = switchingSetsOf(
    tracks.map((one) => ({ ...one, addressing: addressingOf(one, one.track.id) })),
  );
  const times = smoothTimes(sets.map((set) => set.map(({ cut }) => cut)));
  const renditions = sets.map((set, i) => set.map((one, j) => renditionOf(one, times[i][j], baseOf)));
  const streams = renditions.flatMap(streamsOf);
  const playreadyObject = playreadyObjectOf(media, tracks[0].key.kid);
  const presentation = smoothPresentationOf(streams, playreadyObject, mediaVersion);
  return {
    presentation,
    outputs: streams.flatMap((ofStream, i) => outputsOf(ofStream, presentation.streams[i])),
    manifests: manifestsOf(presentation, tracks[0].isSegmented),
    warnings: [...warnings, ...splitWarnings(sets.length, streams)],
  };
}

function manifestsOf(presentation: SmoothPresentation, isSegmented: boolean): SmoothPlan['manifests'] {
  const text = writeClientManifest(presentation);
  if (isSegmented) return [{ name: SMOOTH_STATIC_MANIFEST, text }];
  return [
    { name: SMOOTH_CLIENT_MANIFEST, text },
    { name: SMOOTH_SERVER_MANIFEST, text: writeServerManifest(presentation, SMOOTH_CLIENT_MANIFEST) },
  ];
}

const EXTENSIONS = { video: '.ismv', audio: '.isma' } as const;

function renditionOf(one: SmoothTrack, times: SmoothTimes, baseOf: (id: string) => string): SmoothRendition {
  const { track, plan: encrypted, encryption, cut, isSegmented } = one;
  const of = { ...cut, encrypted, encryption, times, systemId: SYSTEM_IDS.playready, isSegmented };
  const file = isSegmented ? {} : { file: `${baseOf(track.id)}${EXTENSIONS[track.type]}` };
  return { ...one, times, piff: new PiffPlan(of), ...file };
}

/** Levels of a stream have one list of fragments: renditions whose fragments begin at other times come into streams of their own. */
function streamsOf(set: readonly SmoothRendition[]): SmoothRendition[][] {
  const streams = new Map<string, SmoothRendition[]>();
  for (const one of set) {
    const starts = one.times.starts.join();
    streams.set(starts, [...(streams.get(starts) ?? []), one]);
  }
  return [...streams.values()];
}

function outputsOf(renditions: readonly SmoothRendition[], stream: SmoothStream): SmoothOutput[] {
  return renditions.map((of, i) => {
    const { piff: plan, times, file } = of;
    if (file !== undefined) return { name: file, plan, of, times };
    const sizes = plan.fragmentBytes;
    const files = stream.chunks.map((chunk, at) => ({
      name: fragmentName(stream, chunk),
      sizeBytes: sizes[at],
    }));
    return { name: levelFolder(stream.levels[i]), plan, files, of, times };
  });
}

function splitWarnings(sets: number, streams: readonly (readonly SmoothRendition[])[]): string[] {
  if (sets === streams.length) return [];
  const ids = streams.map(([{ track }]) => track.id);
  return [
    `Smooth Streaming has more streams than DASH, as fragments of renditions begin at other times: ${ids.join(', ')}. ` +
      'Its clients do not switch between them.',
  ];
}

function playreadyObjectOf({ psshOfKid }: PlannedMedia, kid: string): Uint8Array {
  const systems = psshOfKid.get(kid)!.boxes.map(onePsshOf);
  return systems.find(({ systemId }) => systemId === SYSTEM_IDS.playready)!.data;
}
