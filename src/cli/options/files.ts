import { readFile } from 'node:fs/promises';
import { fromBase64 } from '../../bytes/hex.js';
import { PrpackError } from '../../errors.js';
import { invalidValue } from '../../settings/check.js';

/** The file named by an `@file` value, whole. These files are small: headers, not media. */
async function readNamedFile(flag: string, path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      code === 'ENOENT' ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE',
      `${flag}: the file ${path} cannot be read (${code})`,
      { path, remedy: 'Check that the file exists and that this user may read it.' },
      error,
    );
  }
}

/**
 * The text of the file of an option that takes `@file` only, in UTF-8.
 * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function textOfFileValue(flag: string, value: string): Promise<string> {
  const path = value.slice(1);
  const bytes = await readNamedFile(flag, path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new PrpackError(
      'INPUT_UNREADABLE',
      `${flag}: the file ${path} is not UTF-8 text`,
      { path, remedy: 'Save the file in UTF-8.' },
      error,
    );
  }
}

/**
 * The bytes of a value in base64, or of a file named after an `@`, which holds either the bytes or base64 of them.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function bytesOfValue(flag: string, value: string): Promise<Uint8Array> {
  if (value.startsWith('@') && value.length > 1) {
    return decodeWhenText(await readNamedFile(flag, value.slice(1)));
  }
  const bytes = fromBase64(value.replace(/\s/g, ''));
  if (!bytes?.length)
    throw invalidValue(flag, value, { allowed: 'base64, or the name of a file after an @' });
  return bytes;
}

/** Bytes that are base64 text are decoded. A pssh box and a PlayReady Object have zero bytes in front, so are no text. */
export function decodeWhenText(bytes: Uint8Array): Uint8Array {
  return fromBase64(Buffer.from(bytes).toString('latin1').replace(/\s/g, '')) ?? bytes;
}
