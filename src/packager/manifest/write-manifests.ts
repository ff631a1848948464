import { checkOptions } from '../../settings/check.js';
import type { ManifestOptions, ManifestResult } from './types.js';

/**
 * Writes an MPD and playlists of HLS for media that is packaged already, encrypted or clear, by any packager. No media is written or
 * changed: what manifests say of tracks, segments and keys is read from the files.
 * @example
 * await writeManifests({ inputs: ['out/film/v1080.mp4', 'out/film/v720.mp4', 'out/film/de.mp4'], outDir: 'out/film' });
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   UNSUPPORTED_FEATURE and UNSUPPORTED_SCHEME for files that players of manifests do not play, OUTPUT_EXISTS, OUTPUT_FAILED,
 *   OUTPUT_CHECK_FAILED, ABORTED
 */
export async function writeManifests(options: ManifestOptions): Promise<ManifestResult> {
  checkOptions('writeManifests', options);
  const { manifestsChecked } = await import('./manifests.js'); // manifests are much code, which single files do not need
  return manifestsChecked(options);
}
