import type { RawBitReader } from '../raw-bit-reader.js';
import type { Av1SequenceHeader } from './sequence-header.js';

/** What switches filters off. */
export interface Av1FilterConditions {
  readonly codedLossless: boolean;
  readonly allLossless: boolean;
  readonly allowIntraBlockCopy: boolean;
}

/** loop_filter_params(), cdef_params() and lr_params(), 5.9.11, 5.9.19 and 5.9.20. */
export function readAv1Filters(
  reader: RawBitReader,
  sequence: Av1SequenceHeader,
  { codedLossless, allLossless, allowIntraBlockCopy }: Av1FilterConditions,
): void {
  if (allowIntraBlockCopy) return;
  if (!codedLossless) readLoopFilter(reader, sequence);
  if (!codedLossless && sequence.enableCdef) readCdef(reader, sequence);
  if (!allLossless && sequence.enableRestoration) readLoopRestoration(reader, sequence);
}

const TOTAL_REFS_PER_FRAME = 8;

function readLoopFilter(reader: RawBitReader, { numPlanes }: Av1SequenceHeader): void {
  const isOn = reader.u(6 + 6) > 0; // loop_filter_level[0], [1]
  if (numPlanes > 1 && isOn) reader.skip(6 + 6); // loop_filter_level[2], [3]
  reader.skip(3); // loop_filter_sharpness
  if (!reader.flag() || !reader.flag()) return; // loop_filter_delta_enabled, loop_filter_delta_update
  for (let i = 0; i < TOTAL_REFS_PER_FRAME + 2; i++) {
    if (reader.flag()) reader.skip(1 + 6); // update_ref_delta, update_mode_delta
  }
}

function readCdef(reader: RawBitReader, { numPlanes }: Av1SequenceHeader): void {
  reader.skip(2); // cdef_damping_minus_3
  const strengths = 1 << reader.u(2); // cdef_bits
  reader.skip(strengths * (numPlanes > 1 ? 12 : 6)); // cdef_y and cdef_uv strengths: 4 bits primary, 2 secondary
}

function readLoopRestoration(
  reader: RawBitReader,
  { numPlanes, use128x128Superblock, subsamplingX, subsamplingY }: Av1SequenceHeader,
): void {
  const hasLuma = reader.u(2) !== 0; // lr_type
  const hasChroma = numPlanes > 1 && reader.u(2 + 2) !== 0;
  if (!hasLuma && !hasChroma) return;
  const isLarger = reader.flag(); // lr_unit_shift
  if (!use128x128Superblock && isLarger) reader.skip(1); // lr_unit_extra_shift
  if (subsamplingX && subsamplingY && hasChroma) reader.skip(1); // lr_uv_shift
}
