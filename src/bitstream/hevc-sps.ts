import { PrpackError } from '../errors.js';
import type { BitReader } from './bit-reader.js';
import { ShortTermRefPicSet } from './hevc-ref-pic-set.js';
import { readVui } from './hevc-vui.js';
import type { CodedColour } from './video-signal.js';

/** What slice segment headers need of a sequence parameter set (ITU-T H.265 7.3.2.2). */
export interface HevcSps {
  readonly id: number;
  readonly separateColourPlane: boolean;
  /** 0 when there is no chroma, or the colour planes are coded apart. */
  readonly chromaArrayType: number;
  readonly picOrderCntLsbBits: number;
  readonly picSizeInCtbs: number;
  readonly sampleAdaptiveOffset: boolean;
  readonly shortTermRefPicSets: readonly ShortTermRefPicSet[];
  readonly longTermRefPicsPresent: boolean;
  /** used_by_curr_pic_lt_sps_flag of each long-term picture that slices can name by its index. */
  readonly longTermUsedByCurr: readonly boolean[];
  readonly temporalMvp: boolean;
  /** Slices of P and B type carry use_integer_mv_flag (screen content coding). */
  readonly integerMvPerSlice: boolean;
  /** No matter for slices. */
  readonly colour: CodedColour | undefined;
}

/** Reads the payload after the NAL header of a parameter set of the base layer. */
export function readHevcSps(reader: BitReader): HevcSps {
  reader.skip(4); // sps_video_parameter_set_id
  const maxSubLayers = reader.u(3) + 1;
  reader.skip(1); // sps_temporal_id_nesting_flag
  skipProfileTierLevel(reader, maxSubLayers);
  const id = reader.ueUpTo(15, 'sps_seq_parameter_set_id');
  const chromaFormatIdc = reader.ueUpTo(3, 'chroma_format_idc');
  const separateColourPlane = chromaFormatIdc === 3 && reader.flag();
  const width = reader.ueUpTo(0xffff, 'pic_width_in_luma_samples');
  const height = reader.ueUpTo(0xffff, 'pic_height_in_luma_samples');
  if (reader.flag()) skipUes(reader, 4); // conformance window
  const lumaBits = reader.ueUpTo(8, 'bit_depth_luma_minus8') + 8;
  const chromaBits = reader.ueUpTo(8, 'bit_depth_chroma_minus8') + 8;
  const picOrderCntLsbBits = reader.ueUpTo(12, 'log2_max_pic_order_cnt_lsb_minus4') + 4;
  skipUes(reader, 3 * (reader.flag() ? maxSubLayers : 1)); // max_dec_pic_buffering, num_reorder, max_latency
  const ctbLog2 = readCtbLog2(reader);
  skipUes(reader, 4); // transform block sizes, transform hierarchy depths
  if (reader.flag() && reader.flag()) skipScalingListData(reader);
  reader.skip(1); // amp_enabled_flag
  const sampleAdaptiveOffset = reader.flag();
  if (reader.flag()) skipPcm(reader);
  const shortTermRefPicSets = readShortTermRefPicSets(reader);
  const longTermRefPicsPresent = reader.flag();
  const longTermUsedByCurr = longTermRefPicsPresent ? readLongTermPics(reader, picOrderCntLsbBits) : [];
  const temporalMvp = reader.flag();
  reader.skip(1); // strong_intra_smoothing_enabled_flag
  const colour = reader.flag() ? readVui(reader, maxSubLayers) : undefined;
  const ctbs = (samples: number) => Math.ceil(samples / 2 ** ctbLog2);
  return {
    id,
    separateColourPlane,
    chromaArrayType: separateColourPlane ? 0 : chromaFormatIdc,
    picOrderCntLsbBits,
    picSizeInCtbs: ctbs(width) * ctbs(height),
    sampleAdaptiveOffset,
    shortTermRefPicSets,
    longTermRefPicsPresent,
    longTermUsedByCurr,
    temporalMvp,
    integerMvPerSlice: readExtensions(reader, chromaFormatIdc, lumaBits, chromaBits),
    colour,
  };
}

function skipUes(reader: BitReader, count: number): void {
  for (let i = 0; i < count; i++) reader.ue();
}

/** profile_tier_level(1, maxSubLayers − 1), 7.3.3. */
function skipProfileTierLevel(reader: BitReader, maxSubLayers: number): void {
  const profileBits = 88;
  const levelBits = 8;
  reader.skip(profileBits + levelBits);
  if (maxSubLayers === 1) return;
  let subLayerBits = 0;
  for (let i = 1; i < 9; i++) {
    if (i >= maxSubLayers) {
      reader.skip(2); // reserved_zero_2bits
      continue;
    }
    if (reader.flag()) subLayerBits += profileBits;
    if (reader.flag()) subLayerBits += levelBits;
  }
  reader.skip(subLayerBits);
}

function readCtbLog2(reader: BitReader): number {
  const minLog2 = reader.ueUpTo(3, 'log2_min_luma_coding_block_size_minus3') + 3;
  return minLog2 + reader.ueUpTo(6 - minLog2, 'log2_diff_max_min_luma_coding_block_size');
}

/** scaling_list_data(), 7.3.4. */
export function skipScalingListData(reader: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    const coefficients = Math.min(64, 1 << (4 + 2 * sizeId));
    for (let matrixId = 0; matrixId < 6; matrixId += sizeId === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      skipUes(reader, coefficients + (sizeId > 1 ? 1 : 0)); // dc and coefficients are se(v), as long as ue(v)
    }
  }
}

function skipPcm(reader: BitReader): void {
  reader.skip(8); // sample bit depths
  skipUes(reader, 2); // block sizes
  reader.skip(1); // pcm_loop_filter_disabled_flag
}

function readShortTermRefPicSets(reader: BitReader): ShortTermRefPicSet[] {
  const count = reader.ueUpTo(64, 'num_short_term_ref_pic_sets');
  const sets: ShortTermRefPicSet[] = [];
  for (let i = 0; i < count; i++) {
    const set = new ShortTermRefPicSet();
    set.read(reader, sets, false);
    sets.push(set);
  }
  return sets;
}

function readLongTermPics(reader: BitReader, picOrderCntLsbBits: number): boolean[] {
  const count = reader.ueUpTo(32, 'num_long_term_ref_pics_sps');
  const used: boolean[] = [];
  for (let i = 0; i < count; i++) {
    reader.skip(picOrderCntLsbBits); // lt_ref_pic_poc_lsb_sps
    used.push(reader.flag());
  }
  return used;
}

/** The extensions of 7.3.2.2.1. Returns whether slices carry use_integer_mv_flag. */
function readExtensions(
  reader: BitReader,
  chromaFormatIdc: number,
  lumaBits: number,
  chromaBits: number,
): boolean {
  if (!reader.flag()) return false; // sps_extension_present_flag
  const hasRange = reader.flag();
  const hasMultilayer = reader.flag();
  const has3d = reader.flag();
  const hasScreenContent = reader.flag();
  reader.skip(4); // sps_extension_4bits
  if (!hasScreenContent) return false;
  if (has3d) throw unsupportedExtensions('sequence');
  if (hasRange) reader.skip(9); // sps_range_extension(), 7.3.2.2.2
  if (hasMultilayer) reader.skip(1); // inter_view_mv_vert_constraint_flag
  return readScreenContentExtension(reader, chromaFormatIdc, lumaBits, chromaBits);
}

/** sps_scc_extension(), 7.3.2.2.3. */
function readScreenContentExtension(
  reader: BitReader,
  chromaFormatIdc: number,
  lumaBits: number,
  chromaBits: number,
): boolean {
  reader.skip(1); // sps_curr_pic_ref_enabled_flag
  if (reader.flag()) {
    // palette_mode_enabled_flag
    skipUes(reader, 2); // palette_max_size, delta_palette_max_predictor_size
    if (reader.flag()) {
      const initializers = reader.ueUpTo(0xffff, 'sps_num_palette_predictor_initializers_minus1') + 1;
      const bits = lumaBits + (chromaFormatIdc === 0 ? 0 : 2 * chromaBits);
      reader.skip(initializers * bits);
    }
  }
  return reader.u(2) === 2; // motion_vector_resolution_control_idc
}

/** A mix of 3D or multilayer and screen content extensions in one parameter set: no profile has it. */
export function unsupportedExtensions(kind: 'sequence' | 'picture'): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `an HEVC ${kind} parameter set mixes screen content coding with multilayer or 3D extensions`,
    { clause: 'ITU-T H.265 7.3.2', remedy: 'Encode the video with a profile of one layer.' },
  );
}
