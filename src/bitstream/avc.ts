import { malformed, type PrpackError } from '../errors.js';
import { type AvcPps, type AvcSps, readAvcPps, readAvcSps } from './avc-parameter-sets.js';
import { type BitReader, ceilLog2 } from './bit-reader.js';
import { LAYER_SLICE_CLEAR_BYTES, type NalGrammar } from './nal-grammar.js';

type SliceType = 0 | 1 | 2 | 3 | 4;
const P = 0;
const B = 1;
const I = 2;
const SP = 3;
const SI = 4;

const IDR_SLICE = 5;

type NalReader = (grammar: AvcGrammar, reader: BitReader, nalSizeBytes: number, nalHeader: number) => number;

/**
 * What to do with a NAL unit by its type (ISO/IEC 14496-10 Table 7-1). All types that are not here stay wholly
 * clear: they hold no slice data of the primary pictures (SEI, delimiters, prefix units, subset parameter
 * sets, auxiliary pictures (a non-VCL type), reserved and unspecified types, which decoders drop).
 */
const NAL_READERS: readonly (NalReader | undefined)[] = (() => {
  const readers = new Array<NalReader | undefined>(32).fill(undefined);
  readers[1] = (grammar, reader, _size, header) => grammar.readSlice(reader, header);
  readers[2] = (grammar, reader, _size, header) => grammar.readPartitionA(reader, header);
  readers[3] = (grammar, reader) => grammar.readPartitionBOrC(reader);
  readers[4] = readers[3];
  readers[IDR_SLICE] = readers[1];
  readers[7] = (grammar, reader, size) => grammar.takeSps(reader, size);
  readers[8] = (grammar, reader, size) => grammar.takePps(reader, size);
  readers[20] = (_grammar, _reader, size) => Math.min(size, LAYER_SLICE_CLEAR_BYTES); // SVC, MVC
  readers[21] = readers[20]; // 3D-AVC
  return readers;
})();

/** Advanced Video Coding, ISO/IEC 14496-10. */
export function createAvcGrammar(): NalGrammar {
  return new AvcGrammar();
}

class AvcGrammar implements NalGrammar {
  readonly clause = 'ISO/IEC 14496-10 7.3.3';
  readonly startCodeClause = 'ISO/IEC 14496-10 7.4.1';
  readonly #spsById: (AvcSps | undefined)[] = new Array(32).fill(undefined);
  readonly #ppsById: (AvcPps | undefined)[] = new Array(256).fill(undefined);
  #partitionPps: AvcPps | undefined;

  clearBytes(reader: BitReader, nalSizeBytes: number): number {
    if (nalSizeBytes === 0) return 0;
    const nalHeader = reader.u(8);
    const read = NAL_READERS[nalHeader & 0x1f];
    return read ? read(this, reader, nalSizeBytes, nalHeader) : nalSizeBytes;
  }

  takeSps(reader: BitReader, nalSizeBytes: number): number {
    reader.assertBytes(nalSizeBytes);
    const sps = readAvcSps(reader);
    this.#spsById[sps.id] = sps;
    return nalSizeBytes;
  }

  takePps(reader: BitReader, nalSizeBytes: number): number {
    reader.assertBytes(nalSizeBytes);
    const pps = readAvcPps(reader);
    this.#ppsById[pps.id] = pps;
    return nalSizeBytes;
  }

  readSlice(reader: BitReader, nalHeader: number): number {
    this.#readSliceHeader(reader, nalHeader);
    return reader.nalBytes;
  }

  /** 7.3.2.9.1: the slice header, then the id by which partitions B and C find it. */
  readPartitionA(reader: BitReader, nalHeader: number): number {
    this.#partitionPps = this.#readSliceHeader(reader, nalHeader);
    reader.ue(); // slice_id
    return reader.nalBytes;
  }

  /** 7.3.2.9.2 and 7.3.2.9.3: they have no picture parameter set id and share that of the partition A before. */
  readPartitionBOrC(reader: BitReader): number {
    const pps = this.#partitionPps;
    if (!pps) throw missing('the data partition A before a data partition B or C');
    reader.ue(); // slice_id
    if (this.#spsOf(pps).separateColourPlane) reader.skip(2); // colour_plane_id
    if (pps.redundantPicCntPresent) reader.ue(); // redundant_pic_cnt
    return reader.nalBytes;
  }

  #spsOf(pps: AvcPps): AvcSps {
    const sps = this.#spsById[pps.spsId];
    if (!sps) throw missing(`sequence parameter set ${pps.spsId}`);
    return sps;
  }

  /** slice_header(), 7.3.3. Returns the picture parameter set of the slice. */
  #readSliceHeader(reader: BitReader, nalHeader: number): AvcPps {
    const isIdr = (nalHeader & 0x1f) === IDR_SLICE;
    const isReference = (nalHeader & 0x60) !== 0; // nal_ref_idc
    reader.ue(); // first_mb_in_slice
    const sliceType = (reader.ueUpTo(9, 'slice_type') % 5) as SliceType;
    const ppsId = reader.ueUpTo(255, 'pic_parameter_set_id');
    const pps = this.#ppsById[ppsId];
    if (!pps) throw missing(`picture parameter set ${ppsId}`);
    const sps = this.#spsOf(pps);
    readPictureOrder(reader, sps, pps, isIdr);
    readReferences(reader, sps, pps, sliceType);
    if (isReference) readDecRefPicMarking(reader, isIdr);
    readQuantizationAndFilter(reader, sps, pps, sliceType);
    return pps;
  }
}

/** From colour_plane_id to redundant_pic_cnt. */
function readPictureOrder(reader: BitReader, sps: AvcSps, pps: AvcPps, isIdr: boolean): void {
  if (sps.separateColourPlane) reader.skip(2); // colour_plane_id
  reader.skip(sps.frameNumBits); // frame_num
  const isField = !sps.frameMbsOnly && reader.flag(); // field_pic_flag
  if (isField) reader.skip(1); // bottom_field_flag
  if (isIdr) reader.ue(); // idr_pic_id
  const hasBottomDelta = pps.bottomFieldPicOrderInFramePresent && !isField;
  if (sps.picOrderCntType === 0) {
    reader.skip(sps.picOrderCntLsbBits); // pic_order_cnt_lsb
    if (hasBottomDelta) reader.se(); // delta_pic_order_cnt_bottom
  } else if (sps.picOrderCntType === 1 && !sps.deltaPicOrderAlwaysZero) {
    reader.se(); // delta_pic_order_cnt[0]
    if (hasBottomDelta) reader.se(); // delta_pic_order_cnt[1]
  }
  if (pps.redundantPicCntPresent) reader.ue(); // redundant_pic_cnt
}

/** From direct_spatial_mv_pred_flag to pred_weight_table(). */
function readReferences(reader: BitReader, sps: AvcSps, pps: AvcPps, sliceType: SliceType): void {
  if (sliceType === I || sliceType === SI) return;
  if (sliceType === B) reader.skip(1); // direct_spatial_mv_pred_flag
  let refsL0 = pps.numRefIdxL0;
  let refsL1 = sliceType === B ? pps.numRefIdxL1 : 0;
  if (reader.flag()) {
    // num_ref_idx_active_override_flag
    refsL0 = reader.ueUpTo(31, 'num_ref_idx_l0_active_minus1') + 1;
    if (sliceType === B) refsL1 = reader.ueUpTo(31, 'num_ref_idx_l1_active_minus1') + 1;
  }
  readRefPicListModification(reader);
  if (sliceType === B) readRefPicListModification(reader);
  const isWeighted = sliceType === B ? pps.weightedBipredIdc === 1 : pps.weightedPred;
  if (isWeighted) readPredWeightTable(reader, sps, refsL0, refsL1);
}

/** One list of ref_pic_list_modification(), 7.3.3.1. */
function readRefPicListModification(reader: BitReader): void {
  if (!reader.flag()) return; // ref_pic_list_modification_flag_lX
  while (reader.ueUpTo(3, 'modification_of_pic_nums_idc') !== 3) reader.ue(); // abs_diff or long_term_pic_num
}

/** pred_weight_table(), 7.3.3.2. */
function readPredWeightTable(reader: BitReader, sps: AvcSps, refsL0: number, refsL1: number): void {
  const hasChroma = sps.chromaArrayType !== 0;
  reader.ue(); // luma_log2_weight_denom
  if (hasChroma) reader.ue(); // chroma_log2_weight_denom
  for (let i = 0; i < refsL0 + refsL1; i++) {
    if (reader.flag()) skipSigned(reader, 2); // luma_weight, luma_offset
    if (hasChroma && reader.flag()) skipSigned(reader, 4); // chroma_weight, chroma_offset of Cb and Cr
  }
}

function skipSigned(reader: BitReader, count: number): void {
  for (let i = 0; i < count; i++) reader.se();
}

/** How many numbers follow a memory_management_control_operation, by its value (7.3.3.3); 0 ends the list. */
const MARKING_OPERANDS = [0, 1, 1, 2, 1, 0, 1];

/** dec_ref_pic_marking(), 7.3.3.3. */
function readDecRefPicMarking(reader: BitReader, isIdr: boolean): void {
  if (isIdr) {
    reader.skip(2); // no_output_of_prior_pics_flag, long_term_reference_flag
    return;
  }
  if (!reader.flag()) return; // adaptive_ref_pic_marking_mode_flag
  for (;;) {
    const operation = reader.ueUpTo(6, 'memory_management_control_operation');
    if (operation === 0) return;
    for (let i = 0; i < MARKING_OPERANDS[operation]; i++) reader.ue();
  }
}

/** From cabac_init_idc to slice_group_change_cycle. */
function readQuantizationAndFilter(reader: BitReader, sps: AvcSps, pps: AvcPps, sliceType: SliceType): void {
  const isInter = sliceType === P || sliceType === B || sliceType === SP;
  if (pps.entropyCodingMode && isInter) reader.ueUpTo(2, 'cabac_init_idc');
  reader.se(); // slice_qp_delta
  if (sliceType === SP) reader.skip(1); // sp_for_switch_flag
  if (sliceType === SP || sliceType === SI) reader.se(); // slice_qs_delta
  if (pps.deblockingFilterControlPresent && reader.ueUpTo(2, 'disable_deblocking_filter_idc') !== 1) {
    reader.se(); // slice_alpha_c0_offset_div2
    reader.se(); // slice_beta_offset_div2
  }
  if (pps.sliceGroupChangeRate !== 0) {
    // slice_group_change_cycle: Ceil(Log2(PicSizeInMapUnits ÷ SliceGroupChangeRate + 1)) bits, ÷ without rounding
    reader.skip(ceilLog2(Math.ceil(sps.picSizeInMapUnits / pps.sliceGroupChangeRate) + 1));
  }
}

function missing(what: string): PrpackError {
  return malformed(`a slice needs ${what}, which was not sent`, { clause: 'ISO/IEC 14496-10 7.4.1.2.1' });
}
