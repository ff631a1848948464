import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { kindOfPath, readTextFile } from '../../bytes/files.js';
import { type FoundFiles, findByGlob, findInFolder, isGlob } from '../../bytes/find-files.js';
import { PrpackError } from '../../errors.js';
import { FIELDS } from '../../settings/options.js';
import { withAbsolutePaths } from '../../settings/paths.js';
import { named } from '../../settings/spelling.js';
import type { Entry } from './fields.js';

/** Extensions of files that are taken from a folder. */
const MEDIA_FILE = /\.(?:mp4|m4v|m4a|mov|cmfv|cmfa)$/i;

/** An input with what is said of it. */
export interface Input extends Entry {
  /** Absolute. */
  readonly path: string;
  /** Below the folder that was searched, with slashes: what names are made of. */
  readonly relativePath: string;
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
  if (inputs.length > 0) return inputs;
  throw new PrpackError('INPUT_NOT_FOUND', `there is nothing to encrypt in ${source}`, {
    path: source,
    remedy: 'Name a folder or a pattern with MP4 files, or a manifest with a job on each line.',
  });
}

async function inputsOf(source: string, outDir: string): Promise<Input[]> {
  const kind = kindOfPath(source);
  if (kind === 'folder') return fromFolder(source, outDir);
  if (kind === undefined) {
    if (isGlob(source)) return fromFiles(await findByGlob(source));
    const remedy =
      'Give a manifest (.json, .jsonl, .csv), a folder, or a pattern such as "media/**/*.mp4" in quotes.';
    throw new PrpackError('INPUT_NOT_FOUND', `there is no ${source}`, { path: source, remedy });
  }
  const reader = MANIFESTS[/\.[^.]*$/.exec(source)?.[0].toLowerCase() ?? ''];
  if (!reader) return fromFiles({ folder: dirname(source), paths: [basename(source)] });
  return fromManifest(await (await reader())(await readTextFile(source), source), dirname(source));
}

async function fromFolder(folder: string, outDir: string): Promise<Input[]> {
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

function fromFiles({ folder, paths }: FoundFiles): Input[] {
  return paths.map((path) => ({
    input: join(folder, path),
    path: resolve(folder, path),
    relativePath: path,
    settings: {},
  }));
}

/** Files of a manifest are relative to it. Inputs outside of its folder have no folder of their own in the output. */
function fromManifest(entries: readonly Entry[], folder: string): Input[] {
  return entries.map((read) => {
    const entry = { ...read, settings: withAbsolutePaths(read.settings, FIELDS, ({ kind }) => kind, folder) };
    const path = resolve(folder, entry.input);
    const below = relative(resolve(folder), path);
    const isInside = !isAbsolute(entry.input) && below.split(sep)[0] !== '..';
    return { ...entry, path, relativePath: isInside ? below.split(sep).join('/') : basename(path) };
  });
}
