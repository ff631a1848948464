import { basename, dirname } from 'node:path';
import { stateOfInput } from '../../bytes/files.js';
import { openInput } from '../../bytes/input.js';
import { readBytes } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import { nameBelow } from '../../settings/paths.js';
import { named } from '../../settings/spelling.js';
import { type ImageHeader, readImageHeader } from './image-header.js';

/** Sheets of tiles, in the order in which they show. */
export interface Thumbnails extends ImageHeader {
  readonly id: 'thumbnails';
  readonly columns: number;
  readonly rows: number;
  /** How long a tile shows; absent where all tiles together show as long as the title lasts. */
  readonly tileSeconds?: number;
  readonly sheets: readonly Sheet[];
}

export interface Sheet {
  readonly path: string;
  readonly header: ImageHeader;
  readonly bytes: Uint8Array;
}

/** Enough for pictures and profiles that JPEG has in front of the size. */
const HEADER_BYTES = 2 ** 20;

const GIVEN = /^(.+):(\d+)x(\d+)(?::([\d.]+))?$/s;

/** The files that the sheets stand in. */
export function sheetPathsOf(given: string): Promise<string[]> {
  return sheetPaths(GIVEN.exec(given)![1]!);
}

/**
 * Reads sheets of tiles.
 * @param given `<sheets>:<columns>x<rows>[:<seconds>]`, where `%d` or `%03d` in the name of sheets stands for their numbers
 * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE, MALFORMED_INPUT, UNSUPPORTED_FEATURE; INVALID_ARGUMENT for a grid that
 * does not fit the sheets
 */
export async function readThumbnails(given: string, signal: AbortSignal | undefined): Promise<Thumbnails> {
  const [, pattern, columns, rows, seconds] = GIVEN.exec(given)!;
  const sheets: Sheet[] = [];
  for (const path of await sheetPaths(pattern)) sheets.push(await readSheet(path, signal));
  const [{ header }] = sheets;
  for (const sheet of sheets) assertAlike(sheets[0], sheet);
  const grid = { columns: Number(columns), rows: Number(rows) };
  assertGrid(header, grid, sheets[0].path);
  return {
    id: 'thumbnails',
    ...header,
    ...grid,
    ...(seconds !== undefined && { tileSeconds: Number(seconds) }),
    sheets,
  };
}

/** One path, or those of a numbered pattern: from 0 or 1 on, as long as there are files. */
async function sheetPaths(pattern: string): Promise<string[]> {
  const [number, width] = /%(?:0(\d))?d/.exec(basename(pattern)) ?? [];
  if (number === undefined) return [pattern];
  const pathOf = (index: number) =>
    nameBelow(
      dirname(pattern),
      basename(pattern).replace(number, `${index}`.padStart(Number(width ?? 1), '0')),
    );
  const exists = async (index: number) => (await stateOfInput(pathOf(index))) !== undefined;
  const first = (await exists(0)) ? 0 : 1;
  const paths: string[] = [];
  for (let index = first; await exists(index); index++) paths.push(pathOf(index));
  if (paths.length > 0) return paths;
  throw new PrpackError('INPUT_NOT_FOUND', `${named('thumbnails')}: there is no ${pathOf(1)}`, {
    path: pattern,
    expected: `sheets with the numbers 0 or 1 and up in the place of ${number}`,
    remedy: 'Name the sheets as ffmpeg numbers them, without gaps.',
  });
}

/** What is no image is refused before it is read whole: it may be the film. */
async function readSheet(path: string, signal: AbortSignal | undefined): Promise<Sheet> {
  const source = await openInput(path, signal);
  try {
    const header = readImageHeader(readBytes(source, 0, Math.min(HEADER_BYTES, source.sizeBytes)), path);
    return { path, header, bytes: readBytes(source, 0, source.sizeBytes) };
  } finally {
    source.close();
  }
}

function assertAlike(first: Sheet, { path, ...other }: Sheet): void {
  const textOf = ({ header: { mimeType, widthPixels, heightPixels } }: Pick<Sheet, 'header'>) =>
    `${mimeType} of ${widthPixels}x${heightPixels}`;
  if (textOf(first) === textOf(other)) return;
  throw new PrpackError('INVALID_ARGUMENT', `${path} is another kind of sheet than ${first.path}`, {
    path,
    expected: textOf(first),
    received: textOf(other),
    remedy: 'Make all sheets of one format and size, the last with empty tiles.',
  });
}

function assertGrid(
  { widthPixels, heightPixels }: ImageHeader,
  { columns, rows }: Pick<Thumbnails, 'columns' | 'rows'>,
  path: string,
): void {
  if (widthPixels % columns === 0 && heightPixels % rows === 0) return;
  const size = `${widthPixels}x${heightPixels}`;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `${path} of ${size} pixels has no ${columns}x${rows} equal tiles`,
    {
      path,
      expected: `a width that ${columns} divides, and a height that ${rows} divides`,
      received: size,
      clause: 'DASH-IF IOP 4.3 6.2.6',
      remedy: `Give the columns and rows of the sheets to ${named('thumbnails')}.`,
    },
  );
}
