import { segmentMicroseconds, segmentUri } from '../addressing.js';
import { averageBitsPerSecond, peakBitsPerSecond } from '../bandwidth.js';
import type { ThumbnailRepresentation } from '../presentation.js';
import { bare, tag } from './attributes.js';
import { mediaPlaylist, targetSecondsOf } from './media-playlist.js';

/**
 * EXT-X-IMAGE-STREAM-INF line of sheets of tiles (HLS Image Media Playlist 0.4). Players that do not know it pass over it.
 * @param uri of the image playlist
 * @example
 * imageStreamInf(sheets, 'tiles.m3u8'); // '#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=…,RESOLUTION=160x90,CODECS="jpeg",URI="tiles.m3u8"'
 */
export function imageStreamInf(sheets: ThumbnailRepresentation, uri: string): string {
  const { addressing, mimeType } = sheets;
  return tag('EXT-X-IMAGE-STREAM-INF', {
    BANDWIDTH: peakBitsPerSecond(addressing, targetSecondsOf([addressing])),
    'AVERAGE-BANDWIDTH': averageBitsPerSecond(addressing),
    RESOLUTION: bare(tileSize(sheets)),
    CODECS: mimeType.replace('image/', ''),
    URI: uri,
  });
}

/**
 * Image playlist of sheets of tiles (HLS Image Media Playlist 0.4): one sheet a segment, each with the size, number and duration of its
 * tiles. Its target duration is its own, as a sheet shows for minutes.
 * @example
 * imagePlaylist(sheets); // '#EXTM3U\n#EXT-X-VERSION:3\n…#EXT-X-IMAGES-ONLY\n…'
 */
export function imagePlaylist(sheets: ThumbnailRepresentation): string {
  const { addressing, columns, rows, sheetTicks } = sheets;
  const microseconds = segmentMicroseconds(addressing);
  const tileSeconds = sheetTicks / addressing.timescaleHz / (columns * rows);
  const tiles = tag('EXT-X-TILES', {
    RESOLUTION: bare(tileSize(sheets)),
    LAYOUT: bare(`${columns}x${rows}`),
    DURATION: bare(tileSeconds.toFixed(6)),
  });
  const segments = addressing.segments.map(({ sizeBytes }, index) => ({
    uri: segmentUri(addressing, index),
    tags: [tiles],
    durationMicroseconds: microseconds[index],
    sizeBytes,
  }));
  return mediaPlaylist([{ keys: [], segments }], {
    targetSeconds: targetSecondsOf([addressing]),
    only: 'IMAGES',
  });
}

function tileSize({ widthPixels, heightPixels, columns, rows }: ThumbnailRepresentation): string {
  return `${Math.floor(widthPixels / columns)}x${Math.floor(heightPixels / rows)}`;
}
