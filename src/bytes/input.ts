import { PrpackError } from '../errors.js';
import { isHttpUrl } from './http/location.js';
import { type ByteSource, FileSource } from './source.js';

/**
 * Opens what an input is named by: the path of a file, or an http or https URL.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, ABORTED
 */
export async function openInput(name: string, signal: AbortSignal | undefined): Promise<ByteSource> {
  if (name === '-') throw noStream();
  if (!isHttpUrl(name)) return new FileSource(name);
  const { HttpSource } = await import('./http/http-source.js');
  return HttpSource.open(name, { signal });
}

function noStream(): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'standard input cannot be read at random places', {
    remedy: 'Write it to a file first, and give the path; only encrypt takes -. A file of that name is ./-.',
  });
}
