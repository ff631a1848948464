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
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import { isS3Url } from '../s3/location.js';
import type { StagedSink } from '../sink.js';
import { outputFailure } from '../write.js';
import { assertFreeSpace } from './free-space.js';
import { StagedFile } from './staged-file.js';

/** A file: it is written as a hidden sibling, flushed, and renamed. */
export class FileSink implements StagedSink {
  readonly path: string;
  readonly isStaged = true;
  readonly staged: StagedFile;
  readonly #replace: boolean;

  /**
   * Creates the temporary sibling.
   * @param replace whether an existing output may be replaced
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  constructor(path: string, replace: boolean) {
    this.path = path;
    this.#replace = replace;
    assertFree(path, replace);
    this.staged = new StagedFile(path, temporaryPathOf(path));
  }

  get sizeBytes(): number {
    return this.staged.sizeBytes;
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.staged.append(bytes);
  }

  assertRoom(sizeBytes: number): void {
    assertFreeSpace(this.path, sizeBytes);
  }

  flush(): void {
    this.staged.flush();
  }

  commit(): void {
    this.staged.close();
    try {
      if (this.#replace) renameSync(this.staged.temporaryPath, this.path);
      else renameNew(this.staged.temporaryPath, this.path);
      syncDirectory(dirname(this.path));
    } catch (cause) {
      this.abort();
      throw cause instanceof PrpackError ? cause : renameFailure(this.path, cause);
    }
  }

  abort(): void {
    this.staged.close();
    rmSync(this.staged.temporaryPath, { force: true });
  }
}

/** How the name of a temporary file begins, for an output of this path. Twelve hexadecimal digits and `.part` follow. */
export function temporaryPrefixOf(path: string): string {
  return `.${basename(path).slice(0, 40)}.`;
}

/** A name next to the output that nobody else has. */
export function temporaryPathOf(path: string): string {
  return join(dirname(path), `${temporaryPrefixOf(path)}${randomBytes(6).toString('hex')}.part`);
}

/** File systems that have no links say so in one of these ways. */
const WITHOUT_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS', 'EACCES'];

/**
 * Gives a file a name that is free. A rename would replace a file made meanwhile; a link does not, but not every file system has links.
 * @throws PrpackError OUTPUT_EXISTS; Error as `rename`
 */
export function renameNew(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    assertFree(to, false);
    if (!WITHOUT_LINKS.includes(reasonOf(cause))) throw cause;
    renameSync(from, to);
    return;
  }
  try {
    rmSync(from);
  } catch (cause) {
    // Who made this file takes a failure for no output at all.
    rmSync(to, { force: true });
    throw cause;
  }
}

/** An output that is written and could not be given its name. */
export function renameFailure(path: string, cause: unknown): PrpackError {
  return outputFailure(path, 'cannot be renamed into place', cause);
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

/** The same for all names of one file; undefined when it cannot be known: who opens the path then says why. */
function identityOf(path: string): string | undefined {
  if (isS3Url(path)) return path;
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

export function existsAlready(path: string): PrpackError {
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
