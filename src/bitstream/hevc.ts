import { malformed, PrpackError } from '../errors.js';
import { type BitReader, ceilLog2 } from './bit-reader.js';
import { type HevcPps, readHevcPps } from './hevc-pps.js';
import { ShortTermRefPicSet } from './hevc-ref-pic-set.js';
import { type HevcSps, readHevcSps } from './hevc-sps.js';
import { LAYER_SLICE_CLEAR_BYTES, type NalGrammar } from './nal-grammar.js';

const B = 0;
const I = 2;

const IDR_W_RADL = 19;
const IDR_N_LP = 20;

type NalReader = (grammar: HevcGrammar, reader: BitReader, nalSizeBytes: number, nalType: number) => number;

/**
 * What to do with a NAL unit by its type (ITU-T H.265 Table 7-1). All types that are not here stay wholly
 * clear: non-VCL units, reserved VCL types, which decoders drop, and unspecified types (48 to 63), among them
 * the Dolby Vision metadata and wrapped enhancement layer, 62 and 63.
 */
const NAL_READERS: readonly (NalReader | undefined)[] = (() => {
  const readers = new Array<NalReader | undefined>(64).fill(undefined);
  const readSlice: NalReader = (grammar, reader, _size, nalType) => grammar.readSlice(reader, nalType);
  for (let nalType = 0; nalType <= 9; nalType++) readers[nalType] = readSlice; // TRAIL_N to RASL_R
  for (let nalType = 16; nalType <= 21; nalType++) readers[nalType] = readSlice; // BLA_W_LP to CRA_NUT
  readers[33] = (grammar, reader, size) => grammar.takeSps(reader, size);
  readers[34] = (grammar, reader, size) => grammar.takePps(reader, size);
  return readers;
})();

const FIRST_NON_VCL = 32;

/** High Efficiency Video Coding, ITU-T H.265 (ISO/IEC 23008-2). */
export function createHevcGrammar(): NalGrammar {
  return new HevcGrammar();
}

/** Slice segment headers of the base layer. The fields after the parameter sets belong to the slice at hand. */
class HevcGrammar implements NalGrammar {
  readonly clause = 'ITU-T H.265 7.3.6';
  readonly startCodeClause = 'ISO/IEC 23008-2 7.4.2';
  readonly #spsById: (HevcSps | undefined)[] = new Array(16).fill(undefined);
  readonly #ppsById: (HevcPps | undefined)[] = new Array(64).fill(undefined);

  readonly #ownRefPicSet = new ShortTermRefPicSet();
  #picsTotalCurr = 0;
  #hasTemporalMvp = false;
  #hasSao = false;

  clearBytes(reader: BitReader, nalSizeBytes: number): number {
    if (nalSizeBytes < 2) return nalSizeBytes; // no room for a NAL header
    const nalHeader = reader.u(16);
    const nalType = (nalHeader >> 9) & 0x3f;
    const isBaseLayer = ((nalHeader >> 3) & 0x3f) === 0; // nuh_layer_id
    const read = NAL_READERS[nalType];
    if (!read) return nalSizeBytes;
    if (isBaseLayer) return read(this, reader, nalSizeBytes, nalType);
    // Parameter sets of other layers have ids and syntax of their own (F.7.3.2.2) and are left aside.
    return nalType < FIRST_NON_VCL ? Math.min(nalSizeBytes, LAYER_SLICE_CLEAR_BYTES) : nalSizeBytes;
  }

  takeSps(reader: BitReader, nalSizeBytes: number): number {
    reader.assertBytes(nalSizeBytes);
    const sps = readHevcSps(reader);
    this.#spsById[sps.id] = sps;
    return nalSizeBytes;
  }

  takePps(reader: BitReader, nalSizeBytes: number): number {
    reader.assertBytes(nalSizeBytes);
    const pps = readHevcPps(reader);
    this.#ppsById[pps.id] = pps;
    return nalSizeBytes;
  }

  /** slice_segment_header(), 7.3.6.1. */
  readSlice(reader: BitReader, nalType: number): number {
    const isFirstInPicture = reader.flag();
    if (nalType >= 16) reader.skip(1); // no_output_of_prior_pics_flag, of all IRAP pictures
    const ppsId = reader.ueUpTo(63, 'slice_pic_parameter_set_id');
    const pps = this.#ppsById[ppsId];
    if (!pps) throw missing(`picture parameter set ${ppsId}`);
    const sps = this.#spsById[pps.spsId];
    if (!sps) throw missing(`sequence parameter set ${pps.spsId}`);
    let isDependent = false;
    if (!isFirstInPicture) {
      isDependent = pps.dependentSliceSegmentsEnabled && reader.flag();
      reader.skip(ceilLog2(sps.picSizeInCtbs)); // slice_segment_address
    }
    if (!isDependent) this.#readIndependentPart(reader, sps, pps, nalType);
    if (pps.hasEntryPoints) skipEntryPoints(reader);
    if (pps.sliceHeaderExtensionPresent)
      reader.skip(8 * reader.ueUpTo(256, 'slice_segment_header_extension_length'));
    if (!reader.flag())
      throw malformed('a slice header does not end where it should', { clause: 'ITU-T H.265 7.4.7.1' });
    return reader.nalBytes; // byte_alignment(): the 1 bit just read, and zeros up to the next byte
  }

  #readIndependentPart(reader: BitReader, sps: HevcSps, pps: HevcPps, nalType: number): void {
    reader.skip(pps.numExtraSliceHeaderBits); // slice_reserved_flag
    const sliceType = reader.ueUpTo(2, 'slice_type');
    if (pps.outputFlagPresent) reader.skip(1); // pic_output_flag
    if (sps.separateColourPlane) reader.skip(2); // colour_plane_id
    this.#picsTotalCurr = pps.currPicRefEnabled ? 1 : 0;
    this.#hasTemporalMvp = false;
    if (nalType !== IDR_W_RADL && nalType !== IDR_N_LP) this.#readRefPicSets(reader, sps);
    this.#readSaoFlags(reader, sps);
    if (sliceType !== I) this.#readInterPrediction(reader, sps, pps, sliceType === B);
    this.#readQuantizationAndFilter(reader, pps);
  }

  /** From slice_pic_order_cnt_lsb to slice_temporal_mvp_enabled_flag; counts NumPicTotalCurr (7-55). */
  #readRefPicSets(reader: BitReader, sps: HevcSps): void {
    reader.skip(sps.picOrderCntLsbBits);
    const sets = sps.shortTermRefPicSets;
    let set = this.#ownRefPicSet;
    const isFromSps = reader.flag(); // short_term_ref_pic_set_sps_flag
    if (!isFromSps) {
      set.read(reader, sets, true);
    } else {
      const index = sets.length > 1 ? reader.u(ceilLog2(sets.length)) : 0;
      if (index >= sets.length) throw missing(`short-term reference picture set ${index}`);
      set = sets[index];
    }
    this.#picsTotalCurr += set.picsUsedByCurr;
    if (sps.longTermRefPicsPresent) this.#readLongTermPics(reader, sps);
    if (sps.temporalMvp) this.#hasTemporalMvp = reader.flag();
  }

  #readLongTermPics(reader: BitReader, sps: HevcSps): void {
    const candidates = sps.longTermUsedByCurr.length;
    const fromSps = candidates > 0 ? reader.ueUpTo(32, 'num_long_term_sps') : 0;
    const own = reader.ueUpTo(32, 'num_long_term_pics');
    for (let i = 0; i < fromSps + own; i++) {
      if (this.#readLongTermPic(reader, sps, i < fromSps)) this.#picsTotalCurr++;
      if (reader.flag()) reader.ue(); // delta_poc_msb_present_flag, delta_poc_msb_cycle_lt
    }
  }

  /** Returns whether the current picture may refer to the long-term picture. */
  #readLongTermPic(reader: BitReader, sps: HevcSps, isFromSps: boolean): boolean {
    if (!isFromSps) {
      reader.skip(sps.picOrderCntLsbBits); // poc_lsb_lt
      return reader.flag(); // used_by_curr_pic_lt_flag
    }
    const candidates = sps.longTermUsedByCurr;
    const index = reader.u(ceilLog2(candidates.length)); // lt_idx_sps
    if (index >= candidates.length) throw missing(`long-term reference picture ${index}`);
    return candidates[index];
  }

  #readSaoFlags(reader: BitReader, sps: HevcSps): void {
    this.#hasSao = false;
    if (!sps.sampleAdaptiveOffset) return;
    const hasLuma = reader.flag(); // slice_sao_luma_flag
    const hasChroma = sps.chromaArrayType !== 0 && reader.flag(); // slice_sao_chroma_flag
    this.#hasSao = hasLuma || hasChroma;
  }

  /** From num_ref_idx_active_override_flag to use_integer_mv_flag. */
  #readInterPrediction(reader: BitReader, sps: HevcSps, pps: HevcPps, isB: boolean): void {
    let refsL0 = pps.numRefIdxL0;
    let refsL1 = isB ? pps.numRefIdxL1 : 0;
    if (reader.flag()) {
      // num_ref_idx_active_override_flag
      refsL0 = reader.ueUpTo(14, 'num_ref_idx_l0_active_minus1') + 1;
      if (isB) refsL1 = reader.ueUpTo(14, 'num_ref_idx_l1_active_minus1') + 1;
    }
    if (pps.listsModificationPresent && this.#picsTotalCurr > 1) {
      const entryBits = ceilLog2(this.#picsTotalCurr);
      if (reader.flag()) reader.skip(refsL0 * entryBits); // ref_pic_list_modification_flag_l0, list_entry_l0
      if (isB && reader.flag()) reader.skip(refsL1 * entryBits);
    }
    if (isB) reader.skip(1); // mvd_l1_zero_flag
    if (pps.cabacInitPresent) reader.skip(1); // cabac_init_flag
    if (this.#hasTemporalMvp) {
      const isFromL0 = !isB || reader.flag(); // collocated_from_l0_flag
      if ((isFromL0 ? refsL0 : refsL1) > 1) reader.ueUpTo(14, 'collocated_ref_idx');
    }
    if (isB ? pps.weightedBipred : pps.weightedPred) readPredWeightTable(reader, sps, pps, refsL0, refsL1);
    reader.ueUpTo(4, 'five_minus_max_num_merge_cand');
    if (sps.integerMvPerSlice) reader.skip(1); // use_integer_mv_flag
  }

  /** From slice_qp_delta to slice_loop_filter_across_slices_enabled_flag. */
  #readQuantizationAndFilter(reader: BitReader, pps: HevcPps): void {
    reader.se(); // slice_qp_delta
    if (pps.sliceChromaQpOffsetsPresent) skipSigned(reader, 2);
    if (pps.sliceActQpOffsetsPresent) skipSigned(reader, 3);
    if (pps.chromaQpOffsetListEnabled) reader.skip(1); // cu_chroma_qp_offset_enabled_flag
    let isDeblocked = !pps.deblockingDisabled;
    if (pps.deblockingOverrideEnabled && reader.flag()) {
      isDeblocked = !reader.flag(); // slice_deblocking_filter_disabled_flag
      if (isDeblocked) skipSigned(reader, 2); // slice_beta_offset_div2, slice_tc_offset_div2
    }
    if (pps.loopFilterAcrossSlices && (this.#hasSao || isDeblocked)) reader.skip(1);
  }
}

/** pred_weight_table(), 7.3.6.3. */
function readPredWeightTable(
  reader: BitReader,
  sps: HevcSps,
  pps: HevcPps,
  refsL0: number,
  refsL1: number,
): void {
  if (pps.currPicRefEnabled) throw unsupportedWeights();
  const hasChroma = sps.chromaArrayType !== 0;
  reader.ue(); // luma_log2_weight_denom
  if (hasChroma) reader.se(); // delta_chroma_log2_weight_denom
  skipWeights(reader, refsL0, hasChroma);
  skipWeights(reader, refsL1, hasChroma);
}

/** The weights of one list. */
function skipWeights(reader: BitReader, refs: number, hasChroma: boolean): void {
  const luma = reader.u(refs); // luma_weight_lX_flag, the first in the highest bit
  const chroma = hasChroma ? reader.u(refs) : 0;
  for (let bit = refs - 1; bit >= 0; bit--) {
    if ((luma >> bit) & 1) skipSigned(reader, 2); // delta_luma_weight, luma_offset
    if ((chroma >> bit) & 1) skipSigned(reader, 4); // delta_chroma_weight, delta_chroma_offset of Cb and Cr
  }
}

function skipSigned(reader: BitReader, count: number): void {
  for (let i = 0; i < count; i++) reader.se();
}

function skipEntryPoints(reader: BitReader): void {
  const offsets = reader.ue(); // num_entry_point_offsets
  if (offsets === 0) return;
  const bits = reader.ueUpTo(31, 'offset_len_minus1') + 1;
  reader.skip(offsets * bits);
}

function missing(what: string): PrpackError {
  return malformed(`a slice needs ${what}, which was not sent`, { clause: 'ITU-T H.265 7.4.2.4.2' });
}

/** Which weights are sent then depends on which list entries are the current picture itself. */
function unsupportedWeights(): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    'an HEVC slice uses weighted prediction together with current picture referencing',
    { clause: 'ITU-T H.265 7.3.6.3', remedy: 'Encode the video without weighted prediction.' },
  );
}
