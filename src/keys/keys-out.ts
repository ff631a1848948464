import { existsSync, rmSync } from 'node:fs';
import { PrpackError } from '../errors.js';
import { named } from '../settings/spelling.js';
import { createSecretFile } from './file.js';
import type { AssignedKey } from './key-source.js';

/**
 * Writes assigned keys as a key file that `readKeyFile` takes again: one entry for all tracks when they share a key, else one a track; and
 * so for each crypto period.
 * The file is new, readable by its owner only, and on the disk when this returns: call it before media is published.
 * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function writeKeysOut(path: string, assigned: readonly AssignedKey[]): Promise<void> {
  try {
    await createSecretFile(path, keyFileText(assigned));
  } catch (error) {
    throw writeFailure(path, error as NodeJS.ErrnoException);
  }
}

/**
 * Asked before the work begins, so that it is not done in vain.
 * @throws PrpackError OUTPUT_EXISTS
 */
export function assertKeysOutIsFree(path: string): void {
  if (existsSync(path)) throw existsAlready(path);
}

/** Takes `writeKeysOut` back, for media that could not be published. */
export function discardKeysOut(path: string): void {
  rmSync(path, { force: true });
}

function keyFileText(assigned: readonly AssignedKey[]): string {
  const periods = new Set(assigned.map(({ period }) => period));
  const keys = [...periods].flatMap((period) => entriesOf(assigned.filter((key) => key.period === period)));
  return `${JSON.stringify({ keys }, undefined, 2)}\n`;
}

/** Entries of one crypto period, or of a file without periods. */
function entriesOf(assigned: readonly AssignedKey[]): object[] {
  const oneKey = new Set(assigned.map(({ kid }) => kid)).size === 1;
  return (oneKey ? assigned.slice(0, 1) : assigned).map(
    ({ kid, key, trackId, label, algorithm, period }) => ({
      kid,
      key: key.revealHex(),
      ...(oneKey ? {} : { trackId, label }),
      ...(algorithm === 'AESCBC' && { algorithm }),
      ...(period !== undefined && { period }),
    }),
  );
}

function writeFailure(path: string, cause: NodeJS.ErrnoException): PrpackError {
  if (cause.code === 'EEXIST') return existsAlready(path);
  const message = `the file for the keys cannot be written: ${path} (${cause.code})`;
  const remedy = 'Name a file in a directory that exists, has room, and where this user may write.';
  return new PrpackError('OUTPUT_FAILED', message, { path, remedy }, cause);
}

function existsAlready(path: string): PrpackError {
  return new PrpackError('OUTPUT_EXISTS', `the file for the keys is there already: ${path}`, {
    path,
    remedy: `It may hold keys of published media: use its keys again with ${named('keyFile')}, or name another file.`,
  });
}
