import { DEFAULT_LIMITS } from '../remote/request-limits.js';
import { openS3 } from './client.js';
import { parseS3Location } from './location.js';
import { S3RangeReader } from './range-reader.js';

/**
 * All bytes of an object that is small: a list, subtitles, keys. It takes no thread, as it is not read at random places.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE
 */
export async function readObject(url: string): Promise<Uint8Array> {
  const location = parseS3Location(url);
  const s3 = await openS3();
  try {
    const reader = new S3RangeReader(location, DEFAULT_LIMITS, s3);
    const bytes = new Uint8Array(await reader.open());
    let at = 0;
    await reader.read(0, bytes.length, (part) => {
      bytes.set(part, at);
      at += part.length;
    });
    return bytes;
  } finally {
    s3.client.destroy();
  }
}
