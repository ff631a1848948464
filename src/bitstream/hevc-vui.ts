import type { BitReader } from './bit-reader.js';
import { type CodedColour, readVideoSignal } from './video-signal.js';

/**
 * vui_parameters(), ITU-T H.265 E.2.1. Nothing in it changes slice headers, but the extensions of the sequence
 * parameter set stand behind it.
 */
export function readVui(reader: BitReader, maxSubLayers: number): CodedColour | undefined {
  const colour = readVideoSignal(reader);
  if (reader.flag()) skipUes(reader, 2); // chroma sample locations
  reader.skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (reader.flag()) skipUes(reader, 4); // default display window
  if (reader.flag()) {
    reader.skip(64); // vui_num_units_in_tick, vui_time_scale
    if (reader.flag()) reader.ue(); // vui_num_ticks_poc_diff_one_minus1
    if (reader.flag()) skipHrd(reader, maxSubLayers);
  }
  if (reader.flag()) {
    reader.skip(3); // bitstream restriction flags
    skipUes(reader, 5);
  }
  return colour;
}

function skipUes(reader: BitReader, count: number): void {
  for (let i = 0; i < count; i++) reader.ue();
}

/** hrd_parameters(1, maxSubLayers − 1), E.2.2. */
function skipHrd(reader: BitReader, maxSubLayers: number): void {
  const schedules = reader.u(1) + reader.u(1); // nal and vcl_hrd_parameters_present_flag
  let hasSubPic = false;
  if (schedules > 0) {
    hasSubPic = reader.flag(); // sub_pic_hrd_params_present_flag
    if (hasSubPic) reader.skip(8 + 5 + 1 + 5);
    reader.skip(4 + 4); // bit_rate_scale, cpb_size_scale
    if (hasSubPic) reader.skip(4); // cpb_size_du_scale
    reader.skip(5 + 5 + 5); // delay lengths
  }
  for (let i = 0; i < maxSubLayers; i++) {
    const cpbs = readCpbCount(reader);
    for (let j = 0; j < schedules * cpbs; j++) {
      skipUes(reader, hasSubPic ? 4 : 2); // bit rates and sizes
      reader.skip(1); // cbr_flag
    }
  }
}

function readCpbCount(reader: BitReader): number {
  const isFixedGeneral = reader.flag(); // fixed_pic_rate_general_flag
  const isFixedWithinCvs = isFixedGeneral || reader.flag();
  let isLowDelay = false;
  if (isFixedWithinCvs)
    reader.ue(); // elemental_duration_in_tc_minus1
  else isLowDelay = reader.flag(); // low_delay_hrd_flag
  return isLowDelay ? 1 : reader.ueUpTo(31, 'cpb_cnt_minus1') + 1;
}
