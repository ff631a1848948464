import { dirname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { PrpackError } from '../../errors.js';
import { presentableName } from '../../settings/secrets.js';
import { type Entry, FIELD_NAMES, fieldsOfRow, meantField, readEntry, SUBJECTS } from './fields.js';

/** The jobs of a manifest of JSON objects, one a line. Empty lines are passed over. */
export function readJsonLines(text: string, path: string): Entry[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, i) =>
      line.trim() === '' ? [] : [entryOf(parseLine(line, path, i + 1), path, `line ${i + 1}`)],
    );
}

/** The jobs of a manifest that is one JSON array of objects. */
export function readJsonArray(text: string, path: string): Entry[] {
  const entries = parseArray(text.replace(/^\uFEFF/, ''));
  if (entries) return entries.map((value, i) => entryOf(value, path, `entry ${i + 1}`));
  const remedy = 'Write [{"input": "film 7.mp4"}], or one object on each line of a .jsonl file.';
  throw new PrpackError('INVALID_ARGUMENT', `${path}: it is not a JSON array of jobs`, { path, remedy });
}

function parseArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // the parser's message repeats the text, which may hold anything
  }
}

function parseLine(line: string, path: string, lineNumber: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The parser's message repeats the line, and a line may hold anything.
    throw manifestError(path, `line ${lineNumber}`, 'it is not JSON', 'Write one JSON object on each line.');
  }
}

/** The jobs of a manifest in CSV (RFC 4180) with the names of fields in its first row. */
export function readCsv(text: string, path: string): Entry[] {
  return parseRows(text, path).map(({ record, info }) =>
    entryOf(fieldsOfRow(record), path, `line ${info.lines}`),
  );
}

interface Row {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

function parseRows(text: string, path: string): Row[] {
  try {
    return parse(text, {
      bom: true,
      columns: (names: string[]) => checkHeader(names, path),
      info: true,
      skip_empty_lines: true,
    }) as unknown as Row[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const problem = CSV_PROBLEMS[error.code] ?? 'it is not CSV';
    const remedy =
      'Write it by RFC 4180: commas between, quotes around what holds commas, quotes or line breaks.';
    throw manifestError(path, `line ${error.lines ?? 1}`, problem, remedy);
  }
}

const CSV_PROBLEMS: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_COLUMNS: 'it has more or fewer cells than the first row',
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'there is text after a closing quote',
  INVALID_OPENING_QUOTE: 'there is a quote in the middle of a cell without quotes',
};

function checkHeader(names: readonly string[], path: string): string[] {
  const columns = names.map((name) => name.trim());
  const unknown = columns.find((name) => !FIELD_NAMES.includes(name));
  if (unknown !== undefined) throw unknownField(path, 'line 1', unknown);
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) {
    throw manifestError(path, 'line 1', `the column ${twice} is there twice`, 'Keep one of them.');
  }
  if (!SUBJECTS.some((name) => columns.includes(name))) {
    const problem = 'there is no column input, title or inputs';
    throw manifestError(path, 'line 1', problem, 'Name the columns in the first row.');
  }
  return columns;
}

function entryOf(value: unknown, path: string, place: string): Entry {
  const entry = readEntry(value, dirname(path));
  if (!('problem' in entry)) return entry;
  if (entry.problem === 'unknown') throw unknownField(path, place, entry.name);
  const problem =
    entry.problem === 'shape' ? 'it is no JSON object' : `${entry.name}: ${entry.kind.allowed} is needed`;
  throw manifestError(path, place, problem, 'See docs/batch.md for what the fields may be.');
}

function unknownField(path: string, place: string, name: string): PrpackError {
  const shown = presentableName(name);
  const what = shown === undefined ? 'field with a long name' : `field ${JSON.stringify(shown)}`;
  const meant = meantField(name);
  const problem = `there is no ${what}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
  return manifestError(path, place, problem, `Fields are: ${FIELD_NAMES.join(', ')}.`);
}

function manifestError(path: string, place: string, problem: string, remedy: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `${path}, ${place}: ${problem}`, { path, remedy });
}
