import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';

/** VvcConfigurationBox (ISO/IEC 14496-15 11.2.4), as far as the reading of samples depends on it. */
export interface VvcC {
  readonly lengthSizeMinusOne: number;
  /** SPS, PPS and whatever else it holds: whole NAL units. */
  readonly nalUnits: readonly Uint8Array[];
}

const OPI_NUT = 12;
const DCI_NUT = 13;

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readVvcC(reader: ByteReader): VvcC {
  readVersionAndFlags(reader, 0);
  const first = reader.u8();
  if (first & 1) skipPtlRecord(reader);
  const nalUnits: Uint8Array[] = [];
  for (let arrays = reader.u8(); arrays > 0; arrays--) {
    const nalType = reader.u8() & 0x1f;
    const isSingle = nalType === OPI_NUT || nalType === DCI_NUT;
    for (let left = isSingle ? 1 : reader.u16(); left > 0; left--) {
      nalUnits.push(reader.take(reader.u16()).slice());
    }
  }
  return { lengthSizeMinusOne: (first >> 1) & 3, nalUnits };
}

/** What stands there where ptl_present_flag is set, up to avg_frame_rate. */
function skipPtlRecord(reader: ByteReader): void {
  const subLayers = (reader.u16() >> 4) & 7; // ols_idx (9 bits), num_sublayers (3), constant_frame_rate, chroma_format_idc
  reader.skip(1); // bit_depth_minus8
  const constraintBytes = reader.u8() & 0x3f;
  reader.skip(2 + constraintBytes); // profile, tier, level; two flags and the constraints
  if (subLayers > 1) {
    const flags = reader.u8();
    for (let i = 0; i < subLayers - 1; i++) if ((flags >> (7 - i)) & 1) reader.skip(1); // sublayer_level_idc
  }
  reader.skip(4 * reader.u8()); // general_sub_profile_idc
  reader.skip(6); // max_picture_width, max_picture_height, avg_frame_rate
}
