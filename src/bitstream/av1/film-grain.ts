import type { RawBitReader } from '../raw-bit-reader.js';
import type { Av1SequenceHeader } from './sequence-header.js';

/**
 * film_grain_params(), 5.9.30. Parameters taken over from a reference frame (load_grain_params) end the header.
 * @param isPresent whether the frame may be shown, in a sequence with film grain
 */
export function readAv1FilmGrain(
  reader: RawBitReader,
  sequence: Av1SequenceHeader,
  isPresent: boolean,
  isInterFrame: boolean,
): void {
  if (!isPresent || !reader.flag()) return; // apply_grain
  reader.skip(16); // grain_seed
  if (isInterFrame && !reader.flag()) {
    // update_grain
    reader.skip(3); // film_grain_params_ref_idx
    return;
  }
  readGrain(reader, sequence);
}

function readGrain(reader: RawBitReader, { numPlanes, subsamplingX, subsamplingY }: Av1SequenceHeader): void {
  const isMonochrome = numPlanes === 1;
  const hasLuma = readPoints(reader);
  const isChromaFromLuma = !isMonochrome && reader.flag(); // chroma_scaling_from_luma
  const isChromaLeftOut = isMonochrome || isChromaFromLuma || (subsamplingX && subsamplingY && !hasLuma);
  const hasCb = !isChromaLeftOut && readPoints(reader);
  const hasCr = !isChromaLeftOut && readPoints(reader);
  reader.skip(2); // grain_scaling_minus_8
  const lag = reader.u(2); // ar_coeff_lag
  const lumaCoefficients = 2 * lag * (lag + 1);
  const chromaCoefficients = lumaCoefficients + (hasLuma ? 1 : 0);
  if (hasLuma) reader.skip(8 * lumaCoefficients);
  if (isChromaFromLuma || hasCb) reader.skip(8 * chromaCoefficients);
  if (isChromaFromLuma || hasCr) reader.skip(8 * chromaCoefficients);
  reader.skip(2 + 2); // ar_coeff_shift_minus_6, grain_scale_shift
  if (hasCb) reader.skip(8 + 8 + 9); // cb_mult, cb_luma_mult, cb_offset
  if (hasCr) reader.skip(8 + 8 + 9);
  reader.skip(1 + 1); // overlap_flag, clip_to_restricted_range
}

/** A piecewise linear scaling function. Returns whether it has points. */
function readPoints(reader: RawBitReader): boolean {
  const points = reader.u(4);
  reader.skip(points * (8 + 8)); // value, scaling
  return points > 0;
}
