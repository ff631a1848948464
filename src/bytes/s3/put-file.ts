import { type FileHandle, open } from 'node:fs/promises';
import { outputFailure } from '../write.js';
import type { S3 } from './client.js';
import { PART_BYTES, PartUpload } from './part-upload.js';
import { checksumOf, Upload, type UploadTarget } from './upload.js';

/** What is put where. */
export interface FileToPut extends UploadTarget {
  /** Of the local file. */
  readonly path: string;
}

/**
 * Makes an object of a file: it appears whole or not at all. Of each part the server verifies the CRC-32 that was taken here.
 * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED, ABORTED
 */
export async function putFile(s3: S3, { path, ...target }: FileToPut): Promise<void> {
  const { shown } = target.location;
  const handle = await openFile(path, shown);
  try {
    const { size } = await handle.stat();
    const file = {
      sizeBytes: size,
      read: (bytes: Uint8Array, offsetBytes: number) => readFully(handle, bytes, offsetBytes, shown),
    };
    await (size <= PART_BYTES ? putAtOnce(s3, file, target) : putInParts(s3, file, target));
  } finally {
    await handle.close();
  }
}

type OpenedFile = ConstructorParameters<typeof PartUpload>[1];

async function putAtOnce(s3: S3, file: OpenedFile, target: UploadTarget): Promise<void> {
  const upload = new Upload(s3, target);
  const bytes = Buffer.allocUnsafeSlow(file.sizeBytes);
  await file.read(bytes, 0);
  const command = new s3.sdk.PutObjectCommand({
    ...upload.object,
    ...upload.described,
    ...upload.condition,
    Body: bytes,
    ChecksumCRC32: checksumOf(bytes),
  });
  await upload.publish(() => s3.client.send(command, upload.stoppable));
}

async function putInParts(s3: S3, file: OpenedFile, target: UploadTarget): Promise<void> {
  const upload = new PartUpload(s3, file, target);
  try {
    await upload.complete();
  } finally {
    await upload.abort();
  }
}

async function openFile(path: string, shown: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    throw outputFailure(shown, 'cannot be read back', cause);
  }
}

/** @throws PrpackError OUTPUT_FAILED */
async function readFully(
  handle: FileHandle,
  bytes: Uint8Array,
  offsetBytes: number,
  shown: string,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offsetBytes + done);
    if (bytesRead === 0) throw outputFailure(shown, 'cannot be read back', undefined);
    done += bytesRead;
  }
}
