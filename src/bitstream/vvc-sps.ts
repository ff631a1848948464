import { PrpackError } from '../errors.js';
import type { BitReader } from './bit-reader.js';
import { type RefPicListStruct, readRefPicListStruct } from './vvc-ref-pic-lists.js';

/** What picture and slice headers need of a sequence parameter set (ITU-T H.266 7.3.2.4). */
export interface VvcSps {
  readonly id: number;
  readonly hasChroma: boolean;
  /** Width and height of a coding tree unit in luma samples. */
  readonly ctbSize: number;
  readonly subpicIdBits: number | undefined;
  readonly hasEntropyCodingSync: boolean;
  readonly hasEntryPoints: boolean;
  readonly picOrderCntLsbBits: number;
  /** Absent: headers have no part of the order count above those bits. */
  readonly picOrderCntMsbBits: number | undefined;
  readonly extraPictureHeaderBits: number;
  readonly extraSliceHeaderBits: number;
  readonly hasPartitionOverride: boolean;
  readonly hasDualTreeIntra: boolean;
  readonly hasTransformSkip: boolean;
  readonly hasJointCbCr: boolean;
  readonly hasSao: boolean;
  readonly hasAlf: boolean;
  readonly hasCcAlf: boolean;
  readonly hasLmcs: boolean;
  readonly hasWeightedPred: boolean;
  readonly hasWeightedBipred: boolean;
  readonly hasLongTermRefPics: boolean;
  readonly hasIdrRefPicLists: boolean;
  readonly refPicLists: readonly [readonly RefPicListStruct[], readonly RefPicListStruct[]];
  readonly hasTemporalMvp: boolean;
  readonly hasBdofInPictureHeader: boolean;
  readonly hasDmvrInPictureHeader: boolean;
  readonly hasMmvdFullpel: boolean;
  readonly hasProfInPictureHeader: boolean;
  readonly hasScalingLists: boolean;
  readonly hasDependentQuantization: boolean;
  readonly hasSignDataHiding: boolean;
  /** Headers say where virtual boundaries are: they may, and this parameter set does not. */
  readonly hasVirtualBoundariesInPictureHeader: boolean;
  /** Range extension. */
  readonly hasTransformSkipRiceInSlice: boolean;
  readonly hasReverseLastSigCoeff: boolean;
}

/**
 * Reads the payload after the NAL header of a parameter set of the base layer. All fields are read up to the last one that
 * headers depend on, in the order of 7.3.2.4; values that nothing depends on are passed over.
 * @throws PrpackError UNSUPPORTED_FEATURE for subpictures and for prediction between layers
 */
export function readVvcSps(reader: BitReader): VvcSps {
  const id = reader.u(4);
  const vpsId = reader.u(4);
  const maxSubLayersMinus1 = reader.u(3);
  const chromaFormatIdc = reader.u(2);
  const hasChroma = chromaFormatIdc !== 0;
  const ctbLog2 = reader.u(2) + 5;
  const hasPtlDpbHrd = reader.flag();
  if (hasPtlDpbHrd) skipProfileTierLevel(reader, maxSubLayersMinus1);
  reader.skip(1); // sps_gdr_enabled_flag
  if (reader.flag()) reader.skip(1); // sps_ref_pic_resampling_enabled_flag, sps_res_change_in_clvs_allowed_flag
  reader.ue(); // sps_pic_width_max_in_luma_samples
  reader.ue(); // sps_pic_height_max_in_luma_samples
  if (reader.flag()) skipUes(reader, 4); // conformance window
  const subpicIdBits = reader.flag() ? readSubpictureInfo(reader) : undefined;
  reader.ueUpTo(8, 'sps_bitdepth_minus8');
  const hasEntropyCodingSync = reader.flag();
  const hasEntryPoints = reader.flag();
  const picOrderCntLsbBits = reader.u(4) + 4;
  const picOrderCntMsbBits = reader.flag()
    ? reader.ueUpTo(31, 'sps_poc_msb_cycle_len_minus1') + 1
    : undefined;
  const extraPictureHeaderBits = countExtraBits(reader);
  const extraSliceHeaderBits = countExtraBits(reader);
  if (hasPtlDpbHrd) {
    const hasSubLayerDpb = maxSubLayersMinus1 > 0 && reader.flag();
    skipUes(reader, 3 * (hasSubLayerDpb ? maxSubLayersMinus1 + 1 : 1)); // dpb_parameters()
  }
  const { hasPartitionOverride, hasDualTreeIntra } = readPartitioning(reader, hasChroma);
  const isLumaTransform64 = ctbLog2 > 5 && reader.flag();
  const hasTransformSkip = reader.flag();
  if (hasTransformSkip) {
    reader.ue(); // sps_log2_transform_skip_max_size_minus2
    reader.skip(1); // sps_bdpcm_enabled_flag
  }
  if (reader.flag()) reader.skip(2); // sps_mts_enabled_flag, explicit for intra and inter
  const hasLfnst = reader.flag();
  const hasJointCbCr = hasChroma && readChromaQuantization(reader);
  const hasSao = reader.flag();
  const hasAlf = reader.flag();
  const hasCcAlf = hasAlf && hasChroma && reader.flag();
  const hasLmcs = reader.flag();
  const hasWeightedPred = reader.flag();
  const hasWeightedBipred = reader.flag();
  const hasLongTermRefPics = reader.flag();
  if (vpsId > 0 && reader.flag()) throw unsupported('prediction between layers');
  const hasIdrRefPicLists = reader.flag();
  const rules = { hasLongTermRefPics, hasWeightedPred, hasWeightedBipred, picOrderCntLsbBits };
  const refPicLists = readRefPicListStructs(reader, rules);
  reader.skip(1); // sps_ref_wraparound_enabled_flag
  const hasTemporalMvp = reader.flag();
  const hasSbtmvp = hasTemporalMvp && reader.flag();
  const inter = readInterTools(reader, hasSbtmvp);
  skipIntraTools(reader, chromaFormatIdc);
  const hasPalette = reader.flag();
  const hasAct = chromaFormatIdc === 3 && !isLumaTransform64 && reader.flag();
  if (hasTransformSkip || hasPalette) reader.ue(); // sps_min_qp_prime_ts
  if (reader.flag()) reader.ue(); // sps_ibc_enabled_flag, sps_six_minus_max_num_ibc_merge_cand
  if (reader.flag()) skipLadf(reader);
  const hasScalingLists = reader.flag();
  if (hasLfnst && hasScalingLists) reader.skip(1); // sps_scaling_matrix_for_lfnst_disabled_flag
  if (hasAct && hasScalingLists && reader.flag()) reader.skip(1); // …alternative_colour_space_disabled, designated
  const hasDependentQuantization = reader.flag();
  const hasSignDataHiding = reader.flag();
  const hasVirtualBoundaries = reader.flag();
  const isVirtualBoundaryTold = hasVirtualBoundaries && reader.flag();
  if (isVirtualBoundaryTold) skipVirtualBoundaries(reader);
  if (hasPtlDpbHrd && reader.flag()) skipTimingHrd(reader, maxSubLayersMinus1);
  reader.skip(1); // sps_field_seq_flag
  if (reader.flag()) skipVuiPayload(reader);
  return {
    id,
    hasChroma,
    ctbSize: 2 ** ctbLog2,
    subpicIdBits,
    hasEntropyCodingSync,
    hasEntryPoints,
    picOrderCntLsbBits,
    picOrderCntMsbBits,
    extraPictureHeaderBits,
    extraSliceHeaderBits,
    hasPartitionOverride,
    hasDualTreeIntra,
    hasTransformSkip,
    hasJointCbCr,
    hasSao,
    hasAlf,
    hasCcAlf,
    hasLmcs,
    hasWeightedPred,
    hasWeightedBipred,
    hasLongTermRefPics,
    hasIdrRefPicLists,
    refPicLists,
    hasTemporalMvp,
    ...inter,
    hasScalingLists,
    hasDependentQuantization,
    hasSignDataHiding,
    hasVirtualBoundariesInPictureHeader: hasVirtualBoundaries && !isVirtualBoundaryTold,
    ...readRangeExtension(reader, hasTransformSkip),
  };
}

function skipUes(reader: BitReader, count: number): void {
  for (let i = 0; i < count; i++) reader.ue();
}

/** profile_tier_level(1, maxSubLayersMinus1), 7.3.3.1. */
function skipProfileTierLevel(reader: BitReader, maxSubLayersMinus1: number): void {
  reader.skip(7 + 1 + 8 + 2); // profile, tier, level, two constraint flags
  if (reader.flag()) {
    reader.skip(71); // general_constraints_info(), 7.3.3.2
    reader.skip(reader.u(8)); // gci_num_additional_bits
  }
  reader.align();
  let levels = 0;
  for (let i = 0; i < maxSubLayersMinus1; i++) if (reader.flag()) levels++;
  reader.align();
  reader.skip(8 * levels);
  reader.skip(32 * reader.u(8)); // ptl_num_sub_profiles
}

/** Returns the bits of a subpicture id. */
function readSubpictureInfo(reader: BitReader): number {
  if (reader.ue() > 0) throw unsupported('subpictures');
  const idBits = reader.ueUpTo(15, 'sps_subpic_id_len_minus1') + 1;
  if (reader.flag() && reader.flag()) reader.skip(idBits); // mapping explicitly signalled, and present here
  return idBits;
}

/** Flags for fields of headers that no version of the standard has given a name yet. */
function countExtraBits(reader: BitReader): number {
  let count = 0;
  for (let left = 8 * reader.u(2); left > 0; left--) if (reader.flag()) count++;
  return count;
}

/** From sps_log2_min_luma_coding_block_size_minus2 to the partitioning of inter slices. */
function readPartitioning(
  reader: BitReader,
  hasChroma: boolean,
): Pick<VvcSps, 'hasPartitionOverride' | 'hasDualTreeIntra'> {
  reader.ueUpTo(4, 'sps_log2_min_luma_coding_block_size_minus2');
  const hasPartitionOverride = reader.flag();
  skipPartitionConstraints(reader);
  const hasDualTreeIntra = hasChroma && reader.flag();
  if (hasDualTreeIntra) skipPartitionConstraints(reader);
  skipPartitionConstraints(reader);
  return { hasPartitionOverride, hasDualTreeIntra };
}

/** Smallest quadtree block, depth, and with any depth the largest binary and ternary blocks; in parameter sets and headers alike. */
export function skipPartitionConstraints(reader: BitReader): void {
  reader.ue();
  if (reader.ue() > 0) skipUes(reader, 2);
}

/** Returns sps_joint_cbcr_enabled_flag. */
function readChromaQuantization(reader: BitReader): boolean {
  const hasJointCbCr = reader.flag();
  const isSameTable = reader.flag();
  const tables = isSameTable ? 1 : hasJointCbCr ? 3 : 2;
  for (let i = 0; i < tables; i++) {
    reader.se(); // sps_qp_table_start_minus26
    const points = reader.ueUpTo(110, 'sps_num_points_in_qp_table_minus1') + 1;
    skipUes(reader, 2 * points);
  }
  return hasJointCbCr;
}

function readRefPicListStructs(
  reader: BitReader,
  rules: Parameters<typeof readRefPicListStruct>[1],
): VvcSps['refPicLists'] {
  const isSame = reader.flag(); // sps_rpl1_same_as_rpl0_flag
  const readList = () => {
    const count = reader.ueUpTo(64, 'sps_num_ref_pic_lists');
    return Array.from({ length: count }, () => readRefPicListStruct(reader, rules, true));
  };
  const list0 = readList();
  return [list0, isSame ? list0 : readList()];
}

/** From sps_amvr_enabled_flag to sps_log2_parallel_merge_level_minus2. */
function readInterTools(
  reader: BitReader,
  hasSbtmvp: boolean,
): Pick<
  VvcSps,
  'hasBdofInPictureHeader' | 'hasDmvrInPictureHeader' | 'hasMmvdFullpel' | 'hasProfInPictureHeader'
> {
  const hasAmvr = reader.flag();
  const hasBdofInPictureHeader = reader.flag() && reader.flag();
  reader.skip(1); // sps_smvd_enabled_flag
  const hasDmvrInPictureHeader = reader.flag() && reader.flag();
  const hasMmvdFullpel = reader.flag() && reader.flag();
  const mergeCandidates = 6 - reader.ueUpTo(5, 'sps_six_minus_max_num_merge_cand');
  reader.skip(1); // sps_sbt_enabled_flag
  let hasProfInPictureHeader = false;
  if (reader.flag()) {
    // sps_affine_enabled_flag
    reader.ueUpTo(hasSbtmvp ? 4 : 5, 'sps_five_minus_max_num_subblock_merge_cand');
    reader.skip(1); // sps_6param_affine_enabled_flag
    if (hasAmvr) reader.skip(1); // sps_affine_amvr_enabled_flag
    hasProfInPictureHeader = reader.flag() && reader.flag();
  }
  reader.skip(2); // sps_bcw_enabled_flag, sps_ciip_enabled_flag
  if (mergeCandidates >= 2 && reader.flag() && mergeCandidates >= 3) reader.ue(); // sps_gpm_enabled_flag, …gpm_cand
  reader.ue(); // sps_log2_parallel_merge_level_minus2
  return { hasBdofInPictureHeader, hasDmvrInPictureHeader, hasMmvdFullpel, hasProfInPictureHeader };
}

/** From sps_isp_enabled_flag to sps_chroma_vertical_collocated_flag. */
function skipIntraTools(reader: BitReader, chromaFormatIdc: number): void {
  reader.skip(3); // sps_isp, sps_mrl, sps_mip
  if (chromaFormatIdc !== 0) reader.skip(1); // sps_cclm_enabled_flag
  if (chromaFormatIdc === 1) reader.skip(2); // chroma collocated, horizontal and vertical
}

function skipLadf(reader: BitReader): void {
  const intervals = reader.u(2) + 1;
  reader.se(); // sps_ladf_lowest_interval_qp_offset
  skipUes(reader, 2 * intervals); // an offset, se(v), is as long as ue(v)
}

/** Positions of virtual boundaries: of columns, then of rows; in parameter sets and picture headers alike. */
export function skipVirtualBoundaries(reader: BitReader): void {
  for (let i = 0; i < 2; i++) skipUes(reader, reader.ueUpTo(3, 'number of virtual boundaries'));
}

/** general_timing_hrd_parameters() and ols_timing_hrd_parameters(), 7.3.5. */
function skipTimingHrd(reader: BitReader, maxSubLayersMinus1: number): void {
  reader.skip(64); // num_units_in_tick, time_scale
  const hasNalHrd = reader.flag();
  const hasVclHrd = reader.flag();
  let hasDecodingUnits = false;
  let cpbCount = 1;
  if (hasNalHrd || hasVclHrd) {
    reader.skip(1); // general_same_pic_timing_in_all_ols_flag
    hasDecodingUnits = reader.flag();
    if (hasDecodingUnits) reader.skip(8); // tick_divisor_minus2
    reader.skip(8); // bit_rate_scale, cpb_size_scale
    if (hasDecodingUnits) reader.skip(4); // cpb_size_du_scale
    cpbCount = reader.ueUpTo(31, 'hrd_cpb_cnt_minus1') + 1;
  }
  const hasSubLayers = maxSubLayersMinus1 > 0 && reader.flag(); // sps_sublayer_cpb_params_present_flag
  const subLayers = hasSubLayers ? maxSubLayersMinus1 + 1 : 1;
  for (let i = 0; i < subLayers; i++) {
    const isFixedInCvs = reader.flag() || reader.flag(); // fixed_pic_rate_general_flag, fixed_pic_rate_within_cvs_flag
    if (isFixedInCvs)
      reader.ue(); // elemental_duration_in_tc_minus1
    else if ((hasNalHrd || hasVclHrd) && cpbCount === 1) reader.skip(1); // low_delay_hrd_flag
    const sets = (hasNalHrd ? 1 : 0) + (hasVclHrd ? 1 : 0);
    for (let cpb = 0; cpb < sets * cpbCount; cpb++) {
      skipUes(reader, hasDecodingUnits ? 4 : 2);
      reader.skip(1); // cbr_flag
    }
  }
}

function skipVuiPayload(reader: BitReader): void {
  const sizeBytes = reader.ueUpTo(1023, 'sps_vui_payload_size_minus1') + 1;
  reader.align();
  reader.skip(8 * sizeBytes);
}

/** sps_range_extension(), 7.3.2.23. */
function readRangeExtension(
  reader: BitReader,
  hasTransformSkip: boolean,
): Pick<VvcSps, 'hasTransformSkipRiceInSlice' | 'hasReverseLastSigCoeff'> {
  const isExtended = reader.flag(); // sps_extension_flag
  const hasRange = isExtended && reader.flag();
  if (isExtended) reader.skip(7); // sps_extension_7bits
  if (!hasRange) return { hasTransformSkipRiceInSlice: false, hasReverseLastSigCoeff: false };
  reader.skip(1); // sps_extended_precision_flag
  const hasTransformSkipRiceInSlice = hasTransformSkip && reader.flag();
  reader.skip(2); // sps_rrc_rice_extension_flag, sps_persistent_rice_adaptation_enabled_flag
  return { hasTransformSkipRiceInSlice, hasReverseLastSigCoeff: reader.flag() };
}

/** What VVC streams may use and this program does not follow. */
export function unsupported(feature: string): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `a VVC stream uses ${feature}`, {
    clause: 'ITU-T H.266 7.3.2',
    remedy: `Encode the video without ${feature}.`,
  });
}
