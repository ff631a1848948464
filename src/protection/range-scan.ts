import { createRangeReader, RANGE_CODECS } from '../bitstream/range-readers.js';
import { RangeSubsampleMapper } from '../cenc/range-subsamples.js';
import type { CodecDescription } from '../isobmff/codec-reader.js';
import type { SubsampleReader } from './scan.js';

/**
 * Reads the samples of a codec that is not made of NAL units.
 * @throws PrpackError MALFORMED_INPUT
 */
export function rangeReaderOf({ fourcc, configuration }: CodecDescription): SubsampleReader {
  const kind = RANGE_CODECS[fourcc];
  const reader = createRangeReader(kind, configuration!);
  return (builder, { scheme, perSampleIvSize }) =>
    new RangeSubsampleMapper(kind, reader, scheme, perSampleIvSize, builder);
}
