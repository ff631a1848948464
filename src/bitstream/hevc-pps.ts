import type { BitReader } from './bit-reader.js';
import { skipScalingListData, unsupportedExtensions } from './hevc-sps.js';

/** What slice segment headers need of a picture parameter set (ITU-T H.265 7.3.2.3). */
export interface HevcPps {
  readonly id: number;
  readonly spsId: number;
  readonly dependentSliceSegmentsEnabled: boolean;
  readonly outputFlagPresent: boolean;
  readonly numExtraSliceHeaderBits: number;
  readonly cabacInitPresent: boolean;
  readonly numRefIdxL0: number;
  readonly numRefIdxL1: number;
  readonly sliceChromaQpOffsetsPresent: boolean;
  readonly weightedPred: boolean;
  readonly weightedBipred: boolean;
  /** Slices say where their tiles or block rows start. */
  readonly hasEntryPoints: boolean;
  readonly loopFilterAcrossSlices: boolean;
  readonly deblockingOverrideEnabled: boolean;
  readonly deblockingDisabled: boolean;
  readonly listsModificationPresent: boolean;
  readonly sliceHeaderExtensionPresent: boolean;
  /** Range extension. */
  readonly chromaQpOffsetListEnabled: boolean;
  /** Screen content coding extension. */
  readonly currPicRefEnabled: boolean;
  readonly sliceActQpOffsetsPresent: boolean;
}

type Extensions = Pick<
  HevcPps,
  'chromaQpOffsetListEnabled' | 'currPicRefEnabled' | 'sliceActQpOffsetsPresent'
>;

/** Reads the payload after the NAL header of a parameter set of the base layer. */
export function readHevcPps(reader: BitReader): HevcPps {
  const id = reader.ueUpTo(63, 'pps_pic_parameter_set_id');
  const spsId = reader.ueUpTo(15, 'pps_seq_parameter_set_id');
  const dependentSliceSegmentsEnabled = reader.flag();
  const outputFlagPresent = reader.flag();
  const numExtraSliceHeaderBits = reader.u(3);
  reader.skip(1); // sign_data_hiding_enabled_flag
  const cabacInitPresent = reader.flag();
  const numRefIdxL0 = reader.ueUpTo(14, 'num_ref_idx_l0_default_active_minus1') + 1;
  const numRefIdxL1 = reader.ueUpTo(14, 'num_ref_idx_l1_default_active_minus1') + 1;
  reader.se(); // init_qp_minus26
  reader.skip(1); // constrained_intra_pred_flag
  const transformSkipEnabled = reader.flag();
  if (reader.flag()) reader.ue(); // cu_qp_delta_enabled_flag, diff_cu_qp_delta_depth
  reader.se(); // pps_cb_qp_offset
  reader.se(); // pps_cr_qp_offset
  const sliceChromaQpOffsetsPresent = reader.flag();
  const weightedPred = reader.flag();
  const weightedBipred = reader.flag();
  reader.skip(1); // transquant_bypass_enabled_flag
  const tilesEnabled = reader.flag();
  const entropyCodingSyncEnabled = reader.flag();
  if (tilesEnabled) skipTiles(reader);
  const loopFilterAcrossSlices = reader.flag();
  const deblocking = readDeblocking(reader);
  if (reader.flag()) skipScalingListData(reader);
  const listsModificationPresent = reader.flag();
  reader.ue(); // log2_parallel_merge_level_minus2
  const sliceHeaderExtensionPresent = reader.flag();
  return {
    id,
    spsId,
    dependentSliceSegmentsEnabled,
    outputFlagPresent,
    numExtraSliceHeaderBits,
    cabacInitPresent,
    numRefIdxL0,
    numRefIdxL1,
    sliceChromaQpOffsetsPresent,
    weightedPred,
    weightedBipred,
    hasEntryPoints: tilesEnabled || entropyCodingSyncEnabled,
    loopFilterAcrossSlices,
    ...deblocking,
    listsModificationPresent,
    sliceHeaderExtensionPresent,
    ...readExtensions(reader, transformSkipEnabled),
  };
}

function skipTiles(reader: BitReader): void {
  const columns = reader.ueUpTo(0xffff, 'num_tile_columns_minus1');
  const rows = reader.ueUpTo(0xffff, 'num_tile_rows_minus1');
  const isUniform = reader.flag();
  if (!isUniform) for (let i = 0; i < columns + rows; i++) reader.ue(); // widths and heights
  reader.skip(1); // loop_filter_across_tiles_enabled_flag
}

function readDeblocking(
  reader: BitReader,
): Pick<HevcPps, 'deblockingOverrideEnabled' | 'deblockingDisabled'> {
  if (!reader.flag()) return { deblockingOverrideEnabled: false, deblockingDisabled: false };
  const deblockingOverrideEnabled = reader.flag();
  const deblockingDisabled = reader.flag();
  if (!deblockingDisabled) {
    reader.se(); // pps_beta_offset_div2
    reader.se(); // pps_tc_offset_div2
  }
  return { deblockingOverrideEnabled, deblockingDisabled };
}

function readExtensions(reader: BitReader, transformSkipEnabled: boolean): Extensions {
  const isExtended = reader.flag(); // pps_extension_present_flag
  const hasRange = isExtended && reader.flag();
  const hasMultilayer = isExtended && reader.flag();
  const has3d = isExtended && reader.flag();
  const hasScreenContent = isExtended && reader.flag();
  if (isExtended) reader.skip(4); // pps_extension_4bits
  const chromaQpOffsetListEnabled = hasRange && readRangeExtension(reader, transformSkipEnabled);
  if (!hasScreenContent) {
    return { chromaQpOffsetListEnabled, currPicRefEnabled: false, sliceActQpOffsetsPresent: false };
  }
  if (hasMultilayer || has3d) throw unsupportedExtensions('picture');
  const currPicRefEnabled = reader.flag();
  const hasAdaptiveColourTransform = reader.flag(); // residual_adaptive_colour_transform_enabled_flag
  const sliceActQpOffsetsPresent = hasAdaptiveColourTransform && reader.flag();
  return { chromaQpOffsetListEnabled, currPicRefEnabled, sliceActQpOffsetsPresent };
}

/** pps_range_extension(), 7.3.2.3.2. Returns chroma_qp_offset_list_enabled_flag. */
function readRangeExtension(reader: BitReader, transformSkipEnabled: boolean): boolean {
  if (transformSkipEnabled) reader.ue(); // log2_max_transform_skip_block_size_minus2
  reader.skip(1); // cross_component_prediction_enabled_flag
  const chromaQpOffsetListEnabled = reader.flag();
  if (chromaQpOffsetListEnabled) {
    reader.ue(); // diff_cu_chroma_qp_offset_depth
    const offsets = reader.ueUpTo(5, 'chroma_qp_offset_list_len_minus1') + 1;
    for (let i = 0; i < 2 * offsets; i++) reader.se(); // cb_qp_offset_list, cr_qp_offset_list
  }
  reader.ue(); // log2_sao_offset_scale_luma
  reader.ue(); // log2_sao_offset_scale_chroma
  return chromaQpOffsetListEnabled;
}
