import type { RawBitReader } from '../raw-bit-reader.js';

/**
 * Passes global_motion_params() of an inter frame, 5.9.24 and 5.9.25. The values are coded relative to those of the
 * primary reference frame, but their lengths depend on nothing outside this header.
 */
export function skipAv1GlobalMotion(reader: RawBitReader, refs: number, allowHighPrecisionMv: boolean): void {
  for (let i = 0; i < refs; i++) {
    if (!reader.flag()) continue; // is_global
    const isRotZoom = reader.flag();
    if (isRotZoom) {
      skipParams(reader, 4, ABS_BITS);
      continue;
    }
    const isTranslation = reader.flag();
    if (isTranslation)
      skipParams(reader, 2, allowHighPrecisionMv ? 9 : 8); // GM_ABS_TRANS_ONLY_BITS
    else skipParams(reader, 6, ABS_BITS); // affine
  }
}

/** GM_ABS_ALPHA_BITS and GM_ABS_TRANS_BITS. */
const ABS_BITS = 12;

/** Numbers from −2^absBits to 2^absBits, by decode_signed_subexp_with_ref(), 5.9.26. */
function skipParams(reader: RawBitReader, count: number, absBits: number): void {
  for (let i = 0; i < count; i++) skipSubexp(reader, 2 ** (absBits + 1) + 1);
}

/** decode_subexp(), 5.9.28. */
function skipSubexp(reader: RawBitReader, symbols: number): void {
  let start = 0;
  for (let i = 0; ; i++) {
    const bits = i > 0 ? i + 2 : 3;
    const size = 1 << bits;
    if (symbols <= start + 3 * size) {
      reader.ns(symbols - start); // subexp_final_bits
      return;
    }
    if (!reader.flag()) {
      // subexp_more_bits
      reader.skip(bits); // subexp_bits
      return;
    }
    start += size;
  }
}
