import { basename, dirname, extname } from 'node:path';
import { PrpackError } from '../../errors.js';

/** Segments of one track: files of one folder whose names differ in their last number alone. */
export interface SegmentSeries {
  /** In the order of their numbers. */
  readonly paths: readonly string[];
  readonly numbers: readonly number[];
  /** Of the name. */
  readonly before: string;
  readonly behind: string;
  /** Digits that numbers have at least. */
  readonly width: number;
}

interface NumberedFile {
  readonly path: string;
  readonly before: string;
  readonly digits: string;
  readonly behind: string;
}

/**
 * The series that some files of one folder make.
 * @throws PrpackError INVALID_ARGUMENT for a segment whose name has no number, or the same as another one
 */
export function seriesIn(paths: readonly string[]): SegmentSeries[] {
  const byName = new Map<string, NumberedFile[]>();
  for (const path of paths) {
    const file = numbered(path);
    const key = JSON.stringify([file.before, file.behind]);
    byName.set(key, [...(byName.get(key) ?? []), file]);
  }
  return [...byName.values()].map(seriesOf);
}

/** The extension may have digits of its own: `.m4s`. */
function numbered(path: string): NumberedFile {
  const extension = extname(path);
  const [, before, digits, end] = /^(.*?)(\d+)(\D*)$/.exec(basename(path, extension)) ?? [];
  if (digits === undefined) throw unnumbered(path);
  return { path, before, digits, behind: `${end}${extension}` };
}

function seriesOf(files: readonly NumberedFile[]): SegmentSeries {
  const inOrder = [...files].sort((a, b) => Number(a.digits) - Number(b.digits));
  const numbers = inOrder.map(({ digits }) => Number(digits));
  const isPadded = inOrder.some(({ digits }) => digits.length > 1 && digits.startsWith('0'));
  const width = isPadded ? Math.min(...inOrder.map(({ digits }) => digits.length)) : 1;
  const odd = inOrder.find(
    ({ digits }, i) => `${numbers[i]}`.padStart(width, '0') !== digits || numbers[i] === numbers[i - 1],
  );
  if (odd) throw unnumbered(odd.path);
  const [{ before, behind }] = files;
  return { paths: inOrder.map(({ path }) => path), numbers, before, behind, width };
}

/**
 * The segments of a header: those that are alone with it in the folder, else those whose name has the words of the header's, but for `init`.
 * @throws PrpackError INVALID_ARGUMENT when there are none, or several that may be
 * @example
 * seriesOfHeader('dash/init-stream1.m4s', headers, series).before; // 'chunk-stream1-'
 */
export function seriesOfHeader(
  header: string,
  headers: readonly string[],
  series: readonly SegmentSeries[],
): SegmentSeries {
  if (headers.length === 1 && series.length === 1) return series[0];
  const own = wordsOf(basename(header, extname(header)).replace(/init(?:ialization)?/i, ''));
  const fitting = series.filter(({ before, behind }) => {
    const words = wordsOf(`${before}_${basename(behind, extname(behind))}`);
    return own.length === 0 || words.some((_, at) => own.every((word, i) => words[at + i] === word));
  });
  if (fitting.length === 1) return fitting[0];
  throw new PrpackError('INVALID_ARGUMENT', `which segments belong to ${header} cannot be told`, {
    path: header,
    expected: 'one series of segments with the name of the header, but for init',
    received: fitting.length === 0 ? 'none' : fitting.map(({ paths }) => basename(paths[0])).join(', '),
    remedy: `Put each track into a folder of its own${fitting.length === 0 ? ', with all its segments' : ''}.`,
  });
}

function wordsOf(name: string): string[] {
  return name.split(/[-_.\s]+/).filter((word) => word !== '');
}

function unnumbered(path: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `${path} has no place among the segments of ${dirname(path)}`, {
    path,
    expected: 'names that differ in their last number alone, such as 1.m4s, 2.m4s or seg-00001.m4s',
    received: basename(path),
    clause: 'ISO/IEC 23009-1 5.3.9.4.4',
    remedy: 'Rename the segments, or leave the file out of the folder.',
  });
}
