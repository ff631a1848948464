import type { WholeFile } from '../../manifest/addressing.js';
import { keyLines } from '../../manifest/hls/keys.js';
import type { Presentation, SwitchingSet, TextRepresentation } from '../../manifest/presentation.js';
import { eventWarnings } from '../package/events.js';
import { type ManifestFiles, manifestFilesOf } from '../package/manifest-files.js';
import { describedAs, type PresentedTrack, setsOf } from '../package/presentation.js';
import { nameTracks, type TitleTrack } from '../package/representations.js';
import { inScheme, type PackageScheme, SCHEMES } from '../package/schemes.js';
import { splitWarnings, switchingSetsOf } from '../package/switching-sets.js';
import type { TextTrack } from '../package/text.js';
import { byRank, type textNames } from '../package/title.js';
import { maxPlayoutRate, trickPlayId } from '../package/trick-play.js';
import type { PackedTrack } from './packed-track.js';
import type { SignalledKeys } from './systems.js';
import { type Timeline, timelineOf } from './timeline.js';

/** Subtitles as one file. */
export interface TextFile {
  readonly track: TextTrack;
  /** From the folder of the manifests. */
  readonly file: string;
  readonly uri: string;
  readonly bytes: number;
}

/** Everything that manifests are made of. */
export interface ManifestInputs {
  readonly tracks: readonly PackedTrack[];
  /** Tracks for fast forward and rewind, each with the track whose sync samples it has. */
  readonly trickPlay: ReadonlyMap<PackedTrack, PackedTrack>;
  readonly texts: readonly TextFile[];
  readonly keys: SignalledKeys;
  readonly textName: ReturnType<typeof textNames>;
}

/** A track with the id of its representation. */
export interface NamedPackedTrack {
  readonly id: string;
  readonly packed: PackedTrack;
  readonly trickPlay?: TitleTrack['trickPlay'];
}

export interface ManifestPlan extends ManifestFiles {
  /** Video first, the largest picture first of all; text last. */
  readonly tracks: readonly NamedPackedTrack[];
  readonly texts: readonly TextFile[];
  readonly presentation: Presentation;
  /** Sizes in bytes of all media, by URI. */
  readonly fileSizes: ReadonlyMap<string, number>;
  readonly warnings: readonly string[];
}

/**
 * Puts tracks into sets and writes what manifests say of them.
 * @throws PrpackError UNSUPPORTED_FEATURE for tracks that do not play together; INVALID_ARGUMENT for what manifests cannot carry
 */
export function planManifests(inputs: ManifestInputs): ManifestPlan {
  const { tracks, texts, keys } = inputs;
  const named = namesOf(inputs);
  const timeline = timelineOf(named.map(({ packed }) => packed));
  const media = named.filter(({ packed }) => packed.kind !== 'text');
  const presented = media.map((one) => presentedTrack(one, keys, timeline));
  const sets = setsOf(presented);
  const tracksOfSets = switchingSetsOf(presented);
  const textSets = [
    ...named.filter(({ packed }) => packed.kind === 'text').map((one) => packedTextSet(one, timeline)),
    ...texts.map((text) => textFileSet(text, timeline)),
  ].map((set, i): SwitchingSet => ({ kind: 'text', id: sets.length + i + 1, ...set }));
  const { durationSeconds } = timeline;
  const presentation = { durationSeconds, switchingSets: [...sets, ...textSets], session: keys.session };
  const hasPlaylists = sets.every(({ protection }) => !protection || keyLines(protection).length > 0);
  return {
    tracks: named,
    texts,
    presentation,
    ...manifestFilesOf(presentation, hasPlaylists),
    fileSizes: sizesOf(tracks, texts),
    warnings: [
      ...tracks.flatMap(({ warnings }) => warnings),
      ...keys.warnings,
      ...splitWarnings(tracksOfSets),
      ...eventWarnings(tracksOfSets),
      ...(hasPlaylists ? [] : [NO_PLAYLISTS]),
      ...(texts.length > 0 && timeline.offsetSeconds > 0 ? [LATE_START] : []),
    ],
  };
}

const NO_PLAYLISTS =
  'There are no playlists of HLS: a track is encrypted, and of its protection systems HLS has no way to name any.';

const LATE_START =
  'The media does not begin at 0: players of HLS show the subtitles late by that much, those of DASH at their time.';

/** As `package` names them: of two schemes, all tracks of one come before those of the other. */
function namesOf({ tracks, trickPlay, textName }: ManifestInputs): NamedPackedTrack[] {
  const isText = ({ kind }: PackedTrack) => kind === 'text';
  const media = tracks.filter((track) => !isText(track));
  const schemes = SCHEMES.filter((scheme) => media.some(({ key }) => key?.scheme === scheme));
  const [first = 'cenc'] = schemes; // clear tracks come with it
  const ofScheme = (scheme: PackageScheme) => media.filter(({ key }) => (key?.scheme ?? first) === scheme);
  const named = (schemes.length > 0 ? schemes : [first]).flatMap((scheme) =>
    titleTracksOf(ofScheme(scheme), trickPlay).map(({ packed, track }) => ({
      packed,
      track: inScheme(track, scheme, { schemes }),
    })),
  );
  return [
    ...named.map(({ packed, track: { id, trickPlay: thin } }) => ({
      id,
      packed,
      ...(thin && { trickPlay: thin }),
    })),
    ...tracks
      .filter(isText)
      .map((packed) => ({ id: textName(packed.media.language, packed.media.role), packed })),
  ];
}

/** Those for fast forward and rewind come last, and have the name of their track. */
function titleTracksOf(
  tracks: readonly PackedTrack[],
  trickPlay: ManifestInputs['trickPlay'],
): { packed: PackedTrack; track: TitleTrack }[] {
  const wholes = tracks.filter((one) => !trickPlay.has(one)).sort((a, b) => byRank(a.media, b.media));
  const names = nameTracks(wholes.map(({ media }) => media));
  const thins = tracks.filter((one) => trickPlay.has(one));
  return [
    ...wholes.map((packed, i) => ({ packed, track: names[i] })),
    ...thins.map((packed) => {
      const whole = trickPlay.get(packed)!;
      const of = names[wholes.indexOf(whole)].id;
      const rate = maxPlayoutRate(whole.media.movie.tracks[0], packed.media.movie.tracks[0]);
      const track = { ...packed.media, id: trickPlayId(of), trickPlay: { of, maxPlayoutRate: rate } };
      return { packed, track };
    }),
  ];
}

function presentedTrack(
  { id, packed, trickPlay }: NamedPackedTrack,
  keys: SignalledKeys,
  timeline: Timeline,
): PresentedTrack {
  const { key, media } = packed;
  return {
    track: { ...media, id, ...(trickPlay && { trickPlay }) },
    id,
    addressing: timeline.placed(packed.addressing),
    ...(key && { protection: { scheme: key.scheme, kid: key.kid, systems: keys.systems.get(key.kid)! } }),
  };
}

type TextSet = Pick<SwitchingSet, 'language' | 'roles' | 'accessibility' | 'label'> & {
  readonly representations: readonly TextRepresentation[];
};

function packedTextSet({ id, packed }: NamedPackedTrack, timeline: Timeline): TextSet {
  const { media, addressing } = packed;
  const codecs = media.described.codecs[0].codec;
  return {
    ...describedAs(media),
    representations: [{ id, mimeType: 'application/mp4', codecs, addressing: timeline.placed(addressing) }],
  };
}

/** For HLS the file is one segment, as long as the presentation. */
function textFileSet({ track, uri, bytes }: TextFile, { durationSeconds }: Timeline): TextSet {
  const whole: WholeFile = { kind: 'whole', uri, sizeBytes: bytes };
  const segment = { startTicks: 0, durationTicks: Math.ceil(durationSeconds * 1000), sizeBytes: bytes };
  const isWebVtt = track.webVtt !== undefined;
  return {
    ...describedAs(track),
    representations: [
      {
        id: track.id,
        mimeType: isWebVtt ? 'text/vtt' : 'application/ttml+xml',
        addressing: whole,
        ...(isWebVtt && {
          webVttSegments: {
            kind: 'segments',
            mediaUri: uri,
            startNumber: 1,
            timescaleHz: 1000,
            segments: [segment],
          },
        }),
      },
    ],
  };
}

function sizesOf(tracks: readonly PackedTrack[], texts: readonly TextFile[]): Map<string, number> {
  const sizes = new Map(texts.map(({ uri, bytes }) => [uri, bytes]));
  for (const { fileSizes } of tracks) for (const [uri, bytes] of fileSizes) sizes.set(uri, bytes);
  return sizes;
}
