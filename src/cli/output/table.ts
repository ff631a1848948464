import type { Style } from './style.js';

/** A column: its heading, and whether its numbers stand flush right. */
export interface Column {
  readonly heading: string;
  readonly align?: 'right';
}

/**
 * Rows under headings, indented by two spaces. A column that is empty in every row is left out. Cells are plain text:
 * widths are counted in characters.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string[] {
  const shown = columns.map((_, at) => at).filter((at) => rows.some((row) => row[at] !== ''));
  const widths = columns.map(({ heading }, at) =>
    Math.max(heading.length, ...rows.map((row) => row[at]!.length)),
  );
  const line = (cells: readonly string[]) => {
    const padded = shown.map((at) => pad(cells[at]!, widths[at]!, columns[at]!.align));
    return `  ${padded.join('  ').trimEnd()}`;
  };
  return [style.dim(line(columns.map(({ heading }) => heading))), ...rows.map(line)];
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}

/** Lines `name  value`, with the values one under another; pairs without a value are left out. */
export function formatPairs(
  pairs: readonly (readonly [name: string, value: string | undefined])[],
  indent: string,
  style: Style,
): string[] {
  const given = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${indent}${style.dim(name.padEnd(width))}  ${value}`);
}
