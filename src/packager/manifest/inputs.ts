import { basename, dirname, extname, join } from 'node:path';
import { kindOfPath } from '../../bytes/files.js';
import { findInFolder } from '../../bytes/find-files.js';
import { PrpackError } from '../../errors.js';
import { unknownKind } from '../package/inputs.js';
import { contentOfFile } from './content.js';
import { type SegmentSeries, seriesIn, seriesOfHeader } from './series.js';

/** A track that is packaged already, or subtitles in a file. */
export interface ManifestInput {
  /** What messages, descriptions and reports call it: the file, or the folder of the segments. */
  readonly path: string;
  readonly kind: 'media' | 'webvtt' | 'ttml';
  /** The file; of a track in segments the one with `moov`. */
  readonly file: string;
  /** Of a track in segments. */
  readonly series?: SegmentSeries;
}

const KINDS: Readonly<Record<string, ManifestInput['kind']>> = {
  ...{ '.mp4': 'media', '.m4a': 'media', '.m4v': 'media', '.m4f': 'media', '.m4s': 'media' },
  ...{ '.cmfv': 'media', '.cmfa': 'media', '.cmft': 'media' },
  ...{ '.vtt': 'webvtt', '.ttml': 'ttml' },
};

const kindOf = (path: string) => KINDS[extname(path).toLowerCase()];

/**
 * The tracks that were given, and those of folders that were given with all folders below, in the order of their ranks and names.
 * @param rankOf the place of an input among those that were made together
 * @throws PrpackError INVALID_ARGUMENT for a name that says nothing, a segment without its header, or a header without segments;
 *   INPUT_NOT_FOUND; NOT_MP4
 */
export async function findManifestInputs(
  given: readonly string[],
  rankOf: (path: string) => number,
): Promise<ManifestInput[]> {
  const inputs: ManifestInput[] = [];
  for (const path of given) {
    if (kindOfPath(path) === 'folder') {
      const found = await inputsBelow(path);
      inputs.push(...found.sort((a, b) => rankOf(a.path) - rankOf(b.path)));
    } else inputs.push(await inputOf(path));
  }
  return [...new Map(inputs.map((input) => [input.file, input])).values()];
}

async function inputOf(path: string): Promise<ManifestInput> {
  const kind = kindOf(path);
  if (!kind) throw unknownKind(path, Object.keys(KINDS), 'Give MP4 files, and subtitles as WebVTT or TTML.');
  if (kind !== 'media') return { path, kind, file: path };
  const content = contentOfFile(path);
  if (content === 'whole') return { path, kind, file: path };
  if (content === 'segment') throw loneSegments(path);
  const folder = dirname(path);
  const { paths } = await findInFolder(folder, (one) => !one.includes('/') && kindOf(one) === 'media');
  const media = sortOut(paths.map((one) => join(folder, one)));
  return { path, kind, file: path, series: seriesOfHeader(path, media.headers, media.series) };
}

async function inputsBelow(folder: string): Promise<ManifestInput[]> {
  const { paths } = await findInFolder(folder, (path) => kindOf(path) !== undefined);
  if (paths.length === 0) throw emptyFolder(folder);
  const byFolder = new Map<string, string[]>();
  for (const path of paths.map((one) => join(folder, one))) {
    byFolder.set(dirname(path), [...(byFolder.get(dirname(path)) ?? []), path]);
  }
  const all = [...byFolder.values()].flat();
  const texts = new Set(all.filter((path) => isWholeText(path, all)));
  return [...byFolder.values()].flatMap((ofFolder) => inputsOfFolder(ofFolder, texts));
}

function inputsOfFolder(paths: readonly string[], texts: ReadonlySet<string>): ManifestInput[] {
  const { whole, headers, series } = sortOut(paths.filter((path) => kindOf(path) === 'media'));
  const tracks = headers.map((file): ManifestInput => {
    const own = seriesOfHeader(file, headers, series);
    const hasFolder = headers.length === 1 && whole.length === 0;
    return { path: hasFolder ? dirname(file) : file, kind: 'media', file, series: own };
  });
  const lone = series.find((one) => !tracks.some((track) => track.series === one));
  if (lone) throw loneSegments(lone.paths[0]);
  return [
    ...whole.map((path): ManifestInput => ({ path, kind: 'media', file: path })),
    ...tracks,
    ...paths.filter((path) => texts.has(path)).map((path) => ({ path, kind: kindOf(path), file: path })),
  ];
}

interface SortedMedia {
  readonly whole: readonly string[];
  readonly headers: readonly string[];
  readonly series: readonly SegmentSeries[];
}

/** By what is in the files. */
function sortOut(paths: readonly string[]): SortedMedia {
  const by = { whole: [] as string[], header: [] as string[], segment: [] as string[] };
  for (const path of paths) by[contentOfFile(path)].push(path);
  return { whole: by.whole, headers: by.header, series: seriesIn(by.segment) };
}

/** `text-en-00001.vtt` and `text-en/00001.vtt` are parts of `text-en.vtt`, or of `text-en` in MP4, which were cut for HLS. */
function isWholeText(path: string, paths: readonly string[]): boolean {
  if (kindOf(path) === 'media') return false;
  const [, whole] = /^(.+)[-/\\]\d+(?=\.vtt$)/.exec(path) ?? [];
  if (whole === undefined) return true;
  const isOfWhole = (other: string) => dirname(other) === whole && kindOf(other) === 'media';
  return !paths.includes(`${whole}.vtt`) && !paths.includes(`${whole}.mp4`) && !paths.some(isOfWhole);
}

function emptyFolder(path: string): PrpackError {
  return new PrpackError('INPUT_NOT_FOUND', `${path} has no packaged media`, {
    path,
    expected: Object.keys(KINDS).join(', '),
    remedy: 'Name the folder of the presentation.',
  });
}

function loneSegments(path: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `${path} is a segment, and its header is not given`, {
    path,
    expected: 'a file with moov and no samples, such as init.mp4, next to the segments',
    received: basename(path),
    clause: 'ISO/IEC 23000-19 7.3.2',
    remedy: 'Give the folder of the segments, or the header: it finds its segments by itself.',
  });
}
