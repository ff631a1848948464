import { openS3 } from './client.js';
import { s3Failure, statusOf } from './failure.js';
import { parseS3Location } from './location.js';

/**
 * Size in bytes and time of the last change, in milliseconds since 1970; undefined when there is no such object.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_UNREADABLE
 */
export async function stateOfObject(url: string): Promise<{ bytes: number; mtimeMs: number } | undefined> {
  const { bucket, key, shown } = parseS3Location(url);
  const { client, sdk } = await openS3();
  try {
    const { ContentLength, LastModified } = await client.send(
      new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }),
    );
    return { bytes: ContentLength!, mtimeMs: LastModified?.getTime() ?? 0 };
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw s3Failure(error, shown, 'read');
  } finally {
    client.destroy();
  }
}
