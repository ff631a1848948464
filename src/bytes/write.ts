import { writeSync } from 'node:fs';
import { PrpackError } from '../errors.js';

/** A file open for writing, by any thread of the process. */
export interface OutputHandle {
  /** For messages. */
  readonly path: string;
  readonly fd: number;
}

/**
 * Writes all the bytes at an offset.
 * @throws PrpackError OUTPUT_FAILED
 */
export function writeFully({ path, fd }: OutputHandle, bytes: Uint8Array, offsetBytes: number): void {
  let done = 0;
  while (done < bytes.length) {
    const written = writeSome(path, fd, bytes.subarray(done), offsetBytes + done);
    if (written === 0) throw outputFailure(path, 'cannot be written', undefined);
    done += written;
  }
}

function writeSome(path: string, fd: number, bytes: Uint8Array, offsetBytes: number): number {
  try {
    return writeSync(fd, bytes, 0, bytes.length, offsetBytes);
  } catch (cause) {
    throw outputFailure(path, 'cannot be written', cause);
  }
}

const REMEDIES: Record<string, string> = {
  ENOENT: 'Make the directory first, or choose another one.',
  ENOTDIR: 'A part of the path is a file; choose another directory.',
  EACCES: 'Make the directory writable for this user, or choose another one.',
  EPERM: 'Make the directory writable for this user, or choose another one.',
  EROFS: 'The disk is mounted read-only; choose another directory.',
  ENOSPC: 'The disk is full: free some space, or write to another disk.',
  EDQUOT: 'The quota is used up: free some space, or write to another disk.',
  EFBIG: 'The file system or a limit of this process does not allow files of this size.',
  ENAMETOOLONG: 'Choose a shorter file name.',
};

/** An error about an output: what could not be done with it, by the code of the system call that failed. */
export function outputFailure(path: string, what: string, cause: unknown): PrpackError {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code || 'nothing was written';
  const remedy = REMEDIES[reason] ?? 'Check the disk that holds the output.';
  return new PrpackError('OUTPUT_FAILED', `${path} ${what}: ${reason}`, { path, remedy }, cause);
}
