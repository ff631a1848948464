import { basename } from 'node:path';
import { openInput } from '../../bytes/input.js';
import type { ByteSource } from '../../bytes/source.js';
import { aboutFile } from '../../errors.js';
import { readColr } from '../../isobmff/boxes/colr.js';
import { readElng } from '../../isobmff/boxes/elng.js';
import { readKind } from '../../isobmff/boxes/kind.js';
import { readPasp } from '../../isobmff/boxes/pasp.js';
import { type EventKind, eventKindsOf } from '../../isobmff/event-messages.js';
import type { Movie, Track } from '../../isobmff/movie.js';
import { readMovie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { type BoxNode, type FileSlice, findChild, findPath, walkChildren } from '../../isobmff/walk.js';
import { movieOfTrack, type PresentationTrack } from '../../layout/presentation.js';
import type { AudioChannels, Role, VideoRepresentation } from '../../manifest/presentation.js';
import { codedColourOf, isSpecified } from '../../protection/colour.js';
import { withGroupedFrames } from '../../protection/pcm-samples.js';
import { type DescribedTrack, describeTracks, selectTracks, typeNameOf } from '../../protection/tracks.js';
import { dolbyChannels } from './channels.js';
import { supplementalCodecsOf } from './dolby-vision.js';
import { languageTag } from './language.js';
import { nameParts } from './names.js';
import { isRole } from './roles.js';
import type { TrackDescription } from './types.js';

/** One audio or video track that becomes a representation, with what is said of it. */
export interface MediaTrack {
  readonly input: string;
  readonly source: ByteSource;
  /** The movie with this track alone. */
  readonly movie: Movie;
  readonly described: DescribedTrack;
  readonly type: 'video' | 'audio';
  readonly language?: string;
  readonly role?: Role;
  readonly label?: string;
  readonly colour?: { readonly primaries: number; readonly transfer: number; readonly matrix: number };
  /** Dolby Vision, which players that do not know it leave alone. */
  readonly supplementalCodecs?: VideoRepresentation['supplementalCodecs'];
  /** Where its codec knows its speakers better than the sample entry. */
  readonly channels?: AudioChannels;
  /** Kinds of the events that are carried in its segments; absent where there are none. */
  readonly eventKinds?: readonly EventKind[];
  /** Width to height of one sample; absent where it is square. */
  readonly sampleAspectRatio?: { readonly numerator: number; readonly denominator: number };
}

interface OpenedMedia {
  readonly source: ByteSource;
  readonly tracks: readonly MediaTrack[];
  readonly warnings: readonly string[];
}

/**
 * Opens an input and describes each of its tracks. The caller closes the source.
 * @throws PrpackError as `encrypt` for the input
 */
export async function openMedia(
  path: string,
  corrections: TrackDescription,
  signal: AbortSignal | undefined,
): Promise<OpenedMedia> {
  const source = await openInput(path, signal);
  try {
    const movie = withGroupedFrames(readMovie(source));
    const all = await describeTracks(movie);
    const selected = selectTracks(all, undefined);
    const described = selected.map((one) =>
      describeTrack(one, { movie, source, track: one.track }, path, corrections),
    );
    const tracks = withEvents(described, eventKindsOf(movie.topLevel, source));
    const kept = new Set(selected.map(({ track }) => track.id));
    const left = all.filter(({ track }) => !kept.has(track.id));
    return { source, tracks, warnings: left.map(({ track }) => leftOut(track, path)) };
  } catch (error) {
    source.close();
    throw aboutFile(error, path);
  }
}

/** Of the tracks of an input those that carry its events: its video, where it has any, so that players see each event once. */
export function withEvents(
  tracks: readonly MediaTrack[],
  eventKinds: readonly EventKind[],
): readonly MediaTrack[] {
  if (eventKinds.length === 0) return tracks;
  const carrier = tracks.some(({ type }) => type === 'video') ? 'video' : 'audio';
  return tracks.map((track) => (track.type === carrier ? { ...track, eventKinds } : track));
}

function leftOut(track: Track, path: string): string {
  const advice = 'Give subtitles as WebVTT, SRT or TTML.';
  return `${path}: track ${track.id} (${typeNameOf(track)}) is left out: it holds neither audio nor video. ${advice}`;
}

/** A track alone, with what its boxes, the name of its input and the user say of it. */
export function describeTrack(
  described: DescribedTrack,
  place: PresentationTrack,
  input: string,
  { lang, role, name }: TrackDescription,
): MediaTrack {
  const movie = movieOfTrack(place);
  const [track] = movie.tracks;
  const named = nameParts(basename(input));
  const isVideo = track.handler === 'vide';
  const language = (lang === undefined ? languageOf(track, movie) : languageTag(lang)) ?? named.language;
  const roleFound = (role as Role | undefined) ?? roleOf(track, movie) ?? named.role;
  return {
    input,
    source: place.source,
    movie,
    described: { ...described, track },
    type: isVideo ? 'video' : 'audio',
    ...(language !== undefined && { language }),
    ...(roleFound !== undefined && { role: roleFound }),
    ...(name !== undefined && { label: name }),
    ...(isVideo ? pictureOf(described, movie) : soundOf(movie)),
  };
}

/** `elng`, else `mdhd`: undefined where neither knows. */
function languageOf(track: Track, movie: Movie): string | undefined {
  const elng = findPath(track.node, 'mdia/elng');
  const tag = elng && languageTag(readElng(readerOf(elng, movie.moov)));
  return tag ?? languageTag(track.mdhd.language);
}

const ROLE_SCHEME = 'urn:mpeg:dash:role:2011';

function roleOf(track: Track, { moov }: Movie): Role | undefined {
  const udta = findChild(track.node, 'udta');
  if (!udta) return undefined;
  const boxes = walkChildren(
    moov,
    udta.startBytes + udta.headerBytes,
    udta.startBytes + udta.sizeBytes,
    udta.path,
  );
  const kinds = boxes.filter(({ type }) => type === 'kind').map((node) => readKind(readerOf(node, moov)));
  return kinds
    .filter(({ schemeUri }) => schemeUri === ROLE_SCHEME)
    .map(({ value }) => value)
    .find(isRole);
}

function soundOf(movie: Movie): Pick<MediaTrack, 'channels'> {
  const channels = dolbyChannels(movie);
  return channels ? { channels } : {};
}

type Picture = Pick<MediaTrack, 'colour' | 'sampleAspectRatio' | 'supplementalCodecs'>;

function pictureOf({ codecs }: DescribedTrack, movie: Movie): Picture {
  const { moov, tracks } = movie;
  const [{ node }] = tracks[0].entries;
  const pasp = findChild(node, 'pasp');
  const colour = colourIn(node, moov) ?? codedColourOf(codecs[0]);
  const supplementalCodecs = supplementalCodecsOf(movie, colour);
  const { hSpacing, vSpacing } = pasp ? readPasp(readerOf(pasp, moov)) : { hSpacing: 1, vSpacing: 1 };
  const isSquare = hSpacing === vSpacing || hSpacing === 0 || vSpacing === 0;
  return {
    ...(colour && { colour }),
    ...(supplementalCodecs && { supplementalCodecs }),
    ...(!isSquare && { sampleAspectRatio: { numerator: hSpacing, denominator: vSpacing } }),
  };
}

/** `colr` of the sample entry; undefined where it says nothing. */
function colourIn(entry: BoxNode, moov: FileSlice): MediaTrack['colour'] {
  const colr = findChild(entry, 'colr');
  const colour = colr && readColr(readerOf(colr, moov));
  return colour && isSpecified(colour) ? colour : undefined;
}
