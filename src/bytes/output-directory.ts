import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectories } from './make-directories.js';
import { isS3Url } from './s3/location.js';
import { temporaryPrefixOf } from './sinks/file-sink.js';
import { outputFailure } from './write.js';

/** The part of a temporary file's name that follows its prefix. */
const UNIQUE_END = /[0-9a-f]{12}\.part$/;

/**
 * Removes temporary files and folders that a process which was killed left next to these outputs. Only for who knows that nobody
 * else makes them.
 * @returns how many there were
 */
export function removeAbandonedParts(outputs: readonly string[]): number {
  const prefixesByDirectory = new Map<string, Set<string>>();
  for (const output of outputs) {
    const prefixes = prefixesByDirectory.get(dirname(output)) ?? new Set();
    prefixesByDirectory.set(dirname(output), prefixes.add(temporaryPrefixOf(output)));
  }
  let count = 0;
  for (const [directory, prefixes] of prefixesByDirectory) {
    for (const name of namesIn(directory)) {
      if (!UNIQUE_END.test(name) || !prefixes.has(name.replace(UNIQUE_END, ''))) continue;
      rmSync(join(directory, name), { force: true, recursive: true });
      count++;
    }
  }
  return count;
}

/**
 * Makes a directory for outputs, and those above it that are missing. A bucket has none: there is nothing to do.
 * @throws PrpackError OUTPUT_FAILED
 */
export function makeOutputDirectory(path: string): void {
  if (isS3Url(path)) return;
  try {
    makeDirectories(path);
  } catch (cause) {
    throw outputFailure(path, 'cannot be made', cause);
  }
}

/**
 * Makes the directory that an output is in.
 * @throws PrpackError OUTPUT_FAILED
 */
export function makeFolderOf(output: string): void {
  if (!isS3Url(output)) makeOutputDirectory(dirname(output));
}

/** What is in a directory; nothing where it cannot be read: whoever makes an output there says what is wrong. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
