/** Transformation of pictures that leaves them as they are, in `mvhd` and `tkhd` (ISO/IEC 14496-12 6.2.2). */
export const IDENTITY_MATRIX: Uint8Array = Uint8Array.from(
  [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].flatMap((value) => [
    value >>> 24,
    (value >>> 16) & 255,
    0,
    0,
  ]),
);
