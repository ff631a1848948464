import type { DecryptResult, EncryptResult, Layout, PsshReport, TrackReport } from '../../index.js';
import type { Style } from './style.js';
import { type Column, formatTable } from './table.js';
import { count, formatBytes, formatDuration, formatElapsed, printable } from './units.js';

/** What the report of `encrypt` says besides the result. */
interface EncryptReportFlags {
  /** The file that the keys were written to. */
  readonly keysOut?: string;
  /** The content id that was given; the report says where another one comes from. */
  readonly contentId?: string;
}

/** What `encrypt` has done, or with --dry-run would do. */
export function formatEncryptResult(
  result: EncryptResult,
  style: Style,
  flags: EncryptReportFlags = {},
): string {
  const { dryRun, unchanged, scheme, pssh, warnings } = result;
  const verb = dryRun ? 'Would encrypt' : unchanged ? 'Unchanged:' : 'Encrypted';
  return joinLines([
    ...heading(verb, result, [scheme, layoutText(result), ...timing(result, dryRun)], style),
    '',
    ...trackTable(result.tracks, style),
    '',
    ...psshTable(pssh, style),
    '',
    encryptedText(result.tracks, dryRun),
    ...(dryRun ? ['Nothing was written.'] : doneLines(result, flags)),
    ...warningLines(warnings, style),
  ]);
}

/** Where the keys are, and whether anything was done at all. */
function doneLines(
  { unchanged, keyStore, contentId, sha256 }: EncryptResult,
  flags: EncryptReportFlags,
): readonly string[] {
  const origin = flags.contentId === undefined ? ' (after the name of the input)' : '';
  return [
    ...(unchanged
      ? ['The output was there already, made of this input with these keys and options: nothing was changed.']
      : []),
    keyStore === undefined
      ? 'The keys were not registered (--no-register).'
      : `The keys are registered for the content "${printable(contentId)}"${origin} in ${printable(keyStore)}.`,
    ...(unchanged ? [] : keysOutLine(flags.keysOut)),
    ...(sha256 === undefined ? [] : [`SHA-256: ${sha256}`]),
  ];
}

/** What `decrypt` has done. */
export function formatDecryptResult(result: DecryptResult, style: Style): string {
  return joinLines([
    ...heading('Decrypted', result, [layoutName(result.layout), ...timing(result, false)], style),
    '',
    ...trackTable(result.tracks, style),
    ...stillEncrypted(result.tracks),
    ...warningLines(result.warnings, style),
  ]);
}

/** Lines of warnings, after an empty one. */
export function warningLines(warnings: readonly string[], style: Style): string[] {
  if (warnings.length === 0) return [];
  return ['', ...warnings.map((warning) => `${style.yellow(style.bold('warning:'))} ${printable(warning)}`)];
}

/** Lines as one text with a line break at its end. */
export function joinLines(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function heading(
  verb: string,
  { input, output, bytes, durationSeconds }: EncryptResult | DecryptResult,
  facts: readonly string[],
  style: Style,
): string[] {
  const all = [formatBytes(bytes), formatDuration(durationSeconds), ...facts];
  return [
    `${style.green(style.bold(verb))} ${printable(input)} → ${style.bold(printable(output))}`,
    `  ${all.join(' · ')}`,
  ];
}

function keysOutLine(keysOut: string | undefined): string[] {
  return keysOut === undefined ? [] : [`The keys are in ${printable(keysOut)}, readable by you alone.`];
}

function layoutText({ layout, fragments }: EncryptResult): string {
  return fragments > 0 ? `${layoutName(layout)} (${count(fragments, 'fragment')})` : layoutName(layout);
}

function layoutName(layout: Layout): string {
  return layout === 'keep' ? 'layout kept' : layout;
}

/** How long it took. The rate of a moment's work says nothing and is left out. */
function timing({ timings, bytes }: EncryptResult | DecryptResult, dryRun: boolean): string[] {
  if (dryRun) return [];
  const elapsed = formatElapsed(timings.totalMs);
  if (timings.totalMs < 1000) return [elapsed];
  return [`${elapsed} (${formatBytes(Math.round((bytes * 1000) / timings.totalMs))}/s)`];
}

const TRACK_COLUMNS: readonly Column[] = [
  { heading: 'TRACK', align: 'right' },
  { heading: 'TYPE' },
  { heading: 'CODEC' },
  { heading: 'STATE' },
  { heading: 'KID' },
  { heading: 'IV', align: 'right' },
  { heading: 'SAMPLES', align: 'right' },
  { heading: 'PROTECTED', align: 'right' },
];

/** A row a track. */
export function trackTable(tracks: readonly TrackReport[], style: Style): string[] {
  return formatTable(TRACK_COLUMNS, tracks.map(trackCells), style);
}

function trackCells(track: TrackReport): string[] {
  const { id, type, codec, encrypted, kid, ivSize, samples, protectedBytes } = track;
  return [
    `${id}`,
    printable(type),
    printable(codec),
    encrypted ? 'encrypted' : 'clear',
    kid ?? '',
    ivSize === undefined ? '' : `${ivSize}`,
    `${samples}`,
    protectedBytes === undefined ? '' : formatBytes(protectedBytes),
  ];
}

const PSSH_COLUMNS: readonly Column[] = [
  { heading: 'SYSTEM' },
  { heading: 'SYSTEM ID' },
  { heading: 'KIDS', align: 'right' },
];

function psshTable(pssh: readonly PsshReport[], style: Style): string[] {
  if (pssh.length === 0) return ['  no pssh box'];
  const rows = pssh.map(({ name, systemId, keyIds }) => [name, systemId, `${keyIds.length}`]);
  return formatTable(PSSH_COLUMNS, rows, style);
}

/** `2 of 3 tracks are encrypted. Clear: 3 (text).` */
function encryptedText(tracks: readonly TrackReport[], dryRun: boolean): string {
  const clear = tracks.filter(({ encrypted }) => !encrypted);
  const verb = dryRun ? 'would be' : tracks.length - clear.length === 1 ? 'is' : 'are';
  const sum = `${tracks.length - clear.length} of ${count(tracks.length, 'track')} ${verb} encrypted.`;
  return clear.length === 0 ? sum : `${sum} Left clear: ${trackNames(clear)}.`;
}

function stillEncrypted(tracks: readonly TrackReport[]): string[] {
  const encrypted = tracks.filter((track) => track.encrypted);
  return encrypted.length === 0 ? [] : ['', `Still encrypted: ${trackNames(encrypted)}.`];
}

function trackNames(tracks: readonly TrackReport[]): string {
  return tracks.map(({ id, type }) => `track ${id} (${printable(type)})`).join(', ');
}
