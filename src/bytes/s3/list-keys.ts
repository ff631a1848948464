import type { S3 } from './client.js';
import { aborted, s3Failure } from './failure.js';
import type { S3Location } from './location.js';

/**
 * All keys that begin as the location says, in the order of their bytes.
 * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE, ABORTED
 */
export async function listKeys(
  { client, sdk }: S3,
  { bucket, key, shown }: S3Location,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const keys: string[] = [];
  const pages = sdk.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: key });
  try {
    for await (const { Contents = [] } of pages) {
      if (signal?.aborted) throw aborted(shown);
      keys.push(...Contents.map((object) => object.Key!));
    }
  } catch (error) {
    throw s3Failure(error, shown, 'read');
  }
  return keys;
}
