import { checkOptions } from '../../settings/check.js';
import type { PackageOptions, PackageResult } from './types.js';

/**
 * Packages a title: every rendition, language and subtitle becomes a CMAF track file, encrypted under registered keys,
 * with manifests for DASH and HLS. The folder appears whole and checked, or not at all.
 * @example
 * await packageTitle({ inputs: ['film-1080.mp4', 'film-720.mp4', 'film.de.m4a'], outDir: 'out/film', keyStore });
 * @throws PrpackError as `encrypt`, and UNSUPPORTED_FEATURE when renditions have no sync samples at common times
 */
export async function packageTitle(options: PackageOptions): Promise<PackageResult> {
  checkOptions('packageTitle', options);
  const { packageChecked } = await import('./package.js'); // manifests are much code, which single files do not need
  return packageChecked(options);
}
