import { existsSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { PrpackError } from '../../errors.js';
import type { SequenceSource } from '../file-sequence.js';
import { flushFiles } from '../flush-files.js';
import { makeDirectories } from '../make-directories.js';
import type { Publishable } from '../sink.js';
import { type ByteSource, FileSource } from '../source.js';
import { outputFailure, writeFully } from '../write.js';
import { existsAlready, renameFailure, renameNew, syncDirectory, temporaryPathOf } from './file-sink.js';
import { assertFreeSpace } from './free-space.js';
import { StagedFile } from './staged-file.js';
import { type PlannedFile, StagedFolder } from './staged-folder.js';

/** A file of a directory: media, or what refers to media and so must not be seen before it. */
export type FileRole = 'media' | 'manifest';

/**
 * Files of one directory, and of folders in it, that are published together. A directory that is new appears by one rename. In one that is
 * there, media comes first, each file and folder under a name that was free, then every manifest takes the place of the one
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
  readonly #folders: StagedFolder[] = [];

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
    const staged = new StagedFile(this.#place(name, role), join(this.#staging, name));
    this.#files.push({ name, role, staged });
    return staged;
  }

  /**
   * A folder of the directory with media, under a name that is free. It gets its name by one rename.
   * @param files all that will be in it, in the order of their bytes
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  createFolder(name: string, files: readonly PlannedFile[]): StagedFolder {
    const folder = new StagedFolder(this.#place(name, 'media'), join(this.#staging, name), files);
    this.#folders.push(folder);
    return folder;
  }

  #place(name: string, role: FileRole): string {
    const path = join(this.path, name);
    if (basename(name) !== name) throw outputFailure(path, 'is not in the directory', { code: 'EINVAL' });
    if (role === 'media' && existsSync(path)) throw existsAlready(path);
    return path;
  }

  /**
   * A file as it was written, before it is committed; the caller closes it.
   * @throws PrpackError INPUT_UNREADABLE
   */
  reopen(name: string): ByteSource {
    return new FileSource(join(this.#staging, name));
  }

  /**
   * A folder as it was written, its files as one, before it is committed; the caller closes it.
   * @throws PrpackError INPUT_NOT_FOUND when a file is missing
   */
  reopenFolder(name: string): SequenceSource {
    const path = join(this.#staging, name);
    return this.#folders.find(({ temporaryPath }) => temporaryPath === path)!.reopen();
  }

  assertRoom(sizeBytes: number): void {
    assertFreeSpace(resolve(this.path), sizeBytes);
  }

  /**
   * Makes a small file whole, and closes it: a presentation may have thousands.
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
   */
  write(name: string, role: FileRole, bytes: Uint8Array): void {
    const staged = this.create(name, role);
    writeFully(staged.handle, bytes, 0);
    staged.close();
  }

  /**
   * What is in the directory and what nothing refers to any more once it is committed: then it is removed. A folder goes last, and only when
   * nothing else is in it.
   * @param paths within the directory; others are left alone
   */
  replaces(paths: readonly string[]): void {
    this.#replaced.push(...paths.filter(isWithin));
  }

  async flush(): Promise<void> {
    const closed = this.#files.filter(({ staged }) => !staged.isOpen);
    await flushFiles([
      ...closed.map(({ staged }) => staged.temporaryPath),
      ...this.#folders.flatMap(({ handle }) => handle.files),
    ]);
    for (const { staged } of this.#files) if (staged.isOpen) staged.flush();
    for (const { temporaryPath } of this.#folders) syncDirectory(temporaryPath);
    syncDirectory(this.#staging);
  }

  commit(): void | Promise<void> {
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
      for (const folder of this.#folders) {
        if (existsSync(folder.path)) throw existsAlready(folder.path);
        renameSync(folder.temporaryPath, folder.path);
        unused.push(folder.path);
      }
      syncDirectory(this.path);
      for (const { name, staged } of ofRole('manifest')) {
        renameSync(staged.temporaryPath, join(this.path, name));
        unused.length = 0;
      }
    } catch (cause) {
      for (const path of unused) rmSync(path, { recursive: true, force: true });
      throw cause;
    }
    syncDirectory(this.path);
    for (const path of this.#replaced) removeIfPossible(join(this.path, path));
    rmSync(this.#staging, { recursive: true, force: true });
  }
}

/** Whether a path leads to something in the directory that it is of. */
function isWithin(path: string): boolean {
  return !isAbsolute(path) && path.split(sep).every((part) => !['', '.', '..'].includes(part));
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
    if (statSync(path).isDirectory()) rmdirSync(path);
    else rmSync(path);
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
