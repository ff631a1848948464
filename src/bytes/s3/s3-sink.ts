import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StagedSink } from '../sink.js';
import { existsAlready } from '../sinks/file-sink.js';
import { assertFreeSpace } from '../sinks/free-space.js';
import { StagedFile } from '../sinks/staged-file.js';
import { openS3, type S3 } from './client.js';
import { s3Failure, statusOf } from './failure.js';
import { parseS3Location, type S3Location } from './location.js';
import { putFile } from './put-file.js';
import { temporaryFolder } from './temporary-folder.js';

/** How an output of S3 is opened. */
export interface S3SinkOptions {
  /** Whether an object that is there may be replaced. */
  readonly replace: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** An object of S3: it is written and read back as a local temporary file that only this user can read, and sent when it is committed. */
export class S3Sink implements StagedSink {
  readonly path: string;
  readonly isStaged = true;
  readonly staged: StagedFile;
  readonly #s3: S3;
  readonly #location: S3Location;
  readonly #options: S3SinkOptions;
  readonly #folder: string;

  private constructor(s3: S3, location: S3Location, options: S3SinkOptions) {
    this.#s3 = s3;
    this.#location = location;
    this.#options = options;
    this.path = location.shown;
    this.#folder = temporaryFolder(location.shown);
    this.staged = new StagedFile(location.shown, join(this.#folder, 'output'), 0o600);
  }

  /**
   * Asks the server for the bucket and the object, so that what cannot be published is not made.
   * @throws PrpackError INVALID_ARGUMENT, OUTPUT_EXISTS, OUTPUT_FAILED, ABORTED
   */
  static async open(url: string, options: S3SinkOptions): Promise<S3Sink> {
    const location = parseS3Location(url);
    const s3 = await openS3();
    try {
      await assertFree(s3, location, options);
      return new S3Sink(s3, location, options);
    } catch (error) {
      s3.client.destroy();
      throw s3Failure(error, location.shown, 'write');
    }
  }

  get sizeBytes(): number {
    return this.staged.sizeBytes;
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.staged.append(bytes);
  }

  assertRoom(sizeBytes: number): void {
    assertFreeSpace(this.staged.temporaryPath, sizeBytes);
  }

  flush(): void {
    this.staged.flush();
  }

  async commit(): Promise<void> {
    this.staged.close();
    await putFile(this.#s3, {
      location: this.#location,
      path: this.staged.temporaryPath,
      ...this.#options,
    });
  }

  abort(): void {
    this.staged.close();
    rmSync(this.#folder, { recursive: true, force: true });
    this.#s3.client.destroy();
  }
}

async function assertFree(
  { client, sdk }: S3,
  { bucket, key, shown }: S3Location,
  { replace, signal }: S3SinkOptions,
): Promise<void> {
  const options = signal ? { abortSignal: signal } : {};
  await client.send(new sdk.HeadBucketCommand({ Bucket: bucket }), options).catch((error) => {
    if (statusOf(error) === 403) return; // not everybody who may write may ask this
    // An answer without a body has no code of its own.
    throw statusOf(error) === 404 ? Object.assign(error, { name: 'NoSuchBucket' }) : error;
  });
  if (replace) return;
  const head = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key });
  const isThere = await client.send(head, options).then(
    () => true,
    (error) => {
      if (statusOf(error) === 404 || statusOf(error) === 403) return false; // 403: where objects may not be listed
      throw error;
    },
  );
  if (isThere) throw existsAlready(shown);
}
