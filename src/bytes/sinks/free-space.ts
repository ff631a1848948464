import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { PrpackError } from '../../errors.js';

/**
 * Whether the file system of a path has room for so many bytes.
 * @throws PrpackError OUTPUT_FAILED
 */
export function assertFreeSpace(path: string, sizeBytes: number): void {
  const freeBytes = freeBytesOf(dirname(path));
  if (freeBytes === undefined || freeBytes >= sizeBytes) return;
  throw new PrpackError('OUTPUT_FAILED', `${path} does not fit on its disk`, {
    path,
    expected: sizeBytes,
    received: freeBytes,
    remedy: 'Free some space, or write the output to another disk.',
  });
}

/** Undefined on file systems that do not report it, as some network ones. */
function freeBytesOf(directory: string): number | undefined {
  try {
    const { blocks, bavail, bsize } = statfsSync(directory);
    return blocks > 0 ? bavail * bsize : undefined;
  } catch {
    return undefined;
  }
}
