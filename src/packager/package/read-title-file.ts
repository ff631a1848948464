import type { TitleOptions } from './types.js';

/**
 * Reads a title file, YAML or JSON: the inputs of a title with their description, and how they are packaged. Paths in it are relative to it.
 * @example
 * await packageTitle({ outDir: 'out/film', keyStore, ...(await readTitleFile('film.yaml')) });
 * @throws PrpackError INVALID_ARGUMENT with the line of what cannot be; INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function readTitleFile(path: string): Promise<TitleOptions> {
  const { readTitle } = await import('./title-file.js'); // other commands need no YAML
  return readTitle(path);
}
