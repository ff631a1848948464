import { existsSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PrpackError } from '../../errors.js';
import { makeDirectories } from '../make-directories.js';
import type { Publishable } from '../sink.js';
import { type ByteSource, FileSource } from '../source.js';
import { outputFailure } from '../write.js';
import { existsAlready, renameFailure, renameNew, syncDirectory, temporaryPathOf } from './file-sink.js';
import { assertFreeSpace } from './free-space.js';
import { StagedFile } from './staged-file.js';

/** A file of a directory: media, or what refers to media and so must not be seen before it. */
export type FileRole = 'media' | 'manifest';

/**
 * Files of one directory that are published together. A directory that is new appears by one rename. In one that is
 * there, media comes first, each file under a name that was free, then every manifest takes the place of the one
 * before: a program that reads meanwhile finds the old files or the new ones, and a crash leaves the old ones whole.
 * What the new ones replace goes last.
 */
export class DirectorySink implements Publishable {
  readonly path: string;
  readonly isStaged = true;
  readonly #staging: string;
  /** Directories that were made for it, the highest first. */
  readonly #made: readonly string[];
  readonly #replaced: string[] = [];
  readonly #files: { readonly name: string; readonly role: FileRole; readonly staged: StagedFile }[] = [];

  /**
   * Makes a hidden sibling of the directory, and the directories above it that are missing.
   * @param replace whether files may go into a directory that is there
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  constructor(path: string, replace: boolean) {
    this.path = path;
    assertDirectory(path, replace);
    this.#staging = temporaryPathOf(resolve(path));
    try {
      this.#made = makeDirectories(this.#staging);
    } catch (cause) {
      throw outputFailure(path, 'cannot be created', cause);
    }
  }

  /**
   * A file of the directory, of this name without folders. It is committed and aborted with the directory.
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  create(name: string, role: FileRole): StagedFile {
    const path = join(this.path, name);
    if (basename(name) !== name) throw outputFailure(path, 'is not in the directory', { code: 'EINVAL' });
    if (role === 'media' && existsSync(path)) throw existsAlready(path);
    const staged = new StagedFile(path, join(this.#staging, name));
    this.#files.push({ name, role, staged });
    return staged;
  }

  /**
   * A file as it was written, before it is committed; the caller closes it.
   * @throws PrpackError INPUT_UNREADABLE
   */
  reopen(name: string): ByteSource {
    return new FileSource(join(this.#staging, name));
  }

  assertRoom(sizeBytes: number): void {
    assertFreeSpace(resolve(this.path), sizeBytes);
  }

  /**
   * Makes a small file whole, and closes it: a presentation may have thousands.
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  async write(name: string, role: FileRole, bytes: Uint8Array): Promise<void> {
    const staged = this.create(name, role);
    await staged.append(bytes);
    staged.flush();
    staged.close();
  }

  /** Files that are in the directory and that nothing refers to any more once it is committed: then they are removed. */
  replaces(names: readonly string[]): void {
    this.#replaced.push(...names.filter((name) => basename(name) === name));
  }

  flush(): void {
    for (const { staged } of this.#files) if (staged.isOpen) staged.flush();
  }

  commit(): void {
    for (const { staged } of this.#files) staged.close();
    try {
      if (existsSync(this.path)) this.#moveFiles();
      else renameSync(this.#staging, this.path);
      syncDirectory(dirname(resolve(this.path)));
    } catch (cause) {
      this.abort();
      throw cause instanceof PrpackError ? cause : renameFailure(this.path, cause);
    }
  }

  abort(): void {
    for (const { staged } of this.#files) staged.close();
    rmSync(this.#staging, { recursive: true, force: true });
    for (const directory of [...this.#made].reverse()) removeIfEmpty(directory);
  }

  #moveFiles(): void {
    const unused: string[] = []; // media that no manifest refers to yet
    const ofRole = (role: FileRole) => this.#files.filter((file) => file.role === role);
    try {
      for (const { name, staged } of ofRole('media')) {
        const path = join(this.path, name);
        renameNew(staged.temporaryPath, path);
        unused.push(path);
      }
      syncDirectory(this.path);
      for (const { name, staged } of ofRole('manifest')) {
        renameSync(staged.temporaryPath, join(this.path, name));
        unused.length = 0;
      }
    } catch (cause) {
      for (const path of unused) rmSync(path, { force: true });
      throw cause;
    }
    syncDirectory(this.path);
    for (const name of this.#replaced) removeIfPossible(join(this.path, name));
    rmSync(this.#staging, { recursive: true, force: true });
  }
}

/** A directory that holds something stays. */
function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // what is in it is not ours
  }
}

/** What stays takes room, and nothing else: the new files are published. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // not ours to remove
  }
}

function assertDirectory(path: string, replace: boolean): void {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    const remedy = 'Give the path of a directory to make.';
    throw new PrpackError('OUTPUT_FAILED', `${path} exists and is not a directory`, { path, remedy });
  }
  if (!replace) throw existsAlready(path);
}
