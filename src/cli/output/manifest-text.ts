import { join } from 'node:path';
import type { ManifestResult } from '../../index.js';
import { manifestTexts, trackTable } from './package-text.js';
import type { Style } from './style.js';
import { joinLines, warningLines } from './text.js';
import { count, formatDuration, formatElapsed, printable } from './units.js';

/** What `manifest` has done, or with --dry-run would do: then with the manifests, byte for byte. */
export function formatManifestResult(result: ManifestResult, style: Style): string {
  const { dryRun, unchanged, outDir, durationSeconds, tracks, manifests, timings } = result;
  const verb = dryRun ? 'Would write manifests of' : unchanged ? 'Unchanged:' : 'Wrote manifests of';
  const facts = [
    formatDuration(durationSeconds),
    count(tracks.length, 'track'),
    count(manifests.length, 'manifest'),
    ...(dryRun ? [] : [formatElapsed(timings.totalMs)]),
  ];
  return joinLines([
    `${style.green(style.bold(verb))} ${style.bold(printable(outDir))}`,
    `  ${facts.join(' · ')}`,
    '',
    ...trackTable(tracks, style),
    '',
    doneLine(result),
    ...manifestTexts(manifests, style),
    ...warningLines(result.warnings, style),
  ]);
}

function doneLine({ dryRun, unchanged, manifests, outDir }: ManifestResult): string {
  if (dryRun) return 'Nothing was written.';
  if (unchanged) return 'These manifests were there already: nothing was changed.';
  const at = (file: string) => printable(join(outDir, file));
  const hasPlaylists = manifests.some(({ file }) => file === 'main.m3u8');
  return `Play ${at('manifest.mpd')} (DASH)${hasPlaylists ? ` or ${at('main.m3u8')} (HLS)` : ''}. No media was changed.`;
}
