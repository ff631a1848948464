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
    track.encrypted ? printable(track.scheme ?? 'encrypted') : 'clear',
    track.kid ?? '',
    track.ivSize === undefined ? '' : track.ivSize === 0 ? 'constant' : `${track.ivSize}`,
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
