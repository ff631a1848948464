import { join, sep } from 'node:path';
import { DirectorySink, type FileRole } from '../sinks/directory-sink.js';
import type { StagedFile } from '../sinks/staged-file.js';
import type { PlannedFile, StagedFolder } from '../sinks/staged-folder.js';
import type { S3 } from './client.js';
import { inParallel } from './in-parallel.js';
import type { S3Location } from './location.js';
import { putFile } from './put-file.js';
import { remove, UnfinishedMark } from './unfinished.js';

/** Where the files of a local folder go. */
export interface S3Target {
  readonly s3: S3;
  /** Its key ends with a slash. */
  readonly location: S3Location;
  /** Whether manifests may take the place of others. */
  readonly replace: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Objects below one prefix that are published together. The local folder that stands for it is committed first; then media is sent, each object under a
 * key that was free, then the manifests, one after the other, and what they replace is removed. Below a prefix that was free, a mark says meanwhile
 * what is being sent.
 */
export class S3DirectorySink extends DirectorySink {
  readonly #target: S3Target;
  readonly #names: { readonly name: string; readonly role: FileRole }[] = [];
  readonly #unused: string[] = [];

  /** @param path of the local folder */
  constructor(path: string, target: S3Target) {
    super(path, target.replace);
    this.#target = target;
  }

  override create(name: string, role: FileRole): StagedFile {
    this.#names.push({ name, role });
    return super.create(name, role);
  }

  override createFolder(name: string, files: readonly PlannedFile[]): StagedFolder {
    this.#names.push(...files.map((file) => ({ name: `${name}/${file.name}`, role: 'media' as const })));
    return super.createFolder(name, files);
  }

  override async commit(): Promise<void> {
    super.commit();
    const ofRole = (role: FileRole) =>
      this.#names.filter((file) => file.role === role).map(({ name }) => name);
    /** Objects that no manifest refers to yet. */
    const sent: string[] = [];
    const { s3, location, replace } = this.#target;
    const mark = replace ? undefined : new UnfinishedMark(s3, location);
    await mark?.begin(this.#names.map(({ name }) => name));
    try {
      await inParallel(ofRole('media'), async (name) => {
        await this.#send(name, false);
        sent.push(name);
      });
      await mark?.assertOwn();
      for (const name of ofRole('manifest')) {
        await this.#send(name, replace);
        if (replace) sent.length = 0;
        else sent.push(name);
      }
    } catch (error) {
      await this.#remove(sent);
      await mark?.end();
      throw error;
    }
    await mark?.end();
    await this.#remove(this.#unused.map((path) => path.split(sep).join('/')));
  }

  override replaces(paths: readonly string[]): void {
    super.replaces(paths);
    this.#unused.push(...paths);
  }

  #send(name: string, replace: boolean): Promise<void> {
    const { s3, location, signal } = this.#target;
    return putFile(s3, { location: below(location, name), path: join(this.path, name), replace, signal });
  }

  #remove(names: readonly string[]): Promise<void> {
    return remove(this.#target.s3, this.#target.location, names);
  }
}

function below({ bucket, key, shown }: S3Location, name: string): S3Location {
  return { kind: 's3', bucket, key: `${key}${name}`, shown: `${shown}${name}` };
}
