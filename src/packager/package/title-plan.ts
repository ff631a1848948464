import { toBase64 } from '../../bytes/hex.js';
import { SYSTEM_IDS } from '../../drm/system-ids.js';
import { aboutFile } from '../../errors.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { type Fragmentation, FragmentedPlan } from '../../layout/fragmented-plan.js';
import { playerWarning } from '../../protection/codecs.js';
import { protectTracks } from '../../protection/protect-tracks.js';
import { assertCodecsFitScheme, protectionSettings } from '../../protection/protection-settings.js';
import { onePsshOf } from '../../protection/pssh.js';
import { buildPsshBoxes, type PsshBoxes } from '../../protection/pssh-boxes.js';
import type { TrackEncryption } from '../../protection/track-protection.js';
import { coverageWarnings } from '../encryption-plan.js';
import { yieldToEventLoop } from '../event-loop.js';
import { distinctKeys } from '../registration.js';
import type { TitleCuts } from './boundaries.js';
import { eventWarnings } from './events.js';
import {
  keptTrack,
  type PublishedCandidate,
  type PublishedMedia,
  type PublishedTracks,
} from './published-tracks.js';
import type { TitleTrack } from './representations.js';
import { inScheme, ofEachScheme, type PackageScheme, type SchemeOptions } from './schemes.js';
import { sha256Of } from './state.js';
import { splitWarnings, switchingSetsOf } from './switching-sets.js';
import { addressingOf } from './track-addressing.js';
import type { PackageOptions } from './types.js';

/** An output of one track, planned. */
export interface PlannedTrack {
  readonly track: TitleTrack;
  readonly scheme: PackageScheme;
  readonly key: AssignedKey;
  readonly encryption: TrackEncryption;
  readonly plan: FragmentedPlan;
  /** Fragments that its segments begin with, and their number. */
  readonly segmentStarts: readonly number[];
  /** Whether each segment is a file of its own. */
  readonly isSegmented: boolean;
  /** All that its bytes follow from but for the input and random IVs, as 64 hexadecimal digits. */
  readonly recipe: string;
  /** Where an earlier run has published the same track: it is not made again. */
  readonly published?: PublishedMedia;
}

/** All media of a title, planned. */
export interface PlannedMedia {
  readonly tracks: readonly PlannedTrack[];
  /** By KID: the boxes of that key alone. */
  readonly psshOfKid: ReadonlyMap<string, PsshBoxes>;
  /** Boxes that name all keys of a scheme. */
  readonly sessionPssh: ReadonlyMap<PackageScheme, PsshBoxes>;
  readonly warnings: readonly string[];
}

/**
 * The boxes of one key, as playlists need them. The common box lists all keys all the same: it says nothing else, and Clear Key
 * players that ask once get them all.
 */
function psshOfKey(key: AssignedKey, ofAll: PsshBoxes, options: PackageOptions): PsshBoxes {
  const common = ofAll.boxes.find(isCommon);
  const built = buildPsshBoxes([key], options);
  return { ...built, boxes: built.boxes.map((box) => (common && isCommon(box) ? common : box)) };
}

function isCommon(box: Uint8Array): boolean {
  return onePsshOf(box).systemId === SYSTEM_IDS.common;
}

/**
 * Plans the tracks in each scheme.
 * @param keys one a track, of one scheme after the other
 * @param before what an earlier run has published
 * @throws PrpackError as `encrypt`
 */
export async function planMedia(
  tracks: readonly TitleTrack[],
  keys: readonly AssignedKey[],
  cuts: TitleCuts,
  options: PackageOptions,
  before?: PublishedTracks,
): Promise<PlannedMedia> {
  const parts: SchemePart[] = [];
  for (const [i, one] of ofEachScheme(options).entries()) {
    const named = tracks.map((track) => inScheme(track, one.scheme, options));
    const own = keys.slice(i * tracks.length, (i + 1) * tracks.length);
    parts.push(await planInScheme(named, own, cuts, one, before));
  }
  return {
    tracks: parts.flatMap((part) => part.tracks),
    psshOfKid: new Map(parts.flatMap((part) => [...part.psshOfKid])),
    sessionPssh: new Map(parts.map(({ scheme, sessionPssh }) => [scheme, sessionPssh])),
    warnings: [...new Set(parts.flatMap(({ warnings }) => warnings))],
  };
}

/** What is planned in one scheme. */
type SchemePart = Omit<PlannedMedia, 'sessionPssh'> & {
  readonly scheme: PackageScheme;
  readonly sessionPssh: PsshBoxes;
};

/**
 * Protects all tracks together, so that none shares a counter block with another, and lays each out alone. Tracks that are published have
 * the IVs of their files.
 * @param keys one a track
 */
async function planInScheme(
  tracks: readonly TitleTrack[],
  keys: readonly AssignedKey[],
  { fragmentations, segmentStarts }: TitleCuts,
  options: SchemeOptions,
  before: PublishedTracks | undefined,
): Promise<SchemePart> {
  const settings = protectionSettings(options);
  const { scheme } = options;
  const described = tracks.map(({ described: one, source }) => ({ ...one, source }));
  const schemeWarnings = assertCodecsFitScheme(described, settings);
  const distinct = distinctKeys(keys);
  const sessionPssh = buildPsshBoxes(distinct, options);
  const psshOfKid = new Map(distinct.map((key) => [key.kid as string, psshOfKey(key, sessionPssh, options)]));
  const pause = () => yieldToEventLoop(options.signal);
  const isSegmented = options.addressing === 'segments';
  const files = segmentStarts.map((starts) => (isSegmented ? starts.slice(0, -1) : undefined));
  const recipes = tracks.map((track, i) => {
    const { boxes } = psshOfKid.get(keys[i].kid)!;
    return recipeOf(track, keys[i], { fragmentation: fragmentations[i], files: files[i], boxes }, options);
  });
  const candidates: (PublishedCandidate | undefined)[] = [];
  for (const [i, track] of tracks.entries()) candidates.push(await before?.find(track, recipes[i]));
  const ivStarts = candidates.map((one) => one?.ivStart);
  const encryptions = await protectTracks({ tracks: described, keys, settings, ivStarts }, pause);
  const planned = tracks.map((track, i): PlannedTrack => {
    const layOutWith = (psshBoxes: readonly Uint8Array[]) =>
      layOut(
        track,
        encryptions[i],
        { fragmentation: fragmentations[i], starts: segmentStarts[i], isSegmented },
        psshBoxes,
      );
    return {
      track,
      scheme,
      key: keys[i],
      encryption: encryptions[i],
      segmentStarts: segmentStarts[i],
      isSegmented,
      recipe: recipes[i],
      ...(keptTrack(candidates[i], layOutWith) ?? { plan: layOutWith(psshOfKid.get(keys[i].kid)!.boxes) }),
    };
  });
  const sets = switchingSetsOf(
    planned.map((one) => ({
      track: one.track,
      protection: { kid: one.key.kid, scheme },
      addressing: addressingOf(one, one.track.id),
    })),
  );
  const ofTracks = planned.flatMap(({ track, encryption, plan }) =>
    [
      ...plan.warnings,
      ...coverageWarnings([encryption]),
      ...(playerWarning(track.described.track) ?? []),
    ].map((warning) => `${track.input}: ${warning}`),
  );
  return {
    scheme,
    tracks: planned,
    psshOfKid,
    sessionPssh,
    warnings: [
      ...sessionPssh.warnings,
      ...schemeWarnings,
      ...ofTracks,
      ...splitWarnings(sets),
      ...eventWarnings(sets),
    ],
  };
}

/**
 * The common box of a track lists the keys of all: another key among them does not make the track another one. With a different content key
 * under the same KID the CHECKSUM of the PlayReady header differs.
 */
function recipeOf(
  { described, type }: TitleTrack,
  { kid }: AssignedKey,
  {
    fragmentation,
    files,
    boxes,
  }: {
    readonly fragmentation: Fragmentation;
    readonly files: readonly number[] | undefined;
    readonly boxes: readonly Uint8Array[];
  },
  { scheme, pattern, ivSize }: SchemeOptions,
): string {
  const headers = boxes.map((box) => (isCommon(box) ? 'common' : toBase64(box)));
  const cuts = Array.from(fragmentation.cuts.firstSample[0]);
  const options = [scheme, pattern, ivSize];
  const { id, samples } = described.track; // of one track of an input, some samples make another one
  return sha256Of(JSON.stringify([id, samples.count, type, kid, headers, cuts, files, options]));
}

/** How a track is cut. */
interface TrackCuts {
  readonly fragmentation: Fragmentation;
  /** Fragments that its segments begin with, and their number. */
  readonly starts: readonly number[];
  readonly isSegmented: boolean;
}

function layOut(
  { movie, source, input, eventKinds }: TitleTrack,
  encryption: TrackEncryption,
  { fragmentation, starts, isSegmented }: TrackCuts,
  psshBoxes: readonly Uint8Array[],
): FragmentedPlan {
  const loadStarts = starts.slice(0, -1);
  try {
    return new FragmentedPlan({
      movie,
      source,
      encryptions: [encryption],
      fragmentation,
      psshBoxes,
      isCmaf: true,
      carried: eventKinds ? 'events' : 'none',
      segmentStarts: isSegmented ? loadStarts : undefined,
      loadStarts,
    });
  } catch (error) {
    throw aboutFile(error, input);
  }
}
