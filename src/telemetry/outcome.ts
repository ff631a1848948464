import type { BatchEvent } from '../packager/batch/types.js';
import type { WorkEvent } from '../queue/work.js';

/** How a job ended, in one word; `retried`: it failed, and is to be tried again. */
export function outcomeOf(
  event: Extract<BatchEvent | WorkEvent, { readonly kind: 'ended' }>,
): 'done' | 'unchanged' | 'skipped' | 'failed' | 'retried' {
  if ('retryMs' in event && event.retryMs !== undefined) return 'retried';
  const { status, unchanged } = event.line;
  return status === 'done' && unchanged ? 'unchanged' : status;
}
