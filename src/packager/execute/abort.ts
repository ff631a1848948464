import { PrpackError } from '../../errors.js';

/** @throws PrpackError ABORTED */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedBy(signal);
}

export function abortedBy(signal: AbortSignal): PrpackError {
  const remedy = 'Nothing was published; run it again.';
  return new PrpackError('ABORTED', 'the job was stopped', { remedy }, signal.reason);
}
