import { extname } from 'node:path';
import { kindOfName } from '../../bytes/files.js';
import { type FoundFiles, findInFolder } from '../../bytes/find-files.js';
import { isS3Url } from '../../bytes/s3/location.js';
import { PrpackError } from '../../errors.js';
import { absoluteName, nameBelow } from '../../settings/paths.js';

/** What an input holds, by its name. */
export type InputKind = 'media' | 'webvtt' | 'srt' | 'ttml';

const KINDS: Readonly<Record<string, InputKind>> = {
  '.mp4': 'media',
  '.m4a': 'media',
  '.m4v': 'media',
  '.mov': 'media',
  '.vtt': 'webvtt',
  '.srt': 'srt',
  '.ttml': 'ttml',
};

export interface PackageInput {
  readonly path: string;
  readonly kind: InputKind;
}

/**
 * The files that were given, and those of folders and prefixes that were given, in the order of their names.
 * @throws PrpackError INVALID_ARGUMENT for a name that says nothing of what is in the file; INPUT_NOT_FOUND
 */
export async function findInputs(given: readonly string[]): Promise<PackageInput[]> {
  const inputs: PackageInput[] = [];
  for (const path of given) {
    if (kindOfName(path) === 'folder') inputs.push(...(await inputsIn(path)));
    else inputs.push(inputOf(path));
  }
  const once = new Map<string, PackageInput>();
  for (const input of inputs) {
    const name = absoluteName('', input.path);
    if (!once.has(name)) once.set(name, input);
  }
  return [...once.values()];
}

async function inputsIn(folder: string): Promise<PackageInput[]> {
  const { paths } = await findIn(folder, (path) => !path.includes('/') && kindOf(path) !== undefined);
  if (paths.length === 0) throw emptyFolder(folder);
  return paths.map((path) => inputOf(nameBelow(folder, path)));
}

async function findIn(folder: string, isWanted: (path: string) => boolean): Promise<FoundFiles> {
  if (!isS3Url(folder)) return findInFolder(folder, isWanted);
  const { findObjects } = await import('../../bytes/s3/find-objects.js');
  return findObjects(folder, undefined, isWanted);
}

function inputOf(path: string): PackageInput {
  const kind = kindOf(path);
  if (kind) return { path, kind };
  throw unknownKind(path, Object.keys(KINDS), 'Give MP4 files, and subtitles as WebVTT, SRT or TTML.');
}

/** The error for a name that says nothing, of a file or of nothing at all. */
export function unknownKind(path: string, extensions: readonly string[], remedy: string): PrpackError {
  if (kindOfName(path) === undefined) {
    return new PrpackError('INPUT_NOT_FOUND', `there is no ${path}`, {
      path,
      remedy: 'Check the path of the input.',
    });
  }
  return new PrpackError('INVALID_ARGUMENT', `${path}: the name says nothing of what is in the file`, {
    path,
    expected: extensions.join(', '),
    received: extname(path) || 'no extension',
    remedy: isS3Url(path) ? `${remedy} The name of a prefix ends with a slash.` : remedy,
  });
}

function kindOf(path: string): InputKind | undefined {
  return KINDS[extname(path).toLowerCase()];
}

function emptyFolder(path: string): PrpackError {
  return new PrpackError('INPUT_NOT_FOUND', `${path} has no file to package`, {
    path,
    expected: Object.keys(KINDS).join(', '),
    remedy: 'Name the folder of the renditions.',
  });
}
