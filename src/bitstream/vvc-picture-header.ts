import { malformed } from '../errors.js';
import type { BitReader } from './bit-reader.js';
import { skipDeblockingOffsets, type VvcPps } from './vvc-pps.js';
import { type RefEntryCounts, readRefPicLists } from './vvc-ref-pic-lists.js';
import { skipPartitionConstraints, skipVirtualBoundaries, type VvcSps } from './vvc-sps.js';

/** What slice headers need of the picture header before them (ITU-T H.266 7.3.2.8). */
export interface VvcPictureHeader {
  readonly pps: VvcPps;
  readonly sps: VvcSps;
  readonly isInterAllowed: boolean;
  readonly hasLmcs: boolean;
  readonly hasScalingLists: boolean;
  readonly hasTemporalMvp: boolean;
  /** Of the reference picture lists that the picture header has for its slices. */
  readonly refEntries: RefEntryCounts;
}

/** The parameter sets sent so far, by id. */
export interface VvcParameterSets {
  readonly spsById: readonly (VvcSps | undefined)[];
  readonly ppsById: readonly (VvcPps | undefined)[];
}

const NO_ENTRIES: RefEntryCounts = [0, 0];

/** picture_header_structure(), 7.3.2.8: in a NAL unit of its own, or at the start of the only slice header of a picture. */
export function readVvcPictureHeader(reader: BitReader, sets: VvcParameterSets): VvcPictureHeader {
  const isGdrOrIrap = reader.flag();
  const isNonReference = reader.flag();
  const isGdr = isGdrOrIrap && reader.flag();
  const isInterAllowed = reader.flag();
  const isIntraAllowed = !isInterAllowed || reader.flag();
  const { pps, sps } = parameterSetsOf(reader.ueUpTo(63, 'ph_pic_parameter_set_id'), sets);
  const inHeader = pps.isInPictureHeader;
  reader.skip(sps.picOrderCntLsbBits);
  if (isGdr) reader.ue(); // ph_recovery_poc_cnt
  reader.skip(sps.extraPictureHeaderBits);
  if (sps.picOrderCntMsbBits !== undefined && reader.flag()) reader.skip(sps.picOrderCntMsbBits);
  if (sps.hasAlf && inHeader.alf) skipAlf(reader, sps);
  const hasLmcs = sps.hasLmcs && reader.flag();
  if (hasLmcs) reader.skip(sps.hasChroma ? 3 : 2); // ph_lmcs_aps_id, ph_chroma_residual_scale_flag
  const hasScalingLists = sps.hasScalingLists && reader.flag();
  if (hasScalingLists) reader.skip(3); // ph_scaling_list_aps_id
  if (sps.hasVirtualBoundariesInPictureHeader && reader.flag()) skipVirtualBoundaries(reader);
  if (pps.hasOutputFlag && !isNonReference) reader.skip(1); // ph_pic_output_flag
  const refEntries = inHeader.refPicLists ? readRefPicLists(reader, sps, pps) : NO_ENTRIES;
  const isOverridden = sps.hasPartitionOverride && reader.flag();
  if (isIntraAllowed) skipIntraPartitioning(reader, sps, pps, isOverridden);
  let hasTemporalMvp = false;
  if (isInterAllowed) {
    if (isOverridden) skipPartitionConstraints(reader);
    skipCuQpDepths(reader, pps);
    hasTemporalMvp = sps.hasTemporalMvp && reader.flag();
    if (hasTemporalMvp && inHeader.refPicLists) skipCollocated(reader, refEntries);
    skipInterTools(reader, sps, pps, refEntries);
  }
  skipFilters(reader, sps, pps);
  if (pps.hasPictureHeaderExtension) reader.skip(8 * reader.ueUpTo(256, 'ph_extension_length'));
  return { pps, sps, isInterAllowed, hasLmcs, hasScalingLists, hasTemporalMvp, refEntries };
}

function parameterSetsOf(ppsId: number, sets: VvcParameterSets): { pps: VvcPps; sps: VvcSps } {
  const pps = sets.ppsById[ppsId];
  if (!pps) throw missing(`picture parameter set ${ppsId}`);
  const sps = sets.spsById[pps.spsId];
  if (!sps) throw missing(`sequence parameter set ${pps.spsId}`);
  return { pps, sps };
}

function missing(what: string) {
  return malformed(`a picture needs ${what}, which was not sent`, { clause: 'ITU-T H.266 7.4.2.4.2' });
}

/** The adaptive loop filter of a picture or of a slice, from its flag on. */
export function skipAlf(reader: BitReader, sps: VvcSps): void {
  if (!reader.flag()) return; // alf_enabled_flag
  reader.skip(3 * reader.u(3)); // num_alf_aps_ids_luma, alf_aps_id_luma
  if (!sps.hasChroma) return;
  const hasCb = reader.flag();
  const hasCr = reader.flag();
  if (hasCb || hasCr) reader.skip(3); // alf_aps_id_chroma
  if (!sps.hasCcAlf) return;
  if (reader.flag()) reader.skip(3); // cc_cb
  if (reader.flag()) reader.skip(3); // cc_cr
}

function skipIntraPartitioning(reader: BitReader, sps: VvcSps, pps: VvcPps, isOverridden: boolean): void {
  if (isOverridden) {
    skipPartitionConstraints(reader);
    if (sps.hasDualTreeIntra) skipPartitionConstraints(reader);
  }
  skipCuQpDepths(reader, pps);
}

function skipCuQpDepths(reader: BitReader, pps: VvcPps): void {
  if (pps.hasCuQpDelta) reader.ue(); // ph_cu_qp_delta_subdiv
  if (pps.hasCuChromaQpOffsets) reader.ue(); // ph_cu_chroma_qp_offset_subdiv
}

function skipCollocated(reader: BitReader, [entries0, entries1]: RefEntryCounts): void {
  const isFromL0 = entries1 === 0 || reader.flag(); // ph_collocated_from_l0_flag
  if ((isFromL0 ? entries0 : entries1) > 1) reader.ue(); // ph_collocated_ref_idx
}

/** From ph_mmvd_fullpel_only_flag to the weights of prediction. */
function skipInterTools(reader: BitReader, sps: VvcSps, pps: VvcPps, refEntries: RefEntryCounts): void {
  if (sps.hasMmvdFullpel) reader.skip(1);
  if (!pps.isInPictureHeader.refPicLists || refEntries[1] > 0) {
    reader.skip(1); // ph_mvd_l1_zero_flag
    if (sps.hasBdofInPictureHeader) reader.skip(1);
    if (sps.hasDmvrInPictureHeader) reader.skip(1);
  }
  if (sps.hasProfInPictureHeader) reader.skip(1);
  if (!pps.isInPictureHeader.weights) return;
  const counts = { list0: undefined, list1: pps.hasWeightedBipred && refEntries[1] > 0 ? undefined : 0 };
  skipPredWeightTable(reader, sps, counts);
}

function skipFilters(reader: BitReader, sps: VvcSps, pps: VvcPps): void {
  if (pps.isInPictureHeader.qpDelta) reader.se(); // ph_qp_delta
  if (sps.hasJointCbCr) reader.skip(1); // ph_joint_cbcr_sign_flag
  if (sps.hasSao && pps.isInPictureHeader.sao) reader.skip(sps.hasChroma ? 2 : 1);
  if (pps.isInPictureHeader.deblocking) skipDeblocking(reader, pps);
}

/** The deblocking filter of a picture or of a slice, from the flag on whether it is given. */
export function skipDeblocking(reader: BitReader, pps: VvcPps): void {
  if (!reader.flag()) return; // deblocking_params_present_flag
  const isDisabled = !pps.isDeblockingDisabled && reader.flag();
  if (!isDisabled) skipDeblockingOffsets(reader, pps.hasChromaToolOffsets);
}

/**
 * pred_weight_table(), 7.3.8.
 * @param counts of the weights of each list; undefined where the table contains them
 */
export function skipPredWeightTable(
  reader: BitReader,
  sps: VvcSps,
  { list0, list1 }: { readonly list0: number | undefined; readonly list1: number | undefined },
): void {
  reader.ueUpTo(7, 'luma_log2_weight_denom');
  if (sps.hasChroma) reader.se(); // delta_chroma_log2_weight_denom
  skipWeights(reader, list0 ?? reader.ueUpTo(15, 'num_l0_weights'), sps.hasChroma);
  skipWeights(reader, list1 ?? reader.ueUpTo(15, 'num_l1_weights'), sps.hasChroma);
}

function skipWeights(reader: BitReader, count: number, hasChroma: boolean): void {
  const luma = reader.u(count); // luma_weight_flag, the first in the highest bit
  const chroma = hasChroma ? reader.u(count) : 0;
  for (let bit = count - 1; bit >= 0; bit--) {
    const numbers = ((luma >> bit) & 1) * 2 + ((chroma >> bit) & 1) * 4;
    for (let i = 0; i < numbers; i++) reader.se();
  }
}
