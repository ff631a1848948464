import { join } from 'node:path';
import type { PackagedTrack, PackageResult } from '../../index.js';
import { isUrl } from '../../settings/paths.js';
import type { Style } from './style.js';
import { type Column, formatTable } from './table.js';
import { joinLines, warningLines } from './text.js';
import { count, formatBytes, formatDuration, formatElapsed, printable } from './units.js';

/** What `package` has done, or with --dry-run would do: then with the manifests, byte for byte. */
export function formatPackageResult(result: PackageResult, style: Style): string {
  const { dryRun, unchanged, outDir, bytes, durationSeconds, schemes, tracks, manifests, timings } = result;
  const verb = dryRun ? 'Would package' : unchanged ? 'Unchanged:' : 'Packaged';
  const facts = [
    formatBytes(bytes),
    formatDuration(durationSeconds),
    schemes.join(' and '),
    count(tracks.length, 'track'),
    ...(dryRun ? [] : [formatElapsed(timings.totalMs)]),
  ];
  return joinLines([
    `${style.green(style.bold(verb))} ${style.bold(printable(outDir))}`,
    `  ${facts.join(' · ')}`,
    '',
    ...trackTable(tracks, style),
    '',
    ...(dryRun ? ['Nothing was written.'] : doneLines(result)),
    ...manifestTexts(manifests, style),
    ...warningLines(result.warnings, style),
  ]);
}

/** Of a dry run: the manifests, byte for byte. */
export function manifestTexts(manifests: PackageResult['manifests'], style: Style): string[] {
  return manifests.flatMap(({ file, text }) =>
    text === undefined ? [] : ['', style.bold(file), text.trimEnd()],
  );
}

function doneLines(result: PackageResult): string[] {
  const { unchanged, keyStore, contentId, outDir, manifests, schemes } = result;
  const at = (file: string) =>
    printable(isUrl(outDir) ? `${outDir.replace(/\/?$/, '/')}${file}` : join(outDir, file));
  const ofCbcs = schemes.length > 1 ? `, on Apple devices ${at('main-cbcs.m3u8')}` : '';
  return [
    ...(unchanged
      ? ['The presentation was there already, made of these inputs with these options: nothing was changed.']
      : [`Play ${at('manifest.mpd')} (DASH) or ${at('main.m3u8')} (HLS)${ofCbcs}.`]),
    ...manifests.flatMap(({ file }) => SMOOTH_LINES[file]?.(at(file)) ?? []),
    keyStore === undefined
      ? 'The keys were not registered (--no-register).'
      : `The keys are registered for the content "${printable(contentId)}" in ${printable(keyStore)}.`,
  ];
}

/** What to do with the entries of Smooth Streaming, by their names. */
const SMOOTH_LINES: Readonly<Record<string, (path: string) => string>> = {
  'manifest.ism': (path) =>
    `Give ${path} to an origin, which serves it as ${path}/Manifest (Smooth Streaming).`,
  Manifest: (path) => `Clients of Smooth Streaming play ${path}.`,
};

const COLUMNS: readonly Column[] = [
  { heading: 'REPRESENTATION' },
  { heading: 'CODEC' },
  { heading: 'FORMAT' },
  { heading: 'LANGUAGE' },
  { heading: 'ROLE' },
  { heading: 'INPUT' },
  { heading: 'MEDIA' },
  { heading: 'KID' },
];

/** Representations, a line each. */
export function trackTable(tracks: readonly PackagedTrack[], style: Style): string[] {
  const rows = tracks.map((track) => [
    track.id,
    track.codec ?? '',
    formatOf(track),
    printable(track.language ?? ''),
    track.trickPlayOf === undefined ? printable(track.role ?? '') : 'trick play',
    printable(track.input),
    track.reused ? 'reused' : '',
    track.kid ?? 'clear',
  ]);
  return formatTable(COLUMNS, rows, style);
}

function formatOf({ width, height, channels, sampleRateHz }: PackagedTrack): string {
  if (width !== undefined) return `${width}x${height}`;
  return channels === undefined ? '' : `${channels} ch, ${sampleRateHz ?? 0} Hz`;
}
