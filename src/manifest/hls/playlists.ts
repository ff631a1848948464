import type { Timed } from '../addressing.js';
import type { Cue, Presentation, VideoRepresentation } from '../presentation.js';
import { setsOf, thumbnailsOf } from '../sets.js';
import { assertPresentation } from '../validate.js';
import { cueTags } from './cues.js';
import { imagePlaylist } from './image-playlist.js';
import { keyLines } from './keys.js';
import {
  iFramesOf,
  iFrameTimes,
  mapOf,
  mediaPlaylist,
  type PlaylistSegment,
  type Span,
  segmentsOf,
  targetSecondsOf,
} from './media-playlist.js';
import { multivariantPlaylist } from './multivariant.js';
import { subtitles, textSegmentsOf } from './renditions.js';

/** The playlists of a presentation: they lie in one folder with the MPD. */
export interface HlsPlaylists {
  readonly multivariant: string;
  /** Texts of media playlists by their URI: `<representation id>.m3u8`, `<representation id>-iframes.m3u8`. */
  readonly media: ReadonlyMap<string, string>;
}

const playlistUri = (representationId: string) => `${representationId}.m3u8`;
const iFramePlaylistUri = (representationId: string) => `${representationId}-iframes.m3u8`;

/**
 * All playlists of a presentation, with one target duration (draft-pantos-hls-rfc8216bis 4). Image playlists
 * of thumbnails have their own, and so have subtitles of longer segments, such as whole files: players load them apart
 * from the media (6.2.4). Text that HLS has no form of is in the MPD alone.
 * @throws PrpackError INVALID_ARGUMENT for a presentation, label, language, URI or given line that a playlist cannot carry
 * @example
 * const { multivariant, media } = writeHls(presentation);
 * media.get('v360.m3u8'); // '#EXTM3U\n#EXT-X-VERSION:6\n…'
 */
export function writeHls(presentation: Presentation): HlsPlaylists {
  assertPresentation(presentation);
  const playlists = playlistsOf(presentation);
  const media = playlists.filter(({ isText }) => !isText);
  const targetSeconds = targetSecondsOf((media.length > 0 ? media : playlists).map(({ times }) => times));
  const ownTarget = ({ isText, times }: Playlist) => (isText ? targetSecondsOf([times]) : targetSeconds);
  return {
    multivariant: multivariantPlaylist(presentation, { targetSeconds, playlistUri, iFramePlaylistUri }),
    media: new Map([
      ...playlists.map((one): [string, string] => [
        one.uri,
        mediaPlaylist([one.span], { targetSeconds: Math.max(targetSeconds, ownTarget(one)), only: one.only }),
      ]),
      ...thumbnailsOf(presentation).map((sheets): [string, string] => [
        playlistUri(sheets.id),
        imagePlaylist(sheets),
      ]),
    ]),
  };
}

interface Playlist {
  readonly uri: string;
  readonly times: Timed;
  readonly span: Span;
  readonly only?: 'I-FRAMES';
  readonly isText?: true;
}

function playlistsOf(presentation: Presentation): Playlist[] {
  const { cues = [] } = presentation;
  const videos = setsOf(presentation, 'video').flatMap(({ representations, protection }) => {
    const keys = protection ? keyLines(protection) : [];
    return representations.flatMap((one) => [
      playlist(one.id, one.addressing, keys, cues),
      ...iFramePlaylist(one, keys),
    ]);
  });
  const audio = setsOf(presentation, 'audio').flatMap(({ representations, protection }) => {
    const keys = protection ? keyLines(protection) : [];
    return representations.map(({ id, addressing }) => playlist(id, addressing, keys, cues));
  });
  const texts = subtitles(presentation).map(({ representation }) => ({
    ...playlist(representation.id, textSegmentsOf(representation)!, [], cues),
    isText: true as const,
  }));
  return [...videos, ...audio, ...texts];
}

function playlist(
  id: string,
  times: Parameters<typeof segmentsOf>[0],
  keys: readonly string[],
  cues: readonly Cue[],
): Playlist {
  const tags = cueTags(cues, times);
  const segments = segmentsOf(times).map(
    (one, index): PlaylistSegment => ({ ...one, cues: tags.get(index) }),
  );
  const hasMap = times.kind === 'file' || 'initUri' in times;
  const span = hasMap ? { map: mapOf(times), keys, segments } : { keys, segments };
  return { uri: playlistUri(id), times, span };
}

function iFramePlaylist({ id, addressing }: VideoRepresentation, keys: readonly string[]): Playlist[] {
  const segments = iFramesOf(addressing);
  if (segments.length === 0) return [];
  const span = { map: mapOf(addressing), keys, segments };
  return [{ uri: iFramePlaylistUri(id), times: iFrameTimes(addressing), span, only: 'I-FRAMES' }];
}
