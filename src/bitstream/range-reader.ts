/**
 * Gives the bytes of a sample from `offsetInSample` on: at least `lengthBytes` of them, or all up to the end of
 * the sample when there are fewer; more are welcome. The bytes must stay as they are until the next call.
 */
export type PeekSample = (offsetInSample: number, lengthBytes: number) => Uint8Array;

/** Takes the bytes of a sample in order: each byte is in exactly one call. */
export interface RangeSink {
  /** The next `sizeBytes` bytes are headers, sizes or metadata, and must stay clear. */
  clear(sizeBytes: number): void;
  /** The next `sizeBytes` bytes, 1 or more, are one range of coded picture data: a tile of AV1, a frame of VP9. */
  media(sizeBytes: number): void;
}

/**
 * Finds the coded picture data in the samples of one track whose codec is not made of NAL units. It remembers what
 * the headers of later samples depend on, so it is given every sample of its track, once, in decoding order.
 */
export interface RangeReader {
  /**
   * Reads the headers of one whole sample.
   * @throws PrpackError MALFORMED_INPUT for a broken header, or one that depends on a frame that was not read;
   *   UNSUPPORTED_FEATURE for syntax that may not occur in a file. After an error the reader is of no more use.
   */
  read(sampleSizeBytes: number, peek: PeekSample, sink: RangeSink): void;
  /**
   * Forgets all frames, as is needed when samples are left out: the next sample must then start with a frame that
   * refers to no other.
   */
  restart(): void;
}
