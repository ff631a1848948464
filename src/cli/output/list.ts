import type { OutputFlags } from '../options/output.js';
import { writeResult } from './streams.js';
import { type Style, styleOf } from './style.js';
import { joinLines } from './text.js';

/**
 * Writes a list of any length to stdout, as it comes: a JSON array, or a table a page, with headings on each. When there
 * is nothing, `none` says so in place of a table.
 */
export async function writeList<T>(
  pages: AsyncIterable<readonly T[]>,
  { json }: OutputFlags,
  formatTable: (items: readonly T[], style: Style) => string[],
  none: string,
): Promise<void> {
  const style = styleOf(process.stdout);
  let count = 0;
  let opening = '[';
  for await (const items of pages) {
    if (json) await writeResult(opening + jsonItems(items, count > 0));
    else if (items.length > 0) await writeResult(joinLines(formatTable(items, style)));
    opening = '';
    count += items.length;
  }
  if (json) await writeResult(']\n');
  else if (count === 0) await writeResult(joinLines([none]));
}

function jsonItems(items: readonly unknown[], isContinued: boolean): string {
  const texts = items.map((item) => JSON.stringify(item));
  return texts.length > 0 && isContinued ? `,${texts.join(',')}` : texts.join(',');
}
