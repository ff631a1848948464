import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Characters that make a part of a path a pattern. */
const MAGIC = /[*?[\]{}()!\\]/;

/** Whether a text is a pattern for paths. */
export function isGlob(text: string): boolean {
  return MAGIC.test(text);
}

/** A folder, and paths of files in it, in the order of their names. Slashes separate, on every platform. */
export interface FoundFiles {
  readonly folder: string;
  readonly paths: readonly string[];
}

/** Every file of a folder and the folders in it, but hidden ones; links to folders are not followed. */
export async function findInFolder(folder: string, isWanted: (path: string) => boolean): Promise<FoundFiles> {
  const paths: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (/(?:^|\/)\./.test(path) || !isWanted(path)) continue;
    if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(join(folder, path))))) paths.push(path);
  }
  return { folder, paths: paths.sort(byCodeUnits) };
}

/** Every file that a pattern matches; paths are relative to the part of it that is no pattern. */
export async function findByGlob(pattern: string): Promise<FoundFiles> {
  const { glob } = await import('tinyglobby');
  const parts = pattern.split('/');
  const first = parts.findIndex(isGlob);
  const folder = parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.');
  const paths = await glob(parts.slice(first).join('/'), { cwd: folder, followSymbolicLinks: false });
  return { folder, paths: paths.sort(byCodeUnits) };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** The same everywhere, whatever the language of the user. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
