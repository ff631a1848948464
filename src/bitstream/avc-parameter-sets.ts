import { type BitReader, ceilLog2 } from './bit-reader.js';
import { type CodedColour, readVideoSignal } from './video-signal.js';

/** What slice headers need of a sequence parameter set (ISO/IEC 14496-10 7.3.2.1.1). */
export interface AvcSps {
  readonly id: number;
  readonly separateColourPlane: boolean;
  /** 0 when there is no chroma, or the colour planes are coded apart. */
  readonly chromaArrayType: number;
  readonly frameNumBits: number;
  readonly picOrderCntType: number;
  readonly picOrderCntLsbBits: number;
  readonly deltaPicOrderAlwaysZero: boolean;
  readonly frameMbsOnly: boolean;
  readonly picSizeInMapUnits: number;
}

/** What slice headers need of a picture parameter set (ISO/IEC 14496-10 7.3.2.2). */
export interface AvcPps {
  readonly id: number;
  readonly spsId: number;
  readonly entropyCodingMode: boolean;
  readonly bottomFieldPicOrderInFramePresent: boolean;
  /** 0 unless `slice_group_change_cycle` is sent, that is, for slice group map types 3, 4 and 5. */
  readonly sliceGroupChangeRate: number;
  readonly numRefIdxL0: number;
  readonly numRefIdxL1: number;
  readonly weightedPred: boolean;
  readonly weightedBipredIdc: number;
  readonly deblockingFilterControlPresent: boolean;
  readonly redundantPicCntPresent: boolean;
}

/** Profiles whose parameter set states the chroma format (ISO/IEC 14496-10 7.3.2.1.1). */
const PROFILES_WITH_CHROMA_FORMAT = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Reads the payload after the NAL header, as far as it is needed. */
export function readAvcSps(reader: BitReader): AvcSps {
  const profileIdc = reader.u(8);
  reader.skip(8 + 8); // constraint flags, level_idc
  const id = reader.ueUpTo(31, 'seq_parameter_set_id');
  const chroma = readChromaFormat(reader, profileIdc);
  const frameNumBits = 4 + reader.ueUpTo(12, 'log2_max_frame_num_minus4');
  const picOrderCnt = readPicOrderCnt(reader);
  reader.ue(); // max_num_ref_frames
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const widthInMbs = reader.ueUpTo(0xffff, 'pic_width_in_mbs_minus1') + 1;
  const heightInMapUnits = reader.ueUpTo(0x7fff, 'pic_height_in_map_units_minus1') + 1;
  const frameMbsOnly = reader.flag();
  return {
    id,
    ...chroma,
    frameNumBits,
    ...picOrderCnt,
    frameMbsOnly,
    picSizeInMapUnits: widthInMbs * heightInMapUnits,
  };
}

/** Reads the payload after the NAL header of a sequence parameter set up to what it says of colours (7.3.2.1.1, E.1.1). */
export function readAvcColour(reader: BitReader): CodedColour | undefined {
  if (!readAvcSps(reader).frameMbsOnly) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  if (reader.flag()) for (let i = 0; i < 4; i++) reader.ue(); // frame cropping
  return reader.flag() ? readVideoSignal(reader) : undefined;
}

function readChromaFormat(
  reader: BitReader,
  profileIdc: number,
): Pick<AvcSps, 'separateColourPlane' | 'chromaArrayType'> {
  if (!PROFILES_WITH_CHROMA_FORMAT.has(profileIdc)) return { separateColourPlane: false, chromaArrayType: 1 };
  const chromaFormatIdc = reader.ueUpTo(3, 'chroma_format_idc');
  const separateColourPlane = chromaFormatIdc === 3 && reader.flag();
  reader.ue(); // bit_depth_luma_minus8
  reader.ue(); // bit_depth_chroma_minus8
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) skipScalingMatrix(reader, chromaFormatIdc);
  return { separateColourPlane, chromaArrayType: separateColourPlane ? 0 : chromaFormatIdc };
}

/** The scaling matrix of a sequence parameter set, lists by 7.3.2.1.1.1. */
function skipScalingMatrix(reader: BitReader, chromaFormatIdc: number): void {
  const lists = chromaFormatIdc === 3 ? 12 : 8;
  for (let i = 0; i < lists; i++) {
    if (reader.flag()) skipScalingList(reader, i < 6 ? 16 : 64);
  }
}

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  for (let i = 0; i < size; i++) {
    const next = (last + reader.se()) & 0xff;
    if (next === 0) return; // the rest of the list repeats the last value
    last = next;
  }
}

function readPicOrderCnt(
  reader: BitReader,
): Pick<AvcSps, 'picOrderCntType' | 'picOrderCntLsbBits' | 'deltaPicOrderAlwaysZero'> {
  const picOrderCntType = reader.ueUpTo(2, 'pic_order_cnt_type');
  let picOrderCntLsbBits = 0;
  let deltaPicOrderAlwaysZero = false;
  if (picOrderCntType === 0) {
    picOrderCntLsbBits = 4 + reader.ueUpTo(12, 'log2_max_pic_order_cnt_lsb_minus4');
  } else if (picOrderCntType === 1) {
    deltaPicOrderAlwaysZero = reader.flag();
    reader.se(); // offset_for_non_ref_pic
    reader.se(); // offset_for_top_to_bottom_field
    const cycle = reader.ueUpTo(255, 'num_ref_frames_in_pic_order_cnt_cycle');
    for (let i = 0; i < cycle; i++) reader.se(); // offset_for_ref_frame
  }
  return { picOrderCntType, picOrderCntLsbBits, deltaPicOrderAlwaysZero };
}

/** Reads the payload after the NAL header, as far as it is needed. */
export function readAvcPps(reader: BitReader): AvcPps {
  const id = reader.ueUpTo(255, 'pic_parameter_set_id');
  const spsId = reader.ueUpTo(31, 'seq_parameter_set_id');
  const entropyCodingMode = reader.flag();
  const bottomFieldPicOrderInFramePresent = reader.flag();
  const sliceGroupChangeRate = readSliceGroups(reader);
  const numRefIdxL0 = reader.ueUpTo(31, 'num_ref_idx_l0_default_active_minus1') + 1;
  const numRefIdxL1 = reader.ueUpTo(31, 'num_ref_idx_l1_default_active_minus1') + 1;
  const weightedPred = reader.flag();
  const weightedBipredIdc = reader.u(2);
  reader.se(); // pic_init_qp_minus26
  reader.se(); // pic_init_qs_minus26
  reader.se(); // chroma_qp_index_offset
  const deblockingFilterControlPresent = reader.flag();
  reader.skip(1); // constrained_intra_pred_flag
  const redundantPicCntPresent = reader.flag();
  return {
    id,
    spsId,
    entropyCodingMode,
    bottomFieldPicOrderInFramePresent,
    sliceGroupChangeRate,
    numRefIdxL0,
    numRefIdxL1,
    weightedPred,
    weightedBipredIdc,
    deblockingFilterControlPresent,
    redundantPicCntPresent,
  };
}

/** Slice groups by map type (7.3.2.2, 7.4.2.2). Returns SliceGroupChangeRate where slice headers need it, or 0. */
function readSliceGroups(reader: BitReader): number {
  const groups = reader.ueUpTo(7, 'num_slice_groups_minus1') + 1;
  if (groups === 1) return 0;
  const mapType = reader.ueUpTo(6, 'slice_group_map_type');
  if (mapType >= 3 && mapType <= 5) {
    reader.skip(1); // slice_group_change_direction_flag
    return reader.ueUpTo(0x7fffffff, 'slice_group_change_rate_minus1') + 1;
  }
  if (mapType === 0) {
    for (let i = 0; i < groups; i++) reader.ue(); // run_length_minus1
  } else if (mapType === 2) {
    for (let i = 0; i < 2 * (groups - 1); i++) reader.ue(); // top_left, bottom_right
  } else if (mapType === 6) {
    const mapUnits = reader.ue() + 1; // pic_size_in_map_units_minus1
    for (let i = 0; i < mapUnits; i++) reader.skip(ceilLog2(groups)); // slice_group_id
  }
  return 0;
}
