import type { BitReader } from './bit-reader.js';

/** What a bitstream says of its colours: code points of ISO/IEC 23091-2. */
export interface CodedColour {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

/**
 * Reads what vui_parameters() begin with in AVC and HEVC alike, up to the colour description (ISO/IEC 14496-10 E.1.1, ITU-T H.265 E.2.1).
 * @returns undefined where there is no description
 */
export function readVideoSignal(reader: BitReader): CodedColour | undefined {
  if (reader.flag() && reader.u(8) === 255) reader.skip(32); // aspect_ratio_idc EXTENDED_SAR, sar sizes
  if (reader.flag()) reader.skip(1); // overscan_appropriate_flag
  if (!reader.flag()) return undefined; // video_signal_type_present_flag
  reader.skip(4); // video_format, video_full_range_flag
  if (!reader.flag()) return undefined; // colour_description_present_flag
  return { primaries: reader.u(8), transfer: reader.u(8), matrix: reader.u(8) };
}
