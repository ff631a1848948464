// What the client of S3 alone takes: downloads an object to a file, or uploads a file, by ranges and parts as prpack has them, four at once.
//
//   node bench/s3-client.mjs get bucket/key path | put path bucket/key

import { open } from 'node:fs/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

const PART_BYTES = 8 * 2 ** 20;
const AT_ONCE = 4;

const client = new S3Client({ forcePathStyle: true });

function objectOf(name) {
  const [bucket, ...key] = name.split('/');
  return { Bucket: bucket, Key: key.join('/') };
}

/** Does `work` on each part of so many bytes: its number, where it begins, and its length. */
async function onParts(sizeBytes, work) {
  const count = Math.ceil(sizeBytes / PART_BYTES);
  let next = 0;
  const some = async () => {
    while (next < count) {
      const part = next++;
      const startBytes = part * PART_BYTES;
      await work(part, startBytes, Math.min(PART_BYTES, sizeBytes - startBytes));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}

async function get(name, path) {
  const object = objectOf(name);
  const { ContentLength, ETag } = await client.send(new HeadObjectCommand(object));
  const file = await open(path, 'w');
  await onParts(ContentLength, async (_, startBytes, lengthBytes) => {
    const Range = `bytes=${startBytes}-${startBytes + lengthBytes - 1}`;
    const { Body } = await client.send(new GetObjectCommand({ ...object, Range, IfMatch: ETag }));
    let at = startBytes;
    for await (const bytes of Body) {
      await file.write(bytes, 0, bytes.length, at);
      at += bytes.length;
    }
  });
  await file.close();
}

async function put(path, name) {
  const object = objectOf(name);
  const file = await open(path);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const Parts = [];
  const { size } = await file.stat();
  await onParts(size, async (part, startBytes, lengthBytes) => {
    const Body = Buffer.allocUnsafeSlow(lengthBytes);
    await file.read(Body, 0, lengthBytes, startBytes);
    const sent = { ...object, UploadId, PartNumber: part + 1, Body };
    const { ETag } = await client.send(new UploadPartCommand(sent));
    Parts[part] = { PartNumber: part + 1, ETag };
  });
  const completion = { ...object, UploadId, MultipartUpload: { Parts } };
  await client.send(new CompleteMultipartUploadCommand(completion));
  await file.close();
}

const [verb, from, to] = process.argv.slice(2);
await { get, put }[verb](from, to);
client.destroy();
