import { relative } from 'node:path';
import type { BatchResult, ResultLine } from '../../index.js';
import { isUrl } from '../../settings/paths.js';
import type { Style } from './style.js';
import { joinLines, warningLines } from './text.js';
import { count, formatBytes, formatElapsed, printable } from './units.js';

/** How a batch ended. */
export function formatBatchResult(result: BatchResult, style: Style): string {
  const { dryRun, total, done, unchanged, skipped, failed, notStarted, bytes, elapsedMs, failures } = result;
  const title =
    failed + notStarted === 0 ? style.green(style.bold('Done')) : style.red(style.bold('Not done'));
  const parts = [
    `${done} ${dryRun ? 'would be encrypted' : 'encrypted'}${unchanged > 0 ? ` (${unchanged} of them earlier)` : ''}`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(notStarted > 0 ? [`${notStarted} not begun`] : []),
  ];
  const kinds = Object.entries(failures).map(([code, number]) => `  ${code}: ${number}`);
  return joinLines([
    `${title}: ${count(total, 'file')}, ${parts.join(', ')}`,
    `  ${formatBytes(bytes)} · ${formatElapsed(elapsedMs)}${rate(result)}`,
    ...kinds,
    ...(dryRun ? ['Nothing was written (--dry-run).'] : [`The results are in ${printable(result.results)}.`]),
    ...(failed > 0
      ? ['What failed fails again until its cause is removed: the line of each says what to do next.']
      : []),
    ...(notStarted > 0 ? ['Run it again with --resume to do what was not begun.'] : []),
    ...warningLines(result.warnings, style),
  ]);
}

function rate({ done, elapsedMs }: BatchResult): string {
  return elapsedMs < 1000 ? '' : ` · ${((done * 1000) / elapsedMs).toFixed(1)} files/s`;
}

/** `[7/200] done film 7.mp4 → encrypted/film 7.enc.mp4`; `[7] …` where nobody knows how many there are. */
export function formatBatchLine(
  line: ResultLine,
  ended: number,
  total: number | undefined,
  style: Style,
): string {
  const { status, input, output, error } = line;
  const place = style.dim(total === undefined ? `[${ended}]` : `[${ended}/${total}]`);
  if (!error) return `${place} ${status} ${shown(input)} → ${shown(output)}`;
  const message = printable(error.message);
  const next = error.remedy === undefined ? '' : `\n  ${style.dim('next')}  ${printable(error.remedy)}`;
  return `${place} ${style.red('failed')} ${shown(input)}: ${message} ${style.dim(`[${error.code}]`)}${next}`;
}

/** A path as short as it can be said from here. */
function shown(path: string): string {
  if (isUrl(path)) return path;
  const short = relative(process.cwd(), path);
  return printable(short.startsWith('..') ? path : short);
}
