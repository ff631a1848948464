import type { BoxReport, InspectedTrack, InspectResult } from '../../index.js';
import { formatPssh, type PrettyXml } from './pssh-text.js';
import type { Style } from './style.js';
import { type Column, formatPairs, formatTable } from './table.js';
import { joinLines, warningLines } from './text.js';
import { count, formatBytes, formatDuration, printable } from './units.js';

/** All that `inspect` finds. */
export function formatInspectResult(result: InspectResult, pretty: PrettyXml, style: Style): string {
  return joinLines([
    ...fileLines(result, style),
    '',
    style.bold(count(result.tracks.length, 'track')),
    ...formatTable(TRACK_COLUMNS, result.tracks.map(trackCells), style),
    ...keyLines(result.tracks, style),
    '',
    ...psshLines(result, pretty, style),
    ...(result.boxes ? ['', style.bold('Boxes'), ...boxTable(result.boxes, style)] : []),
    ...warningLines(result.warnings, style),
  ]);
}

function fileLines(result: InspectResult, style: Style): string[] {
  const { path, bytes, brands, durationSeconds, layout, fragments } = result;
  const pairs = formatPairs(
    [
      ['size', `${formatBytes(bytes)} (${bytes} bytes)`],
      ['duration', formatDuration(durationSeconds)],
      ['layout', fragments > 0 ? `${layout}, ${count(fragments, 'fragment')}` : layout],
      ['brands', brands.length > 0 ? printable(brands.join(' ')) : 'none'],
    ],
    '  ',
    style,
  );
  return [style.bold(printable(path)), ...pairs];
}

const TRACK_COLUMNS: readonly Column[] = [
  { heading: 'ID', align: 'right' },
  { heading: 'TYPE' },
  { heading: 'CODEC' },
  { heading: 'FORMAT' },
  { heading: 'LANG' },
  { heading: 'DURATION', align: 'right' },
  { heading: 'SAMPLES', align: 'right' },
  { heading: 'SCHEME' },
  { heading: 'KID' },
  { heading: 'IV', align: 'right' },
  { heading: 'PROTECTED', align: 'right' },
];

function trackCells(track: InspectedTrack): string[] {
  return [
    `${track.id}`,
    printable(track.type),
    printable(track.codec),
    trackFormat(track),
    printable(track.language ?? ''),
    formatDuration(track.durationSeconds),
    `${track.samples}`,
    trackScheme(track),
    trackKid(track),
    trackIv(track),
    track.protectedBytes === undefined ? '' : formatBytes(track.protectedBytes),
  ];
}

/** `1920x1080`, or `2 ch 48000 Hz`. */
function trackFormat({ width, height, channels, sampleRateHz }: InspectedTrack): string {
  if (width !== undefined && height !== undefined) return `${width}x${height}`;
  const parts = [
    ...(channels === undefined ? [] : [`${channels} ch`]),
    ...(sampleRateHz === undefined ? [] : [`${sampleRateHz} Hz`]),
  ];
  return parts.join(' ');
}

/** `cbcs 1:9`: the scheme, and the pattern where there is one. */
function trackScheme({ encrypted, scheme = 'not named', pattern }: InspectedTrack): string {
  if (!encrypted) return 'clear';
  const blocks = pattern ? ` ${pattern.cryptByteBlock}:${pattern.skipByteBlock}` : '';
  return printable(scheme) + blocks;
}

/** The key of the samples; of several, how many. Without samples that have one, what the track has by default. */
function trackKid({ kid = '', keys = [] }: InspectedTrack): string {
  return keys.length > 1 ? count(keys.length, 'key') : (keys[0]?.kid ?? kid);
}

/** Bytes of the IV of each sample, or `constant 16`. */
function trackIv({ ivSize, constantIvSize }: InspectedTrack): string {
  if (ivSize === undefined) return '';
  return ivSize > 0 ? `${ivSize}` : `constant ${constantIvSize ?? ''}`.trim();
}

const KEY_COLUMNS: readonly Column[] = [
  { heading: 'TRACK', align: 'right' },
  { heading: 'KID' },
  { heading: 'SAMPLES', align: 'right' },
  { heading: 'FROM', align: 'right' },
];

/** Keys and clear samples of the tracks that have more to show than one key for all. */
function keyLines(tracks: readonly InspectedTrack[], style: Style): string[] {
  const rows = tracks.flatMap(({ id, keys = [], clearSamples = 0 }) => {
    if (keys.length < 2 && clearSamples === 0) return [];
    const used = keys.map(({ kid, samples, firstSeconds }) => [
      `${id}`,
      kid,
      `${samples}`,
      formatDuration(firstSeconds),
    ]);
    return clearSamples > 0 ? [...used, [`${id}`, 'clear', `${clearSamples}`, '']] : used;
  });
  return rows.length > 0 ? ['', style.bold('Keys'), ...formatTable(KEY_COLUMNS, rows, style)] : [];
}

function psshLines({ pssh }: InspectResult, pretty: PrettyXml, style: Style): string[] {
  if (pssh.length === 0) return [style.bold('No pssh box')];
  const blocks = pssh.map((box) => formatPssh(box, `, ${box.location}`, pretty, style));
  return blocks.flatMap((block, at) => (at === 0 ? block : ['', ...block]));
}

const BOX_COLUMNS: readonly Column[] = [
  { heading: 'OFFSET', align: 'right' },
  { heading: 'SIZE', align: 'right' },
  { heading: 'BOX' },
];

function boxTable(boxes: readonly BoxReport[], style: Style): string[] {
  return formatTable(BOX_COLUMNS, boxRows(boxes, 0), style);
}

function boxRows(boxes: readonly BoxReport[], depth: number): string[][] {
  return boxes.flatMap(({ type, offsetBytes, sizeBytes, children }) => [
    [`${offsetBytes}`, `${sizeBytes}`, '  '.repeat(depth) + printable(type)],
    ...boxRows(children ?? [], depth + 1),
  ]);
}
