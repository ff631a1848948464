import { SYSTEM_IDS } from '../../drm/system-ids.js';
import type { Addressing } from '../../manifest/addressing.js';
import type {
  Accessibility,
  AudioRepresentation,
  Fraction,
  Presentation,
  Protection,
  ProtectionSystem,
  SwitchingSet,
  VideoRepresentation,
} from '../../manifest/presentation.js';
import { onePsshOf } from '../../protection/pssh.js';
import type { PsshBoxes, PsshOptions } from '../../protection/pssh-boxes.js';
import type { SignalledSystem } from '../../protection/types.js';
import { inbandEventStreamsOf } from './events.js';
import { namesFairPlay } from './fairplay.js';
import { frameRateOf } from './frame-rate.js';
import { systemsWithSessionKeys, withGivenSignalling } from './given-signalling.js';
import type { PlannedText } from './planned-text.js';
import type { TitleTrack } from './representations.js';
import { switchingSetsOf } from './switching-sets.js';
import type { PlannedMedia, PlannedTrack } from './title-plan.js';
import { addressingOf } from './track-addressing.js';

const CLEAR_KEY = 'e2719d58-a985-b3c9-781a-b030af78d30e';

/** What manifests say of the keys beyond what stands in the media. */
export interface Signalling {
  /** URI of FairPlay's key; `{kid}` in it becomes the KID in hexadecimal. */
  readonly fairplayUri?: string | undefined;
  /** With `fairplay` among them, FairPlay is named without a URI, too. */
  readonly systems?: readonly SignalledSystem[];
}

/** A track as manifests know it. */
export interface PresentedTrack {
  readonly track: TitleTrack;
  /** Of its representation. */
  readonly id: string;
  readonly addressing: Addressing;
  /** Absent: it is clear. */
  readonly protection?: Protection;
}

/** What manifests are written from. */
export function presentationOf(
  media: PlannedMedia,
  texts: readonly PlannedText[],
  /** Of a track: the id of its representation, with which the names of its files begin. */
  baseOf: (id: string) => string,
  options: Signalling & PsshOptions,
): Presentation {
  const tracks = media.tracks.map((planned) => presentedTrack(planned, media, baseOf, options));
  const sets = setsOf(tracks);
  const textSets = texts.map((text, i) => textSetOf(text, sets.length + i + 1));
  const session = [...media.sessionPssh].map(([scheme, pssh]) => {
    const keys = media.tracks.filter((one) => one.scheme === scheme).map(({ key }) => key);
    const given = systemsWithSessionKeys(keys, options);
    const systems = systemsOf(pssh, undefined, options);
    return {
      scheme,
      systems: systems.filter(({ name, systemId }) => name !== 'clearkey' && !given.has(systemId)),
    };
  });
  return {
    durationSeconds: durationOf(media.tracks),
    switchingSets: [...sets, ...textSets],
    session,
  };
}

function presentedTrack(
  planned: PlannedTrack,
  { psshOfKid }: PlannedMedia,
  baseOf: (id: string) => string,
  options: Signalling & PsshOptions,
): PresentedTrack {
  const { track, scheme, key } = planned;
  const id = baseOf(track.id);
  const made = systemsOf(psshOfKid.get(key.kid)!, key.kid, scheme === 'cbcs' ? options : {});
  const systems = withGivenSignalling(made, key, scheme, options);
  return {
    track,
    id,
    addressing: addressingOf(planned, id),
    protection: { scheme, kid: key.kid, systems },
  };
}

/** The sets of audio and video, numbered from 1, in the order of their first tracks. */
export function setsOf(tracks: readonly PresentedTrack[]): SwitchingSet[] {
  const sets = switchingSetsOf(tracks);
  const idOf = (trackId: string) =>
    sets.findIndex((ofSet) => ofSet.some(({ track }) => track.id === trackId)) + 1;
  return sets.map((ofSet, i) => setOf(ofSet, i + 1, idOf));
}

/** @param idOf the set of a track */
function setOf(
  tracks: readonly PresentedTrack[],
  id: number,
  idOf: (trackId: string) => number,
): SwitchingSet {
  const [{ track, protection }] = tracks;
  const inbandEventStreams = inbandEventStreamsOf(tracks.map((one) => one.track));
  const common = {
    id,
    ...describedAs(track),
    ...(protection && { protection }),
    ...(inbandEventStreams.length > 0 && { inbandEventStreams }),
  };
  if (track.type === 'audio') return { kind: 'audio', ...common, representations: tracks.map(audioOf) };
  const { colour, trickPlay } = track;
  const representations = tracks
    .map(videoOf)
    .sort((a, b) => b.widthPixels * b.heightPixels - a.widthPixels * a.heightPixels);
  const { of = '', maxPlayoutRate = 1 } = trickPlay ?? {};
  return {
    kind: 'video',
    ...common,
    ...(colour && { colour }),
    ...(trickPlay && { trickPlay: { ofSetId: idOf(of), maxPlayoutRate } }),
    representations,
  };
}

const ACCESSIBILITY: readonly string[] = ['description', 'caption'];

/** What a set says of its tracks to people, and to players that choose for them. */
export function describedAs({
  language,
  role,
  label,
}: Pick<TitleTrack, 'language' | 'role' | 'label'>): Pick<
  SwitchingSet,
  'language' | 'roles' | 'accessibility' | 'label'
> {
  return {
    ...(language !== undefined && { language }),
    ...(role !== undefined && { roles: [role] }),
    ...(role !== undefined && ACCESSIBILITY.includes(role) && { accessibility: [role as Accessibility] }),
    ...(label !== undefined && { label }),
  };
}

function videoOf({ track, id, addressing }: PresentedTrack): VideoRepresentation {
  const { described, movie, sampleAspectRatio, supplementalCodecs } = track;
  const { codec, width = 0, height = 0 } = described.codecs[0];
  return {
    id,
    mimeType: 'video/mp4',
    codecs: codec,
    addressing,
    widthPixels: width,
    heightPixels: height,
    frameRate: frameRateOf(movie.tracks[0]),
    ...(sampleAspectRatio && { sampleAspectRatio: sampleAspectRatio as Fraction }),
    ...(supplementalCodecs && { supplementalCodecs }),
  };
}

function audioOf({ track, id, addressing }: PresentedTrack): AudioRepresentation {
  const { described, movie } = track;
  const { codec, channels = 2, sampleRateHz = 0 } = described.codecs[0];
  return {
    id,
    mimeType: 'audio/mp4',
    codecs: codec,
    addressing,
    samplingRateHz: sampleRateHz || movie.tracks[0].mdhd.timescaleHz,
    channels: track.channels ?? { count: channels },
  };
}

function textSetOf({ track, representation }: PlannedText, id: number): SwitchingSet {
  return { kind: 'text', id, ...describedAs(track), representations: [representation] };
}

/**
 * What manifests say of the systems of some boxes.
 * @param kid absent for boxes of several keys
 */
export function systemsOf(
  pssh: Pick<PsshBoxes, 'boxes' | 'laUrl'>,
  kid: string | undefined,
  signalling: Signalling,
): ProtectionSystem[] {
  const systems = pssh.boxes.flatMap((psshBox): ProtectionSystem[] => {
    const { systemId, data } = onePsshOf(psshBox);
    const own = { systemId, psshBox };
    if (systemId === SYSTEM_IDS.widevine) return [{ name: 'widevine', ...own }];
    if (systemId !== SYSTEM_IDS.playready) {
      // Players of HLS know Clear Key by a form of its own; those of DASH read the common box.
      const clearKey: ProtectionSystem = { name: 'clearkey', systemId: CLEAR_KEY };
      return [{ name: 'other', ...own }, ...(systemId === SYSTEM_IDS.common ? [clearKey] : [])];
    }
    const { laUrl: licenseUrl } = pssh;
    return [
      { name: 'playready', ...own, playreadyObject: data, ...(licenseUrl !== undefined && { licenseUrl }) },
    ];
  });
  return kid !== undefined && namesFairPlay(signalling) ? withFairPlay(systems, kid, signalling) : systems;
}

/** Adds FairPlay, with the URI that is given, else the one that playlists have for its KID. A box of it that came with keys stays. */
function withFairPlay(
  systems: readonly ProtectionSystem[],
  kid: string,
  { fairplayUri }: Signalling,
): ProtectionSystem[] {
  const systemId = SYSTEM_IDS.fairplay;
  const keyUri = fairplayUri?.replaceAll('{kid}', kid.replaceAll('-', ''));
  const found = systems.find((system) => system.systemId === systemId);
  const others = systems.filter((system) => system !== found);
  return [...others, { ...found, name: 'fairplay', systemId, ...(keyUri !== undefined && { keyUri }) }];
}

function durationOf(tracks: readonly PlannedTrack[]): number {
  const ends = tracks.map(({ track, plan, encryption }) => {
    const times = plan.fragmentTimes(encryption.track);
    return times[times.length - 1] / track.movie.tracks[0].mdhd.timescaleHz;
  });
  return Math.max(...ends);
}
