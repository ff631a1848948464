import { checkHls } from './check/check-hls.js';
import { checkMpd } from './check/check-mpd.js';
import type { HlsPlaylists } from './hls/playlists.js';
import type { Presentation } from './presentation.js';

/** The texts that are to be published, and their names. Playlists of HLS know the names of each other. */
export interface WrittenManifests {
  readonly mpd?: { readonly path: string; readonly text: string };
  readonly hls?: { readonly path: string; readonly playlists: HlsPlaylists };
}

/**
 * Reads manifests back and asserts that players will find in the files what they are told: every range lies in its file, durations and
 * boundaries are those of the media, rates are enough, and every key is named where it is needed. The readers know the
 * standards and not the writers; how rates are counted, both have from one place.
 * @param fileSizes sizes in bytes of all media files, by their URIs
 * @throws PrpackError OUTPUT_CHECK_FAILED at the first thing that is not so
 * @example
 * checkManifests(presentation, { mpd: { path: 'manifest.mpd', text: writeMpd(presentation) } }, new Map([['v.mp4', 175485]]));
 */
export function checkManifests(
  presentation: Presentation,
  { mpd, hls }: WrittenManifests,
  fileSizes: ReadonlyMap<string, number>,
): void {
  if (mpd) checkMpd(mpd.text, { path: mpd.path, presentation, fileSizes });
  if (hls) checkHls(hls.playlists, { path: hls.path, presentation, fileSizes });
}
