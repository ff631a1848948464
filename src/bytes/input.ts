import { PrpackError } from '../errors.js';
import { isHttpUrl, parseHttpLocation } from './http/location.js';
import { isS3Url, parseS3Location } from './s3/location.js';
import { type ByteSource, FileSource } from './source.js';

/**
 * Opens what an input is named by: the path of a file, an http or https URL, or `s3://bucket/key`.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, ABORTED
 */
export async function openInput(name: string, signal: AbortSignal | undefined): Promise<ByteSource> {
  if (name === '-') throw noStream();
  if (!isRemote(name)) return new FileSource(name);
  const { RemoteSource } = await import('./remote/remote-source.js');
  return RemoteSource.open(isS3Url(name) ? parseS3Location(name) : parseHttpLocation(name), { signal });
}

/** Whether a name is that of something on a server, and no path. */
export function isRemote(name: string): boolean {
  return isHttpUrl(name) || isS3Url(name);
}

function noStream(): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'standard input cannot be read at random places', {
    remedy: 'Write it to a file first, and give the path; only encrypt takes -. A file of that name is ./-.',
  });
}
