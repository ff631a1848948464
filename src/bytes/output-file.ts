import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PrpackError } from '../errors.js';
import { named } from '../settings/spelling.js';
import { type OutputHandle, outputFailure, writeFully } from './write.js';

/**
 * A file that appears under its name whole or not at all: it is written as a hidden sibling, flushed, and renamed.
 * The caller must end it with `publish` or `discard`.
 */
export class OutputFile {
  readonly path: string;
  /** Where the bytes are until the file is published. */
  readonly temporaryPath: string;
  readonly #replace: boolean;
  #fd: number | undefined;

  /**
   * Creates the temporary sibling.
   * @param replace whether an existing output may be replaced
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  constructor(path: string, replace: boolean) {
    this.path = path;
    this.#replace = replace;
    assertFree(path, replace);
    const unique = randomBytes(6).toString('hex');
    this.temporaryPath = join(dirname(path), `${temporaryPrefixOf(path)}${unique}.part`);
    try {
      this.#fd = openSync(this.temporaryPath, 'wx+');
    } catch (cause) {
      throw this.#failure('cannot be created', cause);
    }
  }

  /**
   * Whether the file system has room for so many bytes, asked before the work begins.
   * @throws PrpackError OUTPUT_FAILED
   */
  assertRoom(sizeBytes: number): void {
    const freeBytes = freeBytesOf(dirname(this.path));
    if (freeBytes === undefined || freeBytes >= sizeBytes) return;
    throw new PrpackError('OUTPUT_FAILED', `${this.path} does not fit on its disk`, {
      path: this.path,
      expected: sizeBytes,
      received: freeBytes,
      remedy: 'Free some space, or write the output to another disk.',
    });
  }

  /** What other threads of the process can write the same file by, until it is published or discarded. */
  get handle(): OutputHandle {
    return { path: this.path, fd: this.#open() };
  }

  /**
   * Writes all the bytes at an offset.
   * @throws PrpackError OUTPUT_FAILED
   */
  writeAt(bytes: Uint8Array, offsetBytes: number): void {
    writeFully(this.handle, bytes, offsetBytes);
  }

  /**
   * Flushes the bytes to the disk.
   * @throws PrpackError OUTPUT_FAILED
   */
  flush(): void {
    try {
      fsyncSync(this.#open());
    } catch (cause) {
      throw this.#failure('cannot be flushed to the disk', cause);
    }
  }

  /**
   * Gives the flushed file its name.
   * @throws PrpackError OUTPUT_EXISTS when another process made it meanwhile; OUTPUT_FAILED
   */
  publish(): void {
    this.#close();
    try {
      if (this.#replace) renameSync(this.temporaryPath, this.path);
      else this.#publishNew();
      syncDirectory(dirname(this.path));
    } catch (cause) {
      this.discard();
      throw cause instanceof PrpackError ? cause : this.#failure('cannot be renamed into place', cause);
    }
  }

  /** Removes the temporary file, if it is still there. */
  discard(): void {
    this.#close();
    rmSync(this.temporaryPath, { force: true });
  }

  /** A rename would replace a file made meanwhile; a link does not, but not every file system has links. */
  #publishNew(): void {
    try {
      linkSync(this.temporaryPath, this.path);
    } catch (cause) {
      assertFree(this.path, false);
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS', 'EACCES'].includes(reasonOf(cause)))
        throw cause;
      renameSync(this.temporaryPath, this.path);
      return;
    }
    try {
      rmSync(this.temporaryPath);
    } catch (cause) {
      // Who made this file takes a failure for no output at all.
      rmSync(this.path, { force: true });
      throw cause;
    }
  }

  #open(): number {
    if (this.#fd === undefined) throw new Error('the output file is closed');
    return this.#fd;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #failure(what: string, cause: unknown): PrpackError {
    return outputFailure(this.path, what, cause);
  }
}

/** How the name of a temporary file begins, for an output of this path. Twelve hexadecimal digits and `.part` follow. */
export function temporaryPrefixOf(path: string): string {
  return `.${basename(path).slice(0, 40)}.`;
}

/**
 * For a job that reads one file while it writes the other.
 * @throws PrpackError INVALID_ARGUMENT when both paths lead to one file
 */
export function assertTwoFiles(inputPath: string, outputPath: string): void {
  const input = identityOf(inputPath);
  if (input === undefined || input !== identityOf(outputPath)) return;
  throw new PrpackError('INVALID_ARGUMENT', 'input and output are the same file', {
    path: outputPath,
    remedy: 'Write to another path; the input is read while the output is written.',
  });
}

/** The same for all names of one file; undefined when it cannot be told: who opens the path then says why. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function assertFree(path: string, replace: boolean): void {
  if (!isThere(path)) return;
  if (existsSync(path) && !statSync(path).isFile()) {
    const remedy = 'Give the path of a file to make.';
    throw new PrpackError('OUTPUT_FAILED', `${path} exists and is not a regular file`, { path, remedy });
  }
  if (!replace) throw existsAlready(path);
}

/** Whether the name is taken, if only by a symbolic link that leads nowhere. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    throw outputFailure(path, 'cannot be created', cause);
  }
}

/** Undefined on file systems that do not tell, as some network ones. */
function freeBytesOf(directory: string): number | undefined {
  try {
    const { blocks, bavail, bsize } = statfsSync(directory);
    return blocks > 0 ? bavail * bsize : undefined;
  } catch {
    return undefined;
  }
}

function existsAlready(path: string): PrpackError {
  const remedy = `Choose another path, remove the file, or allow replacing it (${named('force', true)}).`;
  return new PrpackError('OUTPUT_EXISTS', `${path} exists already`, { path, remedy });
}

/** Makes a new name in a directory survive a power loss, where the platform can. */
export function syncDirectory(directory: string): void {
  try {
    const fd = openSync(directory, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows and some network file systems cannot open or flush a directory; the file itself is flushed.
  }
}

function reasonOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
}
