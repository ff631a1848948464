import { isS3Url } from '../s3/location.js';
import type { StagedSink } from '../sink.js';
import { FileSink } from './file-sink.js';

/** How an output is opened. */
export interface FileSinkOptions {
  /** Whether an existing output may be replaced. Default false. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An output that is named by the path of a file, or by `s3://bucket/key`.
 * @throws PrpackError INVALID_ARGUMENT, OUTPUT_EXISTS, OUTPUT_FAILED, ABORTED
 */
export async function openFileSink(
  name: string,
  { force: replace = false, signal }: FileSinkOptions,
): Promise<StagedSink> {
  if (!isS3Url(name)) return new FileSink(name, replace);
  const { S3Sink } = await import('../s3/s3-sink.js');
  return S3Sink.open(name, { replace, signal });
}
