import type { FetchAhead, ReadRange } from './block-loader.js';
import type { RemoteLocation } from './location.js';
import type { RequestLimits } from './request-limits.js';

/** Reads byte ranges of one file on a server, and sees to it that all are of the same state of it. */
export interface RangeReader {
  /**
   * Size of the file in bytes. To be called first.
   * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
   */
  open(): Promise<number>;
  /** @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE */
  readonly read: ReadRange;
  readonly ahead: FetchAhead;
}

/** What reads a file at such a place. */
export async function rangeReaderOf(location: RemoteLocation, limits: RequestLimits): Promise<RangeReader> {
  if (location.kind === 's3') {
    const { S3RangeReader } = await import('../s3/range-reader.js');
    return new S3RangeReader(location, limits);
  }
  const { RangeClient } = await import('../http/range-client.js');
  return new RangeClient(location, limits);
}
