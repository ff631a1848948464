import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DEFAULT_LIMITS } from '../remote/request-limits.js';
import { existsAlready } from '../sinks/file-sink.js';
import { outputFailure, writeFully } from '../write.js';
import { openS3, type S3 } from './client.js';
import { aborted } from './failure.js';
import { inParallel } from './in-parallel.js';
import { listKeys } from './list-keys.js';
import { parseS3Prefix, type S3Location } from './location.js';
import { S3RangeReader } from './range-reader.js';
import { S3DirectorySink } from './s3-directory-sink.js';
import { temporaryFolder } from './temporary-folder.js';

/** A prefix of a bucket, with a temporary folder that stands for it while a presentation is made. */
export class S3Folder {
  /** `s3://bucket/prefix/` */
  readonly shown: string;
  /** Last part of the prefix, or the bucket. */
  readonly name: string;
  /** Of the folder that stands for it: there if there is an object below the prefix. */
  readonly path: string;
  readonly #s3: S3;
  readonly #location: S3Location;
  readonly #temporary: string;
  readonly #keys: readonly string[];

  private constructor(s3: S3, location: S3Location, keys: readonly string[]) {
    this.#s3 = s3;
    this.#location = location;
    this.#keys = keys;
    this.shown = location.shown;
    this.name = location.key.split('/').at(-2) ?? location.bucket;
    this.#temporary = temporaryFolder(location.shown);
    this.path = join(this.#temporary, this.name);
  }

  /**
   * Lists what is below the prefix.
   * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, OUTPUT_FAILED, ABORTED
   */
  static async open(url: string, signal: AbortSignal | undefined): Promise<S3Folder> {
    const location = parseS3Prefix(url.endsWith('/') ? url : `${url}/`);
    const s3 = await openS3();
    try {
      return new S3Folder(s3, location, await listKeys(s3, location, signal));
    } catch (error) {
      s3.client.destroy();
      throw error;
    }
  }

  /** Whether there is an object below the prefix, whoever made it. */
  get isTaken(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * Copies objects into the folder, and for all others makes files without bytes: their names are taken.
   * @param namesIn names of the files that are wanted, said by the one of this name
   */
  async copy(
    listName: string,
    namesIn: (folder: string) => Promise<readonly string[]>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (!this.isTaken) return;
    mkdirSync(this.path, { recursive: true });
    const names = this.#keys.map((key) => key.slice(this.#location.key.length)).filter(isPlain);
    if (names.includes(listName)) await this.#copy(listName);
    const wanted = new Set(await namesIn(this.path));
    for (const name of names) if (!wanted.has(name) && name !== listName) this.#make(name);
    await inParallel(
      names.filter((name) => wanted.has(name)),
      async (name) => {
        if (signal?.aborted) throw aborted(this.shown);
        await this.#copy(name);
      },
    );
  }

  async #copy(name: string): Promise<void> {
    const { bucket, key } = this.#location;
    const location: S3Location = { kind: 's3', bucket, key: `${key}${name}`, shown: `${this.shown}${name}` };
    const reader = new S3RangeReader(location, DEFAULT_LIMITS, this.#s3);
    const sizeBytes = await reader.open();
    const path = this.#make(name);
    const fd = openSync(path, 'r+');
    try {
      let at = 0;
      await reader.read(0, sizeBytes, (bytes) => {
        writeFully({ path, fd }, bytes, at);
        at += bytes.length;
      });
    } finally {
      closeSync(fd);
    }
  }

  #make(name: string): string {
    const path = join(this.path, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, '');
    } catch (cause) {
      throw outputFailure(path, 'cannot be created', cause);
    }
    return path;
  }

  /** @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED */
  openSink(replace: boolean, signal: AbortSignal | undefined): S3DirectorySink {
    if (this.isTaken && !replace) throw existsAlready(this.shown);
    return new S3DirectorySink(this.path, { s3: this.#s3, location: this.#location, replace, signal });
  }

  close(): void {
    rmSync(this.#temporary, { recursive: true, force: true });
    this.#s3.client.destroy();
  }
}

/** Whether a key below the prefix can be the path of a file below a folder. */
function isPlain(name: string): boolean {
  return !name.includes('\0') && name.split('/').every((part) => !['', '.', '..'].includes(part));
}
