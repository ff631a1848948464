import { checkOptions } from '../../settings/check.js';
import type { BatchOptions, BatchResult } from './types.js';

/**
 * Encrypts many files, as `encrypt` does each, and packages many titles, as `packageTitle` does each, in one process and on threads that are started once. A job that fails does not stop the
 * others: how each ended stands in the results file, and `failed` says how many there were.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, KEY_REQUIRED before anything is begun; OUTPUT_FAILED when
 *   the results file is in use or cannot be written
 */
export async function encryptBatch(options: BatchOptions): Promise<BatchResult> {
  checkOptions('encryptBatch', options);
  const { runBatch } = await import('./run.js');
  return runBatch(options);
}
