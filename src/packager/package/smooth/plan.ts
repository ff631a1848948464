import { SYSTEM_IDS } from '../../../drm/system-ids.js';
import { PiffPlan } from '../../../layout/piff-plan.js';
import { type SmoothTimes, smoothTimes } from '../../../layout/smooth-times.js';
import { writeClientManifest } from '../../../manifest/smooth/client-manifest.js';
import type { SmoothPresentation } from '../../../manifest/smooth/presentation.js';
import { writeServerManifest } from '../../../manifest/smooth/server-manifest.js';
import { onePsshOf } from '../../../protection/pssh.js';
import { switchingSetsOf } from '../switching-sets.js';
import type { Title } from '../title.js';
import type { PlannedMedia, PlannedTrack } from '../title-plan.js';
import { type SmoothRendition, smoothPresentationOf } from './presentation.js';
import { type SmoothTrack, selectSmoothTracks } from './tracks.js';

export const SMOOTH_CLIENT_MANIFEST = 'manifest.ismc';
export const SMOOTH_SERVER_MANIFEST = 'manifest.ism';

/** A PIFF file of one track. */
export interface SmoothOutput {
  readonly name: string;
  readonly plan: PiffPlan;
  /** The track whose encrypted samples it has. */
  readonly of: PlannedTrack;
  readonly times: SmoothTimes;
}

/** What Smooth Streaming adds to a title. */
export interface SmoothPlan {
  readonly presentation: SmoothPresentation;
  readonly outputs: readonly SmoothOutput[];
  /** In the order in which they are put in place. */
  readonly manifests: readonly { readonly name: string; readonly text: string }[];
  readonly warnings: readonly string[];
}

/**
 * Plans the media and manifests of Smooth Streaming from the planned media of a title.
 * @param baseOf how the names of a track's files begin
 * @throws PrpackError as {@link selectSmoothTracks}
 */
export function planSmooth(title: Title, media: PlannedMedia, baseOf: (id: string) => string): SmoothPlan {
  const { tracks, warnings } = selectSmoothTracks(title, media);
  const sets = switchingSetsOf(tracks);
  const times = smoothTimes(sets.map((set) => set.map(({ cut }) => cut)));
  const outputs = sets.map((set, i) => set.map((one, j) => outputOf(one, times[i][j], baseOf)));
  const streams = sets.flatMap((set, i) => streamsOf(set, outputs[i]));
  const presentation = smoothPresentationOf(streams, playreadyObjectOf(media, tracks[0].key.kid));
  return {
    presentation,
    outputs: outputs.flat(),
    manifests: [
      { name: SMOOTH_CLIENT_MANIFEST, text: writeClientManifest(presentation) },
      { name: SMOOTH_SERVER_MANIFEST, text: writeServerManifest(presentation, SMOOTH_CLIENT_MANIFEST) },
    ],
    warnings: [...warnings, ...splitWarnings(sets.length, streams)],
  };
}

const EXTENSIONS = { video: '.ismv', audio: '.isma' } as const;

function outputOf(of: SmoothTrack, times: SmoothTimes, baseOf: (id: string) => string): SmoothOutput {
  const { track, plan: encrypted, encryption, cut } = of;
  const plan = new PiffPlan({ ...cut, encrypted, encryption, times, systemId: SYSTEM_IDS.playready });
  return { name: `${baseOf(track.id)}${EXTENSIONS[track.type]}`, plan, of, times };
}

/** Levels of a stream have one list of fragments: renditions whose fragments begin at other times come into streams of their own. */
function streamsOf(set: readonly SmoothTrack[], outputs: readonly SmoothOutput[]): SmoothRendition[][] {
  const streams = new Map<string, SmoothRendition[]>();
  for (const [i, one] of set.entries()) {
    const { times, name, plan } = outputs[i];
    const key = times.starts.join();
    const rendition = { ...one, times, file: name, mediaBytes: plan.mediaBytes };
    streams.set(key, [...(streams.get(key) ?? []), rendition]);
  }
  return [...streams.values()];
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
