import { basename } from 'node:path';
import { openInput } from '../../bytes/input.js';
import type { ByteSource } from '../../bytes/source.js';
import { readColr } from '../../isobmff/boxes/colr.js';
import { readElng } from '../../isobmff/boxes/elng.js';
import { readKind } from '../../isobmff/boxes/kind.js';
import { readPasp } from '../../isobmff/boxes/pasp.js';
import type { Movie, Track } from '../../isobmff/movie.js';
import { readMovie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { findChild, findPath, walkChildren } from '../../isobmff/walk.js';
import { movieOfTrack, type PresentationTrack } from '../../layout/presentation.js';
import { withGroupedFrames } from '../../protection/pcm-samples.js';
import { type DescribedTrack, describeTracks, selectTracks } from '../../protection/tracks.js';
import { nameParts } from './names.js';
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
  readonly role?: string;
  readonly label?: string;
  readonly colour?: { readonly primaries: number; readonly transfer: number; readonly matrix: number };
  /** Width to height of one sample; absent where it is square. */
  readonly sampleAspectRatio?: { readonly numerator: number; readonly denominator: number };
}

/**
 * Opens an input and describes each of its tracks. The caller closes the source.
 * @throws PrpackError as `encrypt` for the input
 */
export async function openMedia(
  path: string,
  corrections: TrackDescription,
  signal: AbortSignal | undefined,
): Promise<{ readonly source: ByteSource; readonly tracks: readonly MediaTrack[] }> {
  const source = await openInput(path, signal);
  try {
    const movie = withGroupedFrames(readMovie(source));
    const selected = selectTracks(await describeTracks(movie), undefined);
    const tracks = selected.map((one) =>
      describe(one, { movie, source, track: one.track }, path, corrections),
    );
    return { source, tracks };
  } catch (error) {
    source.close();
    throw error;
  }
}

function describe(
  described: DescribedTrack,
  place: PresentationTrack,
  input: string,
  { lang, role, name }: TrackDescription,
): MediaTrack {
  const movie = movieOfTrack(place);
  const [track] = movie.tracks;
  const named = nameParts(basename(input));
  const isVideo = track.handler === 'vide';
  const language = lang ?? languageOf(track, movie) ?? named.language;
  const roleFound = role ?? roleOf(track, movie) ?? named.role;
  return {
    input,
    source: place.source,
    movie,
    described: { ...described, track },
    type: isVideo ? 'video' : 'audio',
    ...(language !== undefined && { language }),
    ...(roleFound !== undefined && { role: roleFound }),
    ...(name !== undefined && { label: name }),
    ...(isVideo && pictureOf(track, movie)),
  };
}

/** `elng`, else `mdhd`: undefined where neither knows. */
function languageOf(track: Track, movie: Movie): string | undefined {
  const elng = findPath(track.node, 'mdia/elng');
  const tag = elng && readElng(readerOf(elng, movie.moov));
  if (tag) return tag;
  const { language } = track.mdhd;
  return language === 'und' ? undefined : language;
}

const ROLE_SCHEME = 'urn:mpeg:dash:role:2011';

function roleOf(track: Track, { moov }: Movie): string | undefined {
  const udta = findChild(track.node, 'udta');
  if (!udta) return undefined;
  const boxes = walkChildren(
    moov,
    udta.startBytes + udta.headerBytes,
    udta.startBytes + udta.sizeBytes,
    udta.path,
  );
  const kinds = boxes.filter(({ type }) => type === 'kind').map((node) => readKind(readerOf(node, moov)));
  return kinds.find(({ schemeUri }) => schemeUri === ROLE_SCHEME)?.value;
}

function pictureOf({ entries }: Track, { moov }: Movie): Pick<MediaTrack, 'colour' | 'sampleAspectRatio'> {
  const [{ node }] = entries;
  const colr = findChild(node, 'colr');
  const pasp = findChild(node, 'pasp');
  const colour = colr && readColr(readerOf(colr, moov));
  const { hSpacing, vSpacing } = pasp ? readPasp(readerOf(pasp, moov)) : { hSpacing: 1, vSpacing: 1 };
  const isSquare = hSpacing === vSpacing || hSpacing === 0 || vSpacing === 0;
  return {
    ...(colour && { colour }),
    ...(!isSquare && { sampleAspectRatio: { numerator: hSpacing, denominator: vSpacing } }),
  };
}
