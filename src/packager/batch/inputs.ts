import { basename, dirname, isAbsolute, normalize, relative, resolve, sep } from 'node:path';
import { kindOfPath, readTextFile } from '../../bytes/files.js';
import { type FoundFiles, findByGlob, findInFolder, isGlob } from '../../bytes/find-files.js';
import { isS3Url } from '../../bytes/s3/location.js';
import { PrpackError } from '../../errors.js';
import { FIELDS } from '../../settings/options.js';
import { absoluteName, isUrl, nameBelow, withAbsolutePaths } from '../../settings/paths.js';
import { named } from '../../settings/spelling.js';
import { readTitleFile } from '../package/read-title-file.js';
import { inPlaceOf } from '../package/title-fields.js';
import type { TitleOptions } from '../package/types.js';
import type { Entry, EntryTitle } from './fields.js';
import { defaultContentId } from './naming.js';

/** Extensions of files that are taken from a folder. */
const MEDIA_FILE = /\.(?:mp4|m4v|m4a|mov|cmfv|cmfa)$/i;

/** Extensions of title files. A JSON file is a manifest, which names title files of JSON. */
const TITLE_FILE = /\.ya?ml$/i;

/** An input with what is said of it. */
export interface Input extends Omit<Entry, 'title'> {
  /** Absolute. */
  readonly path: string;
  /** Below the folder that was searched, with slashes: what names are made of. */
  readonly relativePath: string;
  /** Of a title: what its file and its job say, read. */
  readonly title?: Omit<TitleOptions, 'outDir'>;
}

/** An input before its title file was read. */
interface FoundInput extends Omit<Input, 'title'> {
  readonly title?: EntryTitle;
}

type Reader = (text: string, path: string) => Entry[];

/** How a manifest is read, by its extension. */
const MANIFESTS: Readonly<Record<string, () => Promise<Reader>>> = {
  '.json': async () => (await import('./manifest.js')).readJsonArray,
  '.jsonl': async () => (await import('./manifest.js')).readJsonLines,
  '.ndjson': async () => (await import('./manifest.js')).readJsonLines,
  '.csv': async () => (await import('./manifest.js')).readCsv,
};

/**
 * The inputs that a source names, in its order: a manifest's own, else that of their names.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function findInputs(source: string, outDir: string): Promise<Input[]> {
  const inputs = await inputsOf(source, outDir);
  if (inputs.length > 0) return Promise.all(inputs.map(withTitle));
  throw new PrpackError('INPUT_NOT_FOUND', `there is nothing to encrypt in ${source}`, {
    path: source,
    remedy: 'Name a folder or a pattern with MP4 files, or a manifest with a job on each line.',
  });
}

async function inputsOf(source: string, outDir: string): Promise<FoundInput[]> {
  if (isS3Url(source)) return fromS3(source, outDir);
  const kind = kindOfPath(source);
  if (kind === 'folder') return fromFolder(source, outDir);
  if (kind === undefined) {
    if (isGlob(source)) return fromFiles(await findByGlob(source));
    const remedy =
      'Give a manifest (.json, .jsonl, .csv), a folder, or a pattern such as "media/**/*.mp4" in quotes.';
    throw new PrpackError('INPUT_NOT_FOUND', `there is no ${source}`, { path: source, remedy });
  }
  return (await fromManifest(source)) ?? fromFiles({ folder: dirname(source), paths: [basename(source)] });
}

/** Objects that a pattern, a prefix that ends with a slash, or a key names; or those of a manifest that is one. */
async function fromS3(source: string, outDir: string): Promise<FoundInput[]> {
  const { findObjects } = await import('../../bytes/s3/find-objects.js');
  const parts = source.split('/');
  const first = parts.findIndex(isGlob);
  const prefix = parts.slice(0, first < 0 ? -1 : first).join('/');
  const isInput = (path: string) => MEDIA_FILE.test(path) && !isBelow(`${prefix}/${path}`, outDir);
  if (first >= 0) return fromFiles(await findObjects(prefix, parts.slice(first).join('/'), isInput));
  const name = parts.at(-1)!;
  if (name === '') return fromFiles(await findObjects(prefix, undefined, isInput));
  if (MEDIA_FILE.test(name) || TITLE_FILE.test(name))
    return fromFiles({ folder: `${prefix}/`, paths: [name] });
  const inputs = await fromManifest(source);
  if (inputs) return inputs;
  throw new PrpackError('INVALID_ARGUMENT', `${source} is no prefix, pattern, manifest or MP4 file`, {
    expected: 's3://bucket/prefix/, s3://bucket/**/*.mp4, s3://bucket/key.mp4 or s3://bucket/films.jsonl',
    received: source,
    remedy: 'End the name of a prefix with a slash.',
  });
}

function isBelow(url: string, prefix: string): boolean {
  return url.startsWith(prefix.replace(/\/?$/, '/'));
}

async function fromFolder(folder: string, outDir: string): Promise<FoundInput[]> {
  const below = relative(resolve(folder), resolve(outDir)).split(sep).join('/');
  if (below === '') {
    throw new PrpackError('INVALID_ARGUMENT', 'the outputs would lie among the inputs', {
      path: outDir,
      remedy: `Give another folder with ${named('outDir')}: the next run would take the outputs for inputs.`,
    });
  }
  return fromFiles(
    await findInFolder(folder, (path) => MEDIA_FILE.test(path) && !path.startsWith(`${below}/`)),
  );
}

function fromFiles({ folder, paths }: FoundFiles): FoundInput[] {
  // Keys are taken as they are, where a path may be written in several ways.
  const at = (path: string) => (isS3Url(folder) ? `${folder}${path}` : resolve(folder, path));
  return paths.map((path) => ({
    input: isS3Url(folder) ? at(path) : nameBelow(folder, path),
    path: at(path),
    relativePath: path,
    settings: {},
    ...(TITLE_FILE.test(path) && { title: { file: at(path), options: {} } }),
  }));
}

/**
 * The jobs of a manifest; undefined where the name is of something else. Files of a manifest are relative to it. Inputs outside of its folder
 * have no folder of their own in the output.
 */
async function fromManifest(source: string): Promise<FoundInput[] | undefined> {
  const reader = MANIFESTS[/\.[^.]*$/.exec(source)?.[0].toLowerCase() ?? ''];
  if (!reader) return undefined;
  const folder = dirname(source);
  const entries = (await reader())(await readTextFile(source), source);
  return entries.map((read) => {
    const entry = { ...read, settings: withAbsolutePaths(read.settings, FIELDS, ({ kind }) => kind, folder) };
    const path = absoluteName(folder, entry.input);
    return { ...entry, path, relativePath: pathBelow(absoluteName('', folder), path) ?? basename(path) };
  });
}

/** The path of what is in a folder, with slashes; undefined where it is elsewhere. */
function pathBelow(folder: string, path: string): string | undefined {
  if (isUrl(folder)) return isBelow(path, folder) ? path.slice(folder.length).replace(/^\//, '') : undefined;
  const below = relative(folder, path).split(sep);
  return isUrl(path) || below[0] === '..' ? undefined : below.join('/');
}

/** What a job says of a title goes before what its file says. Where the title goes is said by the job alone. */
async function withTitle({ title, ...input }: FoundInput): Promise<Input> {
  if (!title) return input;
  const {
    outDir: _,
    contentId,
    ...ofFile
  } = title.file === undefined ? NOTHING : await readTitleFile(title.file);
  return {
    contentId:
      contentId ??
      (title.file === undefined ? contentOf(input.output!) : defaultContentId(input.relativePath)),
    ...input,
    title: inPlaceOf(ofFile, title.options),
  };
}

/** What the job describes itself is named by its folder. */
function contentOf(outDir: string): string {
  return isAbsolute(outDir) || isUrl(outDir)
    ? basename(outDir)
    : normalize(outDir).split(sep).filter(Boolean).join('/');
}

const NOTHING: TitleOptions = { inputs: [] };
