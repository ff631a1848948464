import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PrpackError } from '../errors.js';
import { syncDirectory } from '../keys/file.js';
import type { KeyStore } from './key-store.js';

/**
 * Removes the entries of the audit that are older than a moment. With an archive, they are on the disk there before they are removed: a
 * new file for its owner alone, a line of JSON an entry. What was archived and not removed, because of a crash, say, is archived
 * again by the next call; entries have ids.
 * @param before RFC 3339 UTC, with milliseconds
 * @returns how many entries were removed
 * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED when the archive cannot be written, else as `KeyStore.pruneAudit`
 */
export async function pruneAudit(store: KeyStore, before: string, archive?: string): Promise<number> {
  if (archive === undefined) return store.pruneAudit(before, async () => {});
  let file: FileHandle | undefined;
  try {
    // Not before the store has entries to remove, so that none is made in vain.
    return await store.pruneAudit(before, async (entries) => {
      try {
        file ??= await createArchive(archive);
        await file.writeFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
        await file.sync();
      } catch (error) {
        throw archiveFailure(archive, error as NodeJS.ErrnoException);
      }
    });
  } finally {
    await file?.close();
  }
}

async function createArchive(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  await syncDirectory(dirname(path));
  return file;
}

function archiveFailure(path: string, cause: NodeJS.ErrnoException): PrpackError {
  if (cause.code === 'EEXIST') {
    return new PrpackError('OUTPUT_EXISTS', `the archive of the audit is there already: ${path}`, {
      path,
      remedy: 'Name another file: archives are never replaced.',
    });
  }
  return new PrpackError(
    'OUTPUT_FAILED',
    `the archive of the audit cannot be written: ${path} (${cause.code})`,
    { path, remedy: 'Name a file in a directory that exists, has room, and where this user may write.' },
    cause,
  );
}
