import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory and those above it that are missing, one after another. The recursive mkdir of Node.js never ends where a directory
 * is there but says of a new one in it that it is not, as `/proc` does.
 * @returns those that were made, the highest first
 * @throws the error of the system
 */
export function makeDirectories(path: string, mode = 0o777): string[] {
  const absolute = resolve(path);
  if (isDirectory(absolute)) return [];
  const parent = dirname(absolute);
  const above = parent === absolute ? [] : makeDirectories(parent, mode);
  try {
    mkdirSync(absolute, { mode });
  } catch (error) {
    if (isDirectory(absolute)) return above; // another process was faster
    throw error;
  }
  return [...above, absolute];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
