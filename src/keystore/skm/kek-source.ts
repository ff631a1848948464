import { open } from 'node:fs/promises';
import { PrpackError } from '../../errors.js';
import { KEK_VARIABLE } from '../kek.js';
import { SkmKek } from './kek.js';

/** Gives the KEK, which is read anew each time. */
export type SkmKekSource = () => Promise<SkmKek>;

/**
 * The KEK in the file named by the user, else in `PRPACK_KEK`. Neither is one made here nor that of the user's own SQLite store taken:
 * nobody else has those, and no license server could open what is wrapped under them.
 */
export function skmKekSource(
  environment: Readonly<Record<string, string | undefined>>,
  kekFile?: string,
): SkmKekSource {
  if (kekFile !== undefined) return () => readSkmKekFile(kekFile);
  return async () => {
    const text = environment[KEK_VARIABLE];
    if (text) return SkmKek.parse(text, KEK_VARIABLE);
    throw missing('there is no key-encryption key (KEK) for the SKM server');
  };
}

async function readSkmKekFile(path: string): Promise<SkmKek> {
  try {
    const file = await open(path, 'r');
    try {
      refuseOpenModes(path, (await file.stat()).mode);
      return SkmKek.parse(await file.readFile('utf8'), path);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof PrpackError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw missing(`${path}: there is no key-encryption key (KEK)`);
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `the key-encryption key (KEK) cannot be read: ${path} (${code})`,
      { path, remedy: `Make it accessible to this user, or give the KEK in ${KEK_VARIABLE}.` },
      error,
    );
  }
}

function refuseOpenModes(path: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw new PrpackError('KEY_INVALID', `others than its owner can use the key-encryption key: ${path}`, {
    path,
    expected: 'mode 0600 or 0400',
    received: `mode 0${(mode & 0o777).toString(8)}`,
    remedy: `Run \`chmod 600 ${path}\`, and agree on a new KEK if somebody may have read it.`,
  });
}

function missing(message: string): PrpackError {
  return new PrpackError('KEY_REQUIRED', message, {
    remedy: `Give the KEK that was agreed on with the license server, with --kek-file or in ${KEK_VARIABLE}. A new one does not help: nobody else could open the keys.`,
  });
}
