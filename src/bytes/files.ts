import { type Stats, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PrpackError } from '../errors.js';
import { isS3Url } from './s3/location.js';

/**
 * What is at a path; undefined when nothing is.
 * @throws PrpackError INPUT_UNREADABLE
 */
export function kindOfPath(path: string): 'folder' | 'file' | undefined {
  const stat = statOf(path);
  return stat && (stat.isDirectory() ? 'folder' : 'file');
}

/**
 * {@link kindOfPath}; of `s3://` what the name says: that of a prefix ends with a slash.
 * @throws PrpackError INPUT_UNREADABLE
 */
export function kindOfName(name: string): 'folder' | 'file' | undefined {
  if (isS3Url(name)) return name.endsWith('/') ? 'folder' : 'file';
  return kindOfPath(name);
}

/**
 * Size in bytes and time of the last change, in milliseconds since 1970; undefined when there is no such file.
 * @throws PrpackError INPUT_UNREADABLE
 */
export function stateOfFile(path: string): { bytes: number; mtimeMs: number } | undefined {
  const stat = statOf(path);
  return stat?.isFile() ? { bytes: stat.size, mtimeMs: stat.mtimeMs } : undefined;
}

/**
 * {@link stateOfFile}, or that of an object of S3.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_UNREADABLE
 */
export async function stateOfInput(name: string): Promise<{ bytes: number; mtimeMs: number } | undefined> {
  return isS3Url(name) ? (await import('./s3/state-of-object.js')).stateOfObject(name) : stateOfFile(name);
}

/** Below a file there is nothing. */
const NOTHING_THERE: readonly string[] = ['ENOENT', 'ENOTDIR'];

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (NOTHING_THERE.includes(code)) return undefined;
    throw new PrpackError('INPUT_UNREADABLE', `${path} cannot be looked at (${code})`, {
      path,
      remedy: 'Check the name, and that this user may read the folders above it.',
    });
  }
}

/**
 * A whole file as text, in UTF-8; or an object of S3.
 * @throws PrpackError INPUT_UNREADABLE; INPUT_NOT_FOUND of an object
 */
export async function readTextFile(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readWhole(path));
  } catch (error) {
    if (error instanceof PrpackError) throw error;
    const { code = 'not UTF-8 text' } = error as NodeJS.ErrnoException;
    throw new PrpackError('INPUT_UNREADABLE', `the file ${path} cannot be read (${code})`, {
      path,
      remedy: 'Check that it is UTF-8 text and that this user may read it.',
    });
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  if (!isS3Url(path)) return readFile(path);
  return (await import('./s3/read-object.js')).readObject(path);
}
