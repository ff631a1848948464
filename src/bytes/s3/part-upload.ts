import type { CompletedPart } from '@aws-sdk/client-s3';
import type { S3 } from './client.js';
import { checksumOf, Upload, type UploadTarget } from './upload.js';

/** All parts but the last have this size at least (5 MiB is the least that S3 takes); a smaller file goes in one request. */
export const PART_BYTES = 8 * 2 ** 20;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
/** Requests at once: one connection to S3 is slower than the network. */
const AT_ONCE = 4;

/** A file of known size, of which bytes are there when they were reported as written. */
export interface FileOfParts {
  readonly sizeBytes: number;
  /** Fills the target. */
  read(target: Uint8Array, offsetBytes: number): Promise<void>;
}

/**
 * Makes an object of a file by parts, each of which is sent as soon as it is written. Nobody sees any of it before it is completed. Of each
 * part the server verifies the CRC-32 that was taken here.
 */
export class PartUpload {
  readonly #upload: Upload;
  readonly #file: FileOfParts;
  readonly #partBytes: number;
  readonly #parts: CompletedPart[];
  /** Of each part, how many bytes are not written yet. */
  readonly #missingBytes: number[];
  /** Parts that are written and not sent, those written first first. */
  readonly #ready: number[] = [];
  readonly #senders = new Set<Promise<void>>();
  /** Memory of parts, used again. */
  readonly #memories: Buffer[] = [];
  #uploadId: Promise<string> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isPublished = false;

  constructor(s3: S3, file: FileOfParts, target: UploadTarget) {
    this.#upload = new Upload(s3, target);
    this.#file = file;
    this.#partBytes = Math.max(PART_BYTES, Math.ceil(file.sizeBytes / MAX_PARTS));
    const count = Math.ceil(file.sizeBytes / this.#partBytes);
    this.#parts = Array.from({ length: count });
    this.#missingBytes = Array.from({ length: count }, (_, part) => this.#lengthOf(part));
  }

  /**
   * Called for bytes of the file, in any order, once for each byte.
   * @throws PrpackError what any part has failed by, as nothing will come of the rest
   */
  written(startBytes: number, lengthBytes: number): void {
    if (this.#failure) throw this.#upload.failure(this.#failure.error);
    const endBytes = startBytes + lengthBytes;
    for (let at = startBytes; at < endBytes; ) {
      const part = Math.floor(at / this.#partBytes);
      const end = Math.min(endBytes, (part + 1) * this.#partBytes);
      this.#missingBytes[part] -= end - at;
      if (this.#missingBytes[part] === 0) this.#send(part);
      at = end;
    }
  }

  /**
   * Publishes the object, when all of the file is there. Parts that nobody reported are sent now.
   * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED, ABORTED
   */
  async complete(): Promise<void> {
    for (const [part, missing] of this.#missingBytes.entries()) if (missing > 0) this.#send(part);
    while (this.#senders.size > 0) await Promise.all(this.#senders);
    const { s3, object, condition, stoppable } = this.#upload;
    if (this.#failure) throw this.#upload.failure(this.#failure.error);
    await this.#upload.assertFree().catch((error) => {
      throw this.#upload.failure(error);
    });
    const command = new s3.sdk.CompleteMultipartUploadCommand({
      ...object,
      ...condition,
      UploadId: await this.#uploadId!,
      MultipartUpload: { Parts: this.#parts },
    });
    await this.#upload.publish(() => s3.client.send(command, stoppable));
    this.#isPublished = true;
  }

  /** Removes what was sent, unless it is published: parts are paid for until they are removed, and none may arrive after that. */
  async abort(): Promise<void> {
    if (this.#isPublished || !this.#uploadId) return;
    this.#upload.stop();
    await Promise.all(this.#senders);
    const uploadId = await this.#uploadId.catch(() => undefined);
    if (uploadId === undefined) return;
    const { client, sdk } = this.#upload.s3;
    const command = new sdk.AbortMultipartUploadCommand({ ...this.#upload.object, UploadId: uploadId });
    await client.send(command).catch(() => {}); // a lifecycle rule has to: docs/s3.md
  }

  #lengthOf(part: number): number {
    return Math.min(this.#partBytes, this.#file.sizeBytes - part * this.#partBytes);
  }

  #send(part: number): void {
    this.#missingBytes[part] = 0;
    this.#ready.push(part);
    if (this.#senders.size >= AT_ONCE) return;
    const sender = this.#sendReady().finally(() => this.#senders.delete(sender));
    this.#senders.add(sender);
  }

  /** One part after the other; when one fails, the others are stopped. */
  async #sendReady(): Promise<void> {
    const memory = this.#memories.pop() ?? Buffer.allocUnsafeSlow(this.#partBytes);
    try {
      for (let part = this.#ready.shift(); part !== undefined; part = this.#ready.shift()) {
        if (this.#failure) return;
        this.#parts[part] = await this.#sendPart(part, memory.subarray(0, this.#lengthOf(part)));
      }
      this.#memories.push(memory);
    } catch (error) {
      this.#failure ??= { error };
      this.#upload.stop();
    }
  }

  async #sendPart(part: number, bytes: Buffer): Promise<CompletedPart> {
    const { client, sdk } = this.#upload.s3;
    this.#uploadId ??= this.#begin();
    const uploadId = await this.#uploadId;
    await this.#file.read(bytes, part * this.#partBytes);
    const sent = { PartNumber: part + 1, ChecksumCRC32: checksumOf(bytes) };
    const command = new sdk.UploadPartCommand({
      ...this.#upload.object,
      ...sent,
      UploadId: uploadId,
      Body: bytes,
    });
    const { ETag } = await client.send(command, this.#upload.stoppable);
    return { ...sent, ETag };
  }

  /** Is not stopped on its way: only who has the number of an upload can abort it. */
  async #begin(): Promise<string> {
    const { client, sdk } = this.#upload.s3;
    const command = new sdk.CreateMultipartUploadCommand({
      ...this.#upload.object,
      ...this.#upload.described,
      ChecksumAlgorithm: 'CRC32',
    });
    return (await client.send(command)).UploadId!;
  }
}
