import { openS3, type S3 } from './client.js';
import { inParallel } from './in-parallel.js';
import { parseS3Prefix, type S3Location } from './location.js';
import { removeUnfinished } from './unfinished.js';

/** What a job makes in S3. */
export interface S3Output {
  /** `s3://bucket/key`, or the prefix of a presentation, whose slash may be missing. */
  readonly url: string;
  readonly isPrefix: boolean;
}

/**
 * Removes what processes that were killed left of these outputs: uploads in parts, and presentations without their manifests. Only for who knows
 * that nobody else makes them. What cannot be removed stays: who makes an output there says what is wrong.
 */
export async function removeAbandonedUploads(outputs: readonly S3Output[]): Promise<void> {
  const byBucket = new Map<string, Place[]>();
  for (const place of outputs.map(placeOf)) {
    byBucket.set(place.bucket, [...(byBucket.get(place.bucket) ?? []), place]);
  }
  for (const places of byBucket.values()) await removeIn(places).catch(() => {});
}

interface Place extends S3Location {
  readonly isPrefix: boolean;
}

function placeOf({ url, isPrefix }: S3Output): Place {
  return { ...parseS3Prefix(isPrefix ? url.replace(/\/?$/, '/') : url), isPrefix };
}

/** @param places of one bucket */
async function removeIn(places: readonly Place[]): Promise<void> {
  const s3 = await openS3();
  try {
    const prefixes = places.filter(({ isPrefix }) => isPrefix);
    await Promise.allSettled([
      abortUploads(s3, places),
      inParallel(prefixes, (prefix) => removeUnfinished(s3, prefix).catch(() => {})),
    ]);
  } finally {
    s3.client.destroy();
  }
}

async function abortUploads({ client, sdk }: S3, places: readonly Place[]): Promise<void> {
  const keys = new Set(places.filter(({ isPrefix }) => !isPrefix).map(({ key }) => key));
  const prefixes = new Set(places.filter(({ isPrefix }) => isPrefix).map(({ key }) => key));
  const [{ bucket: Bucket }] = places as [Place];
  const Prefix = commonStart(places.map(({ key }) => key));
  let next: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (next) {
    const page: ListedUploads = await client.send(
      new sdk.ListMultipartUploadsCommand({ Bucket, Prefix, ...next }),
    );
    const own = (page.Uploads ?? []).filter(
      ({ Key = '' }) => keys.has(Key) || foldersOf(Key).some((folder) => prefixes.has(folder)),
    );
    await inParallel(own, async ({ Key, UploadId }) => {
      await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => {});
    });
    next = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      : undefined;
  }
}

type ListedUploads = import('@aws-sdk/client-s3').ListMultipartUploadsCommandOutput;

/** `a/` and `a/b/` of `a/b/c`. */
function foldersOf(key: string): string[] {
  const parts = key.split('/').slice(0, -1);
  return parts.map((_, i) => `${parts.slice(0, i + 1).join('/')}/`);
}

function commonStart(texts: readonly string[]): string {
  return texts.reduce((start, text) => {
    let length = 0;
    while (length < start.length && start[length] === text[length]) length++;
    return start.slice(0, length);
  });
}
