import { PrpackError } from '../../errors.js';
import { createSecretFile } from '../../keys/file.js';

/**
 * Writes a token to a new file that only its owner can read.
 * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function writeTokenFile(path: string, token: string): Promise<void> {
  try {
    await createSecretFile(path, `${token}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isThere = code === 'EEXIST';
    throw new PrpackError(
      isThere ? 'OUTPUT_EXISTS' : 'OUTPUT_FAILED',
      isThere
        ? `the file for the token is there already: ${path}`
        : `the file for the token cannot be written: ${path} (${code})`,
      {
        path,
        remedy: isThere
          ? 'Name another file: files with secrets are never replaced.'
          : 'Name a file in a directory that exists, has room, and where this user may write.',
      },
      error,
    );
  }
}
