import type { ByteSource } from '../../bytes/source.js';
import type { Threads } from '../types.js';
import type { Crew } from './crew.js';
import { STRETCH_BYTES } from './stretch.js';
import { threadCount } from './thread-count.js';

/**
 * Starts the threads that are to write the output beside this one, if so large an input is worth any. Whoever starts a
 * crew stops it.
 * @throws PrpackError INVALID_ARGUMENT
 */
export async function startCrew(
  { file, sizeBytes }: ByteSource,
  asked: Threads = 'auto',
  stretchBytes = STRETCH_BYTES,
): Promise<Crew | undefined> {
  const threads = threadCount(asked, sizeBytes, stretchBytes);
  if (!file || threads === 1) return undefined;
  const { Crew } = await import('./crew.js');
  return new Crew(threads - 1);
}
