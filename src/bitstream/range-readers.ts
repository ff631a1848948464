import { createAv1RangeReader } from './av1/range-reader.js';
import type { RangeReader } from './range-reader.js';
import { createVp9RangeReader } from './vp9/range-reader.js';

/** Codecs whose samples a {@link RangeReader} can read. */
export type RangeCodecKind = 'av1' | 'vp9';

/** One row a codec, by the fourcc of its sample entries. VP8 (`vp08`) has none: no Common Encryption is defined for it. */
export const RANGE_CODECS: Readonly<Record<string, RangeCodecKind>> = {
  av01: 'av1',
  dav1: 'av1', // Dolby Vision on an AV1 base
  vp09: 'vp9',
};

const READERS: Record<RangeCodecKind, (configuration: Uint8Array) => RangeReader> = {
  av1: createAv1RangeReader,
  vp9: createVp9RangeReader,
};

/**
 * A reader for one track (it remembers frames, so tracks do not share it).
 * @param configuration the body of the box that configures the decoder: `av1C`, or `vpcC`, of which nothing is needed
 * @throws PrpackError MALFORMED_INPUT
 */
export function createRangeReader(kind: RangeCodecKind, configuration: Uint8Array): RangeReader {
  return READERS[kind](configuration);
}
