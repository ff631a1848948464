import type { RawBitReader } from '../raw-bit-reader.js';
import type { SegmentQ } from './references.js';
import type { Av1SequenceHeader } from './sequence-header.js';

export interface Av1Quantization {
  /** `base_q_idx`, 0 to 255. */
  readonly baseQIndex: number;
  /** Whether DC and AC of all planes use that index as it is. */
  readonly hasNoDeltas: boolean;
}

/** quantization_params(), 5.9.12. */
export function readAv1Quantization(
  reader: RawBitReader,
  { numPlanes, separateUvDeltaQ }: Av1SequenceHeader,
): Av1Quantization {
  const baseQIndex = reader.u(8);
  let hasNoDeltas = readDelta(reader) === 0; // DeltaQYDc
  if (numPlanes > 1) {
    const isDifferent = separateUvDeltaQ && reader.flag(); // diff_uv_delta
    for (let i = 0; i < (isDifferent ? 4 : 2); i++) hasNoDeltas = readDelta(reader) === 0 && hasNoDeltas;
  }
  if (reader.flag()) reader.skip(4 + 4 + (separateUvDeltaQ ? 4 : 0)); // using_qmatrix, qm_y, qm_u, qm_v
  return { baseQIndex, hasNoDeltas };
}

/** read_delta_q(), 5.9.13. */
function readDelta(reader: RawBitReader): number {
  return reader.flag() ? reader.su(1 + 6) : 0;
}

const MAX_SEGMENTS = 8;
/** Bits of the values of features 1 to 7, their sign among them (Segmentation_Feature_Bits and _Signed). */
const OTHER_FEATURE_BITS = [7, 7, 7, 7, 3, 0, 0];
const NO_SEGMENTS: SegmentQ = new Array<undefined>(MAX_SEGMENTS).fill(undefined);

/**
 * segmentation_params(), 5.9.14. Of the features only the first, SEG_LVL_ALT_Q, has a bearing on headers.
 * @param previous the segmentation of the primary reference frame; absent when there is none
 */
export function readAv1Segmentation(reader: RawBitReader, previous: (() => SegmentQ) | undefined): SegmentQ {
  if (!reader.flag()) return NO_SEGMENTS; // segmentation_enabled
  if (previous) {
    if (reader.flag()) reader.skip(1); // segmentation_update_map, segmentation_temporal_update
    if (!reader.flag()) return previous(); // segmentation_update_data
  }
  return Array.from({ length: MAX_SEGMENTS }, () => readSegment(reader));
}

function readSegment(reader: RawBitReader): number | undefined {
  const q = reader.flag() ? reader.su(1 + 8) : undefined; // clipped to −255 by 5.9.14: no difference to lossless
  for (const bits of OTHER_FEATURE_BITS) if (reader.flag()) reader.skip(bits);
  return q;
}

/** CodedLossless (5.9.2): the quantizer index of every segment, by get_qidx() of 7.12.2, is 0. */
export function isLossless({ baseQIndex, hasNoDeltas }: Av1Quantization, segmentQ: SegmentQ): boolean {
  return hasNoDeltas && segmentQ.every((q) => baseQIndex + (q ?? 0) <= 0);
}
