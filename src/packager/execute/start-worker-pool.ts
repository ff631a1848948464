import type { ByteSource } from '../../bytes/source.js';
import type { Threads } from '../types.js';
import { CHUNK_BYTES } from './chunk.js';
import { threadCount } from './thread-count.js';
import type { WorkerPool } from './worker-pool.js';

/**
 * Starts the threads that are to write the output besides this one, if so large an input is worth any. The caller that
 * starts a pool stops it.
 * @throws PrpackError INVALID_ARGUMENT
 */
export async function startWorkerPool(
  { file, sizeBytes }: Pick<ByteSource, 'file' | 'sizeBytes'>,
  asked: Threads = 'auto',
  chunkBytes = CHUNK_BYTES,
): Promise<WorkerPool | undefined> {
  const threads = threadCount(asked, sizeBytes, chunkBytes);
  if (!file || threads === 1) return undefined;
  const { WorkerPool } = await import('./worker-pool.js');
  return new WorkerPool(threads - 1);
}
