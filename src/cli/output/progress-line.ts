import { stripVTControlCharacters } from 'node:util';
import { formatEta, printable } from './units.js';

/** What a line of progress says, on every bar of the program. */
export interface LineContent {
  /** `Writing`, or a file's name. */
  readonly label: string;
  /** How much is done, of what there is to do, both in one unit. */
  readonly done: number;
  readonly total: number;
  /** `1.2 GB / 2.4 GB`, `3/10 files`. */
  readonly amount: string;
  /** `2 failed`; empty where nothing is. */
  readonly problem: string;
  /** `812.0 MB/s` for what was done in a second; absent where the line is about a part. */
  readonly rate?: (perSecond: number) => string;
  readonly elapsedMs: number;
}

const LABEL_COLUMNS = 8;
const MAX_BAR_COLUMNS = 30;
const MIN_BAR_COLUMNS = 6;
/** Of a stream that does not say how wide it is. */
const USUAL_COLUMNS = 80;

/** What may be missing on a narrow terminal, the dearest last. */
const DROPPED: readonly (readonly (keyof Parts)[])[] = [
  [],
  ['rate'],
  ['rate', 'amount'],
  ['rate', 'amount', 'bar'],
  ['rate', 'amount', 'bar', 'eta'],
];

interface Parts {
  readonly label: string;
  readonly bar: string;
  readonly percent: string;
  readonly amount: string;
  readonly problem: string;
  readonly rate: string;
  readonly eta: string;
}

/**
 * `Writing  ████░░░░  50%  1.2 GB / 2.4 GB  812.0 MB/s  ETA 0:02`, as much of it as fits into the columns of the terminal: the last
 * column stays empty, or some terminals go on to the next line.
 */
export function formatProgressLine(content: LineContent, columns: number): string {
  const width = (columns > 0 ? columns : USUAL_COLUMNS) - 1;
  for (const dropped of DROPPED) {
    const line = withBar(partsOf(content), dropped, content, width);
    if (line !== undefined) return line;
  }
  const { percent, problem } = partsOf(content);
  return cut(joined([percent, problem]), width);
}

/** The line without what is dropped, its bar as wide as the rest allows; undefined when it does not fit. */
function withBar(
  parts: Parts,
  dropped: readonly (keyof Parts)[],
  content: LineContent,
  width: number,
): string | undefined {
  const kept = Object.entries(parts).filter(([name]) => !dropped.includes(name as keyof Parts));
  const rest = columnsOf(joined(kept.map(([, text]) => text)));
  if (dropped.includes('bar')) return rest <= width ? joined(kept.map(([, text]) => text)) : undefined;
  const barColumns = Math.min(MAX_BAR_COLUMNS, width - rest - 2);
  if (barColumns < MIN_BAR_COLUMNS) return undefined;
  return joined(kept.map(([name, text]) => (name === 'bar' ? bar(fractionOf(content), barColumns) : text)));
}

function partsOf(content: LineContent): Parts {
  const { label, done, total, amount, problem, rate, elapsedMs } = content;
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  return {
    label: printable(label).padEnd(LABEL_COLUMNS),
    bar: '',
    percent: `${Math.floor(fractionOf(content) * 100)}%`.padStart(4),
    amount,
    problem,
    rate: rate ? rate(perSecond) : '',
    eta: rate ? `ETA ${formatEta(perSecond > 0 ? (total - done) / perSecond : Number.NaN)}` : '',
  };
}

function fractionOf({ done, total }: LineContent): number {
  return total > 0 ? Math.min(1, done / total) : 0;
}

function bar(fraction: number, columns: number): string {
  const done = Math.round(fraction * columns);
  return '█'.repeat(done) + '░'.repeat(columns - done);
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uff60]/u;
const NARROWEST = /\p{Mark}/u;

/** Columns that a terminal needs for a text: East Asian characters and emoji take two, combining marks none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += WIDE.test(character) ? 2 : NARROWEST.test(character) ? 0 : 1;
  return columns;
}

/** The beginning of a text that fits, with an ellipsis where something is missing. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (columnsOf(kept + character) > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** A text in lines that fit, broken at blanks where there are some. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/\S+\s*|\s+/g) ?? []) {
    if (line !== '' && columnsOf(stripVTControlCharacters(line + piece.trimEnd())) > columns) {
      lines.push(line.trimEnd());
      line = '';
    }
    for (const character of piece) {
      if (columnsOf(stripVTControlCharacters(line + character)) > columns && character.trim() !== '') {
        lines.push(line);
        line = '';
      }
      line += character;
    }
  }
  return [...lines, line.trimEnd()];
}
