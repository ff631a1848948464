import {
  type Addressing,
  type ByteRange,
  longestSegmentSeconds,
  type Segment,
  type SegmentList,
  segmentMicroseconds,
  segmentUri,
  type Timed,
} from '../addressing.js';
import { tag } from './attributes.js';

/** A part of a playlist with one header and one set of keys. A change of either starts the next. */
export interface Span {
  readonly map?: Resource;
  /** EXT-X-KEY lines; none for clear segments. */
  readonly keys: readonly string[];
  readonly segments: readonly PlaylistSegment[];
}

/** A file, or a part of it. */
interface Resource {
  readonly uri: string;
  readonly range?: ByteRange;
}

/** What EXTINF and the URI below it say. */
export interface PlaylistSegment extends Resource {
  readonly durationMicroseconds: number;
  readonly sizeBytes: number;
  /** Lines of ad breaks that begin or end with the segment. */
  readonly cues?: readonly string[] | undefined;
  /** Further lines of the segment. */
  readonly tags?: readonly string[];
}

export interface MediaPlaylistOptions {
  readonly targetSeconds: number;
  /** What the segments are, where they are no whole media. */
  readonly only?: 'I-FRAMES' | 'IMAGES' | undefined;
}

/** What needs which EXT-X-VERSION (draft-pantos-hls-rfc8216bis 8): decimal durations; EXT-X-MAP outside I-frame playlists. */
const VERSION_OF_DURATIONS = 3;
const VERSION_OF_MAPS = 6;

/**
 * A media playlist that does not grow (draft-pantos-hls-rfc8216bis 4.4.2 to 4.4.4).
 * @example
 * mediaPlaylist([{ map: { uri: 'v/init.mp4' }, keys: [], segments: segmentsOf(addressing) }], { targetSeconds: 2 });
 */
export function mediaPlaylist(spans: readonly Span[], { targetSeconds, only }: MediaPlaylistOptions): string {
  const version = spans.some(({ map }) => map) ? VERSION_OF_MAPS : VERSION_OF_DURATIONS;
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${version}`,
    `#EXT-X-TARGETDURATION:${targetSeconds}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    ...(only ? [`#EXT-X-${only}-ONLY`] : []),
    ...spans.flatMap((span, index) => [...(index > 0 ? ['#EXT-X-DISCONTINUITY'] : []), ...spanLines(span)]),
    '#EXT-X-ENDLIST',
  ];
  return `${lines.join('\n')}\n`;
}

function spanLines({ map, keys, segments }: Span): string[] {
  const mapLine = map && tag('EXT-X-MAP', { URI: map.uri, BYTERANGE: map.range && byteRangeText(map.range) });
  return [...(mapLine ? [mapLine] : []), ...keys, ...segments.flatMap(segmentLines)];
}

/** The offset is always there: without it, a range follows the one before. */
function segmentLines({ uri, range, durationMicroseconds, cues = [], tags = [] }: PlaylistSegment): string[] {
  return [
    ...cues,
    `#EXTINF:${(durationMicroseconds / 1e6).toFixed(6)},`,
    ...(range ? [`#EXT-X-BYTERANGE:${byteRangeText(range)}`] : []),
    ...tags,
    uri,
  ];
}

function byteRangeText({ startBytes, endBytes }: ByteRange): string {
  return `${endBytes - startBytes}@${startBytes}`;
}

/**
 * EXT-X-TARGETDURATION: no EXTINF, rounded to whole seconds, is longer (draft-pantos-hls-rfc8216bis 4.4.3.1).
 * @example
 * targetSecondsOf([v360, aEn]); // 2
 */
export function targetSecondsOf(tracks: readonly Timed[]): number {
  return Math.max(1, ...tracks.map((track) => Math.round(longestSegmentSeconds(track))));
}

/**
 * The header that all segments need.
 * @example
 * mapOf(fileAddressing); // { uri: 'v.mp4', range: { startBytes: 0, endBytes: 1648 } }
 */
export function mapOf(addressing: Addressing): Resource {
  return addressing.kind === 'file'
    ? { uri: addressing.uri, range: addressing.initRange }
    : { uri: addressing.initUri };
}

/**
 * Segments as a playlist lists them.
 * @throws PrpackError INVALID_ARGUMENT when the URI template names no segment
 * @example
 * segmentsOf(addressing)[0]; // { uri: 'v/1.m4s', durationMicroseconds: 2000000, sizeBytes: 43730 }
 */
export function segmentsOf(addressing: Addressing | SegmentList): PlaylistSegment[] {
  const microseconds = segmentMicroseconds(addressing);
  const resourceOf =
    addressing.kind === 'file'
      ? (index: number) => {
          const { offsetBytes, sizeBytes } = addressing.segments[index];
          return { uri: addressing.uri, range: rangeOf(offsetBytes, sizeBytes) };
        }
      : (index: number) => ({ uri: segmentUri(addressing, index) });
  return addressing.segments.map(({ sizeBytes }, index) => ({
    ...resourceOf(index),
    durationMicroseconds: microseconds[index],
    sizeBytes,
  }));
}

/**
 * I-frames as an I-frame playlist lists them: each until the next, the last until the end of the track
 * (draft-pantos-hls-rfc8216bis 4.4.3.6).
 * @example
 * iFramesOf(addressing)[0]; // { uri: 'v.mp4', range: …, durationMicroseconds: 2000000, sizeBytes: 5079 }
 */
export function iFramesOf(addressing: Addressing): PlaylistSegment[] {
  const { iFrames = [] } = addressing;
  const microseconds = segmentMicroseconds(iFrameTimes(addressing));
  return iFrames.map(({ segmentIndex, offsetBytes, sizeBytes }, index) => ({
    uri: addressing.kind === 'file' ? addressing.uri : segmentUri(addressing, segmentIndex),
    range: rangeOf(offsetBytes, sizeBytes),
    durationMicroseconds: microseconds[index],
    sizeBytes,
  }));
}

/**
 * I-frames as if they were segments.
 * @example
 * peakBitsPerSecond(iFrameTimes(addressing), 2);
 */
export function iFrameTimes({ timescaleHz, segments, iFrames = [] }: Addressing): Timed {
  const last: Segment = segments.at(-1)!;
  const endTicks = last.startTicks + last.durationTicks;
  return {
    timescaleHz,
    segments: iFrames.map(({ startTicks, sizeBytes }, index) => ({
      startTicks,
      durationTicks: (iFrames[index + 1]?.startTicks ?? endTicks) - startTicks,
      sizeBytes,
    })),
  };
}

function rangeOf(startBytes: number, sizeBytes: number): ByteRange {
  return { startBytes, endBytes: startBytes + sizeBytes };
}
