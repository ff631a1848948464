import { constants, type Stats } from 'node:fs';
import { open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readTextFile } from '../bytes/files.js';
import { makeDirectories } from '../bytes/make-directories.js';
import { isOpenToOthers, modeText } from '../bytes/open-modes.js';
import { isS3Url } from '../bytes/s3/location.js';
import { PrpackError } from '../errors.js';

/**
 * A whole small file as text, without the white space around it; or an object of S3.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read
 */
export async function readSecretText(path: string, what: string): Promise<string> {
  return isS3Url(path) ? readObject(path, what) : reading(path, what, () => readFile(path, 'utf8'));
}

async function readObject(url: string, what: string): Promise<string> {
  try {
    return (await readTextFile(url)).trim();
  } catch (error) {
    const { message, details } = error as PrpackError;
    throw new PrpackError('KEY_SOURCE_FAILED', `the ${what} cannot be read: ${message}`, details, error);
  }
}

/**
 * As `readSecretText`, of a secret that outlives many keys, so that nobody else may have it.
 * @throws PrpackError KEY_INVALID when others can use the file, KEY_SOURCE_FAILED when it cannot be read
 */
export async function readPrivateText(path: string, what: string): Promise<string> {
  return reading(path, what, async () => {
    const file = await open(path, constants.O_RDONLY);
    try {
      const stats = await file.stat();
      // A pipe has no others.
      if (stats.isFile()) assertNoOpenModes(path, what, stats, 'replace the secret');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  });
}

async function reading(path: string, what: string, read: () => Promise<string>): Promise<string> {
  try {
    return (await read()).trim();
  } catch (error) {
    if (error instanceof PrpackError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `the ${what} cannot be read: ${path} (${code})`,
      { path, remedy: `Check that the ${what} exists and that this user may read it.` },
      error,
    );
  }
}

/**
 * @param cure what else to do if somebody may have read it
 * @throws PrpackError KEY_INVALID when others than its owner can use the file
 */
export function assertNoOpenModes(path: string, what: string, file: Stats, cure: string): void {
  if (!isOpenToOthers(file)) return;
  throw new PrpackError('KEY_INVALID', `others than its owner can use the ${what}: ${path}`, {
    path,
    expected: 'mode 0600 or 0400',
    received: modeText(file),
    remedy: `Run \`chmod 600 ${path}\`, and ${cure} if somebody may have read it.`,
  });
}

/**
 * Makes a file that only its owner can read, whole and on the disk when this returns, never over another file.
 * @throws the error of the system, `EEXIST` when the file is there already; a part of a file is not left behind
 */
export async function createSecretFile(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await file.chmod(0o600); // whatever the umask is
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(path));
}

/** Makes a directory and those above it that are missing, for their owner only, and on the disk when this returns. */
export async function makePrivateDirectory(path: string): Promise<void> {
  for (const made of makeDirectories(path, 0o700).reverse()) await syncDirectory(dirname(made));
}

/** Makes the names in a directory durable. Windows cannot open directories and does not need it. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
