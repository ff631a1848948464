import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { existsAlready } from '../sinks/file-sink.js';
import { outputFailure } from '../write.js';
import type { S3 } from './client.js';
import { contentTypeOf } from './content-type.js';
import { s3Failure, statusOf } from './failure.js';
import { inParallel } from './in-parallel.js';
import type { S3Location } from './location.js';

/** What is put where. */
export interface FileToPut {
  readonly location: S3Location;
  /** Of the local file. */
  readonly path: string;
  /** Whether an object that is there may be replaced. */
  readonly replace: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** All parts but the last have this size at least (5 MiB is the least that S3 takes); a smaller file goes in one request. */
const PART_BYTES = 8 * 2 ** 20;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;

/** Metadata by which an upload knows its own object again, when nobody heard whether it was completed. */
const MARK = 'prpack-upload';

/**
 * Makes an object of a file: it appears whole or not at all. Of each part the server verifies the CRC-32 that was taken here.
 * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED, ABORTED
 */
export async function putFile(s3: S3, { path, ...target }: FileToPut): Promise<void> {
  const file = await openFile(path, target.location.shown);
  try {
    const { size } = await file.stat();
    const put = new Put(s3, file, size, target);
    await (size <= PART_BYTES ? put.atOnce() : put.inParts());
  } finally {
    await file.close();
  }
}

async function openFile(path: string, shown: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    throw outputFailure(shown, 'cannot be read back', cause);
  }
}

class Put {
  readonly #s3: S3;
  readonly #file: FileHandle;
  readonly #sizeBytes: number;
  readonly #target: Omit<FileToPut, 'path'>;
  readonly #mark = randomUUID();
  readonly #stop = new AbortController();

  constructor(s3: S3, file: FileHandle, sizeBytes: number, target: Omit<FileToPut, 'path'>) {
    this.#s3 = s3;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#target = target;
  }

  async atOnce(): Promise<void> {
    const { client, sdk } = this.#s3;
    const bytes = await this.#read(0, this.#sizeBytes);
    const command = new sdk.PutObjectCommand({
      ...this.#object,
      ...this.#marked,
      ...this.#condition,
      Body: bytes,
      ChecksumCRC32: checksumOf(bytes),
    });
    await this.#publish(() => client.send(command, this.#stoppable));
  }

  async inParts(): Promise<void> {
    const { client, sdk } = this.#s3;
    const uploadId = await this.#begin();
    try {
      const parts = await this.#sendParts(uploadId);
      const command = new sdk.CompleteMultipartUploadCommand({
        ...this.#object,
        ...this.#condition,
        UploadId: uploadId,
        MultipartUpload: { Parts: parts },
      });
      await this.#publish(() => client.send(command, this.#stoppable));
    } catch (error) {
      await this.#abort(uploadId);
      throw s3Failure(error, this.#target.location.shown, 'write');
    }
  }

  async #begin(): Promise<string> {
    const { client, sdk } = this.#s3;
    const command = new sdk.CreateMultipartUploadCommand({
      ...this.#object,
      ...this.#marked,
      ChecksumAlgorithm: 'CRC32',
    });
    try {
      return (await client.send(command, this.#stoppable)).UploadId!;
    } catch (error) {
      throw s3Failure(error, this.#target.location.shown, 'write');
    }
  }

  /** When one part fails, the others are stopped: none may arrive after the upload was aborted. */
  async #sendParts(uploadId: string): Promise<CompletedPart[]> {
    const partBytes = Math.max(PART_BYTES, Math.ceil(this.#sizeBytes / MAX_PARTS));
    const count = Math.ceil(this.#sizeBytes / partBytes);
    const parts: CompletedPart[] = Array.from({ length: count });
    await inParallel(parts, async (_, part) => {
      try {
        parts[part] = await this.#sendPart(uploadId, part, partBytes);
      } catch (error) {
        this.#stop.abort();
        throw error;
      }
    });
    return parts;
  }

  async #sendPart(uploadId: string, part: number, partBytes: number): Promise<CompletedPart> {
    const { client, sdk } = this.#s3;
    const startBytes = part * partBytes;
    const bytes = await this.#read(startBytes, Math.min(partBytes, this.#sizeBytes - startBytes));
    const sent = { PartNumber: part + 1, ChecksumCRC32: checksumOf(bytes) };
    const command = new sdk.UploadPartCommand({
      ...this.#object,
      ...sent,
      UploadId: uploadId,
      Body: bytes,
    });
    const { ETag } = await client.send(command, this.#stoppable);
    return { ...sent, ETag };
  }

  /** Whatever the answer: when the object has the mark of this upload, it is done. */
  async #publish(send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (await this.#isDone()) return;
      const { shown } = this.#target.location;
      const isTaken = this.#target.replace ? false : [409, 412].includes(statusOf(error) ?? 0);
      throw isTaken ? existsAlready(shown) : s3Failure(error, shown, 'write');
    }
  }

  async #isDone(): Promise<boolean> {
    const { client, sdk } = this.#s3;
    try {
      const { Metadata } = await client.send(new sdk.HeadObjectCommand(this.#object));
      return Metadata?.[MARK] === this.#mark;
    } catch {
      return false; // what failed before says more
    }
  }

  /** Parts that were sent are paid for until they are removed. */
  async #abort(uploadId: string): Promise<void> {
    const { client, sdk } = this.#s3;
    const command = new sdk.AbortMultipartUploadCommand({ ...this.#object, UploadId: uploadId });
    await client.send(command).catch(() => {}); // a lifecycle rule has to: docs/s3.md
  }

  async #read(startBytes: number, lengthBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    for (let done = 0; done < lengthBytes; ) {
      const { bytesRead } = await this.#file.read(bytes, done, lengthBytes - done, startBytes + done);
      if (bytesRead === 0) throw outputFailure(this.#target.location.shown, 'cannot be read back', undefined);
      done += bytesRead;
    }
    return bytes;
  }

  get #object() {
    const { bucket, key } = this.#target.location;
    return { Bucket: bucket, Key: key };
  }

  get #marked() {
    return { Metadata: { [MARK]: this.#mark }, ContentType: contentTypeOf(this.#target.location.key) };
  }

  get #condition() {
    return this.#target.replace ? {} : { IfNoneMatch: '*' };
  }

  get #stoppable() {
    const { signal } = this.#target;
    return { abortSignal: signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal };
  }
}

/** Base64 of the four bytes of CRC-32, as S3 takes it. */
function checksumOf(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}
