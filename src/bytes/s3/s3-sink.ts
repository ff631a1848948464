import { read, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StagedSink } from '../sink.js';
import { existsAlready } from '../sinks/file-sink.js';
import { assertFreeSpace } from '../sinks/free-space.js';
import { StagedFile } from '../sinks/staged-file.js';
import { type OutputHandle, outputFailure } from '../write.js';
import { openS3, type S3 } from './client.js';
import { s3Failure, statusOf } from './failure.js';
import { isThere } from './is-there.js';
import { parseS3Location, type S3Location } from './location.js';
import { type FileOfParts, PART_BYTES, PartUpload } from './part-upload.js';
import { putFile } from './put-file.js';
import { temporaryFolder } from './temporary-folder.js';

/** How an output of S3 is opened. */
export interface S3SinkOptions {
  /** Whether an object that is there may be replaced. */
  readonly replace: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A temporary file whose parts may be sent while others are written. */
class SentFile extends StagedFile {
  readonly written: (startBytes: number, lengthBytes: number) => void;

  constructor(path: string, temporaryPath: string, written: SentFile['written']) {
    super(path, temporaryPath, 0o600);
    this.written = written;
  }
}

/**
 * An object of S3: it is written and read back as a local temporary file that only this user can read. What is written at any place is sent
 * meanwhile, in parts that nobody sees before the object is committed.
 */
export class S3Sink implements StagedSink {
  readonly path: string;
  readonly isStaged = true;
  readonly staged: SentFile;
  readonly #s3: S3;
  readonly #location: S3Location;
  readonly #options: S3SinkOptions;
  readonly #folder: string;
  /** As planned. */
  #plannedBytes = 0;
  #upload: PartUpload | undefined;

  private constructor(s3: S3, location: S3Location, options: S3SinkOptions) {
    this.#s3 = s3;
    this.#location = location;
    this.#options = options;
    this.path = location.shown;
    this.#folder = temporaryFolder(location.shown);
    const onWritten = (startBytes: number, lengthBytes: number) =>
      this.#uploaded()?.written(startBytes, lengthBytes);
    this.staged = new SentFile(location.shown, join(this.#folder, 'output'), onWritten);
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
    this.#plannedBytes = sizeBytes;
  }

  /** The object is what has to last, and not the file. */
  flush(): void {
    this.staged.writeGathered();
  }

  async commit(): Promise<void> {
    if (this.#upload) return this.#upload.complete();
    await putFile(this.#s3, {
      location: this.#location,
      path: this.staged.temporaryPath,
      ...this.#options,
    });
  }

  async abort(): Promise<void> {
    await this.#upload?.abort();
    this.staged.close();
    rmSync(this.#folder, { recursive: true, force: true });
    this.#s3.client.destroy();
  }

  /** What sends the parts; undefined for an output that goes in one request. */
  #uploaded(): PartUpload | undefined {
    const sizeBytes = this.#plannedBytes;
    if (sizeBytes <= PART_BYTES) return undefined;
    const file: FileOfParts = {
      sizeBytes,
      read: (target, offsetBytes) => readStaged(this.staged.handle, target, offsetBytes),
    };
    const target = { location: this.#location, ...this.#options };
    this.#upload ??= new PartUpload(this.#s3, file, target);
    return this.#upload;
  }
}

const readSome = promisify(read);

async function readStaged(
  { fd, path }: OutputHandle,
  target: Uint8Array,
  offsetBytes: number,
): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await readSome(fd, target, done, target.length - done, offsetBytes + done);
    if (bytesRead === 0) throw outputFailure(path, 'cannot be read back', undefined);
    done += bytesRead;
  }
}

async function assertFree(s3: S3, location: S3Location, { replace, signal }: S3SinkOptions): Promise<void> {
  const { client, sdk } = s3;
  const options = signal ? { abortSignal: signal } : {};
  await client.send(new sdk.HeadBucketCommand({ Bucket: location.bucket }), options).catch((error) => {
    if (statusOf(error) === 403) return; // not everybody who may write may ask this
    // An answer without a body has no code of its own.
    throw statusOf(error) === 404 ? Object.assign(error, { name: 'NoSuchBucket' }) : error;
  });
  if (!replace && (await isThere(s3, location, options))) throw existsAlready(location.shown);
}
