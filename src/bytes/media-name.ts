import { extname } from 'node:path';
import { PrpackError } from '../errors.js';

/** What files of these names hold: text about media, not media. `.ismv` and `.isma` are MP4 files and not among them. */
const MANIFESTS: Readonly<Record<string, string>> = {
  '.mpd': 'a DASH manifest',
  '.m3u8': 'an HLS playlist',
  '.m3u': 'a playlist',
  '.ism': 'a Smooth Streaming server manifest',
  '.ismc': 'a Smooth Streaming client manifest',
};

/**
 * Refuses the name of a manifest for an output that is an MP4 file: a player would take it for what its name says.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertMediaName(path: string): void {
  const manifest = MANIFESTS[extname(path).toLowerCase()];
  if (manifest === undefined) return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `the output would be an MP4 file, but ${path} names ${manifest}`,
    {
      path,
      expected: 'the name of an MP4 file',
      received: extname(path),
      remedy: 'Give the output a name such as film.enc.mp4. prpack package writes manifests.',
    },
  );
}
