import type { PeekSample, RangeReader, RangeSink } from '../bitstream/range-reader.js';
import type { RangeCodecKind } from '../bitstream/range-readers.js';
import { PrpackError } from '../errors.js';
import { BLOCK_BYTES, type IvSize, type Scheme } from './scheme.js';
import { maxSubsamples, type SubsampleBuilder, type SubsampleMapper } from './subsamples.js';

/** How ranges of coded picture data become subsamples. */
interface RangeRule {
  /** Protected ranges are multiples of this and end where the range ends; the rest of it joins the clear bytes before. */
  readonly unitBytes: number;
  /** Whether every range must have its subsample, so that a sample with too many of them is refused. */
  readonly keepsAll: boolean;
}

/**
 * One row a codec.
 * - AV1 (AV1 in ISO BMFF 5.1): under schemes of whole blocks the last blocks of a tile. Where `saiz` cannot express all
 *   subsamples, the smallest tiles stay clear, as slices of AVC and HEVC do (see {@link SubsampleBuilder}). Under
 *   cbcs each tile has a subsample from its first byte to its last; a sample with too many is refused.
 * - VP9 (VP codec ISO media file format binding, Common Encryption): the last blocks of a frame, under all schemes.
 */
const RULES: Record<RangeCodecKind, (scheme: Scheme) => RangeRule> = {
  av1: ({ protectedUnitBytes }) => ({ unitBytes: protectedUnitBytes, keepsAll: protectedUnitBytes === 1 }),
  vp9: () => ({ unitBytes: BLOCK_BYTES, keepsAll: false }),
};

/** Maps the samples of one track of AV1 or VP9 to subsamples, in decoding order. */
export class RangeSubsampleMapper implements SubsampleMapper, RangeSink {
  readonly #reader: RangeReader;
  readonly #builder: SubsampleBuilder;
  readonly #rule: RangeRule;
  readonly #maxRanges: number;
  #ranges = 0;

  /** @param builder made for the same scheme and size of IVs */
  constructor(
    kind: RangeCodecKind,
    reader: RangeReader,
    scheme: Scheme,
    ivSizeBytes: 0 | IvSize,
    builder: SubsampleBuilder,
  ) {
    this.#reader = reader;
    this.#builder = builder;
    this.#rule = RULES[kind](scheme);
    this.#maxRanges = this.#rule.keepsAll ? maxSubsamples(ivSizeBytes) : Number.POSITIVE_INFINITY;
  }

  map(sampleSizeBytes: number, peek: PeekSample): void {
    this.#ranges = 0;
    this.#builder.begin();
    this.#reader.read(sampleSizeBytes, peek, this);
    if (this.#ranges > this.#maxRanges) throw tooManyRanges(this.#maxRanges, this.#ranges);
    this.#builder.end(sampleSizeBytes);
  }

  clear(sizeBytes: number): void {
    this.#builder.clear(sizeBytes);
  }

  media(sizeBytes: number): void {
    this.#ranges++;
    const clearBytes = sizeBytes % this.#rule.unitBytes;
    if (clearBytes === sizeBytes) this.#builder.clear(sizeBytes);
    else this.#builder.slice(clearBytes, sizeBytes);
  }
}

function tooManyRanges(expected: number, received: number): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `a sample has ${received} tiles, each of which needs a subsample, but its 8-bit size field can express ${expected}`,
    {
      expected,
      received,
      clause: 'AV1 in ISO BMFF 5.1',
      remedy: 'Encode the video with fewer tiles, or protect it by the scheme cenc.',
    },
  );
}
