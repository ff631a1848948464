import { removeAbandonedParts } from '../../bytes/output-directory.js';
import { isS3Url } from '../../bytes/s3/location.js';
import type { Job } from './types.js';

/**
 * Removes what processes and threads that died left of the outputs of these jobs: temporary files next to them, and unfinished uploads. Only for
 * who knows that nobody else makes them.
 */
export async function removeAbandoned(jobs: readonly Job[]): Promise<void> {
  const inBuckets = jobs.filter(({ output }) => isS3Url(output));
  removeAbandonedParts(jobs.map(({ output }) => output).filter((output) => !isS3Url(output)));
  if (inBuckets.length === 0) return;
  const { removeAbandonedUploads } = await import('../../bytes/s3/abandoned-uploads.js');
  await removeAbandonedUploads(
    inBuckets.map(({ output, title }) => ({ url: output, isPrefix: title !== undefined })),
  );
}
