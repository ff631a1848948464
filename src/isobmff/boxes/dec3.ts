import type { ByteReader } from '../../bytes/reader.js';

/** Speakers of an Enhanced AC-3 stream (ETSI TS 102 366 F.6): of its first programme, which players play. */
export interface Dec3 {
  /** Audio coding mode of the independent substream. */
  readonly acmod: number;
  readonly lfeon: boolean;
  /** What dependent substreams add: bit 0 Lc/Rc, 1 Lrs/Rrs, 2 Cs, 3 Ts, 4 Lsd/Rsd, 5 Lw/Rw, 6 Lvh/Rvh, 7 Cvh, 8 LFE2. */
  readonly chanLoc: number;
  /** With joint object coding (Dolby Atmos): its complexity index (ETSI TS 103 420 C.3.2). */
  readonly jocComplexity?: number;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readDec3(reader: ByteReader): Dec3 {
  const substreams = (reader.u16() & 7) + 1; // data_rate 13, num_ind_sub 3
  const [first] = Array.from({ length: substreams }, () => readSubstream(reader));
  return { ...first, ...jocOf(reader.rest()) };
}

function readSubstream(reader: ByteReader): Omit<Dec3, 'jocComplexity'> {
  reader.u8(); // fscod 2, bsid 5, reserved 1
  const modes = reader.u8(); // asvc 1, bsmod 3, acmod 3, lfeon 1
  const dependent = reader.u8(); // reserved 3, num_dep_sub 4, and the first bit of chan_loc, else reserved
  const hasDependent = ((dependent >> 1) & 15) > 0;
  return {
    acmod: (modes >> 1) & 7,
    lfeon: (modes & 1) === 1,
    chanLoc: hasDependent ? (dependent & 1) * 256 + reader.u8() : 0,
  };
}

/** reserved 7, flag_ec3_extension_type_a 1, complexity_index_type_a 8; older boxes end before. */
function jocOf([flags = 0, complexity]: Uint8Array): Pick<Dec3, 'jocComplexity'> {
  return (flags & 1) === 1 && complexity !== undefined ? { jocComplexity: complexity } : {};
}
