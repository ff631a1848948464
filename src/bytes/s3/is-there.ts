import type { S3 } from './client.js';
import { statusOf } from './failure.js';
import type { S3Location } from './location.js';

/**
 * Whether there is such an object, as far as these credentials may know: where they may not list objects, S3 says of one that is not there that
 * access is denied.
 * @throws what the SDK throws
 */
export async function isThere(
  { client, sdk }: S3,
  { bucket, key }: S3Location,
  options: { readonly abortSignal?: AbortSignal } = {},
): Promise<boolean> {
  try {
    await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), options);
    return true;
  } catch (error) {
    if ([403, 404].includes(statusOf(error) ?? 0)) return false;
    throw error;
  }
}
