import { malformed } from '../errors.js';
import { type BitReader, ceilLog2 } from './bit-reader.js';
import { LAYER_SLICE_CLEAR_BYTES, type NalGrammar } from './nal-grammar.js';
import {
  readVvcPictureHeader,
  skipAlf,
  skipDeblocking,
  skipPredWeightTable,
  type VvcPictureHeader,
} from './vvc-picture-header.js';
import { readVvcPps, type VvcPps } from './vvc-pps.js';
import { type RefEntryCounts, readRefPicLists } from './vvc-ref-pic-lists.js';
import { readVvcSps, type VvcSps } from './vvc-sps.js';

const B = 0;
const I = 2;

const IDR_W_RADL = 7;
const IDR_N_LP = 8;
const GDR = 10;
const FIRST_NON_VCL = 12;

type NalReader = (grammar: VvcGrammar, reader: BitReader, nalSizeBytes: number, nalType: number) => number;

/**
 * What to do with a NAL unit by its type (ITU-T H.266 Table 5). All types that are not here stay wholly clear: non-VCL units, and
 * reserved VCL types, which decoders drop.
 */
const NAL_READERS: readonly (NalReader | undefined)[] = (() => {
  const readers = new Array<NalReader | undefined>(32).fill(undefined);
  const readSlice: NalReader = (grammar, reader, _size, nalType) => grammar.readSlice(reader, nalType);
  for (const nalType of [0, 1, 2, 3, 7, 8, 9, 10]) readers[nalType] = readSlice; // TRAIL to RASL, IDR, CRA, GDR
  readers[15] = (grammar, reader, size) => grammar.takeSps(reader, size);
  readers[16] = (grammar, reader, size) => grammar.takePps(reader, size);
  readers[19] = (grammar, reader, size) => grammar.takePictureHeader(reader, size);
  return readers;
})();

/** Versatile Video Coding, ITU-T H.266 (ISO/IEC 23090-3). */
export function createVvcGrammar(): NalGrammar {
  return new VvcGrammar();
}

/** Slice headers of the base layer. */
class VvcGrammar implements NalGrammar {
  readonly clause = 'ITU-T H.266 7.3.7';
  readonly startCodeClause = 'ISO/IEC 23090-3 7.4.2.2';
  readonly spsById: (VvcSps | undefined)[] = new Array(16).fill(undefined);
  readonly ppsById: (VvcPps | undefined)[] = new Array(64).fill(undefined);
  /** Of the picture at hand. */
  #pictureHeader: VvcPictureHeader | undefined;

  clearBytes(reader: BitReader, nalSizeBytes: number): number {
    if (nalSizeBytes < 2) return nalSizeBytes; // no room for a NAL header
    const layerId = reader.u(8) & 0x3f;
    const nalType = reader.u(8) >> 3;
    const read = NAL_READERS[nalType];
    if (!read) return nalSizeBytes;
    if (layerId === 0) return read(this, reader, nalSizeBytes, nalType);
    return nalType < FIRST_NON_VCL ? Math.min(nalSizeBytes, LAYER_SLICE_CLEAR_BYTES) : nalSizeBytes;
  }

  takeSps(reader: BitReader, nalSizeBytes: number): number {
    reader.assertBytes(nalSizeBytes);
    const sps = readVvcSps(reader);
    this.spsById[sps.id] = sps;
    return nalSizeBytes;
  }

  takePps(reader: BitReader, nalSizeBytes: number): number {
    reader.assertBytes(nalSizeBytes);
    const pps = readVvcPps(reader);
    this.ppsById[pps.id] = pps;
    return nalSizeBytes;
  }

  takePictureHeader(reader: BitReader, nalSizeBytes: number): number {
    reader.assertBytes(nalSizeBytes);
    this.#pictureHeader = readVvcPictureHeader(reader, this);
    return nalSizeBytes;
  }

  /** slice_header(), 7.3.7. */
  readSlice(reader: BitReader, nalType: number): number {
    const hasOwnPictureHeader = reader.flag();
    if (hasOwnPictureHeader) this.#pictureHeader = readVvcPictureHeader(reader, this);
    const ph = this.#pictureHeader;
    if (!ph) throw malformed('a slice has no picture header', { clause: 'ITU-T H.266 7.4.2.4.3' });
    const { sps, pps } = ph;
    if (sps.subpicIdBits !== undefined) reader.skip(sps.subpicIdBits);
    const tiles = readTiles(reader, sps, pps);
    const sliceType = ph.isInterAllowed ? reader.ueUpTo(2, 'sh_slice_type') : I;
    if (nalType >= IDR_W_RADL && nalType <= GDR) reader.skip(1); // sh_no_output_of_prior_pics_flag
    if (sps.hasAlf && !pps.isInPictureHeader.alf) skipAlf(reader, sps);
    if (ph.hasLmcs && !hasOwnPictureHeader) reader.skip(1); // sh_lmcs_used_flag
    if (ph.hasScalingLists && !hasOwnPictureHeader) reader.skip(1); // sh_explicit_scaling_list_used_flag
    const refEntries = readRefEntries(reader, ph, nalType);
    const active = readActiveEntries(reader, pps, sliceType, refEntries);
    if (sliceType !== I) skipInterPrediction(reader, ph, sliceType === B, active);
    skipQuantizationAndFilters(reader, sps, pps);
    if (pps.hasSliceHeaderExtension) {
      reader.skip(8 * reader.ueUpTo(256, 'sh_slice_header_extension_length'));
    }
    skipEntryPoints(reader, entryPointsOf(sps, pps, tiles));
    assertAligned(reader);
    return reader.nalBytes;
  }
}

/** The tiles of a slice, in raster order. */
interface SliceTiles {
  readonly first: number;
  readonly count: number;
}

function readTiles(reader: BitReader, sps: VvcSps, pps: VvcPps): SliceTiles {
  const { tileCount, hasRectSlices } = pps;
  const first = !hasRectSlices && tileCount > 1 ? reader.u(ceilLog2(tileCount)) : 0; // sh_slice_address
  if (first >= tileCount)
    throw malformed('a slice begins behind the last tile', { clause: 'ITU-T H.266 7.4.8' });
  reader.skip(sps.extraSliceHeaderBits);
  if (hasRectSlices || tileCount - first <= 1) return { first, count: hasRectSlices ? tileCount : 1 };
  const count = reader.ueUpTo(tileCount - first - 1, 'sh_num_tiles_in_slice_minus1') + 1;
  return { first, count };
}

function readRefEntries(reader: BitReader, ph: VvcPictureHeader, nalType: number): RefEntryCounts {
  const { sps, pps } = ph;
  if (pps.isInPictureHeader.refPicLists) return ph.refEntries;
  const isIdr = nalType === IDR_W_RADL || nalType === IDR_N_LP;
  return isIdr && !sps.hasIdrRefPicLists ? [0, 0] : readRefPicLists(reader, sps, pps);
}

/** NumRefIdxActive of both lists (7.4.8). */
function readActiveEntries(
  reader: BitReader,
  pps: VvcPps,
  sliceType: number,
  [entries0, entries1]: RefEntryCounts,
): RefEntryCounts {
  const isB = sliceType === B;
  const canOverride = (sliceType !== I && entries0 > 1) || (isB && entries1 > 1);
  const isOverridden = canOverride && reader.flag(); // sh_num_ref_idx_active_override_flag
  const activeOf = (list: 0 | 1, entries: number): number => {
    if (!canOverride) return 1;
    if (!isOverridden) return Math.min(entries, pps.defaultActiveEntries[list]);
    return entries > 1 ? reader.ueUpTo(14, 'sh_num_ref_idx_active_minus1') + 1 : 1;
  };
  const active0 = sliceType === I ? 0 : activeOf(0, entries0);
  return [active0, isB ? activeOf(1, entries1) : 0];
}

/** From sh_cabac_init_flag to the weights of prediction. */
function skipInterPrediction(
  reader: BitReader,
  { sps, pps, hasTemporalMvp }: VvcPictureHeader,
  isB: boolean,
  [active0, active1]: RefEntryCounts,
): void {
  if (pps.hasCabacInit) reader.skip(1); // sh_cabac_init_flag
  if (hasTemporalMvp && !pps.isInPictureHeader.refPicLists) {
    const isFromL0 = !isB || reader.flag(); // sh_collocated_from_l0_flag
    if ((isFromL0 ? active0 : active1) > 1) reader.ueUpTo(14, 'sh_collocated_ref_idx');
  }
  const isWeighted = isB ? pps.hasWeightedBipred : pps.hasWeightedPred;
  if (!isWeighted || pps.isInPictureHeader.weights) return;
  skipPredWeightTable(reader, sps, { list0: active0, list1: pps.hasWeightedBipred ? active1 : 0 });
}

/** From sh_qp_delta to sh_reverse_last_sig_coeff_flag. */
function skipQuantizationAndFilters(reader: BitReader, sps: VvcSps, pps: VvcPps): void {
  if (!pps.isInPictureHeader.qpDelta) reader.se(); // sh_qp_delta
  if (pps.hasSliceChromaQpOffsets) {
    for (let i = 0; i < (sps.hasJointCbCr ? 3 : 2); i++) reader.se();
  }
  if (pps.hasCuChromaQpOffsets) reader.skip(1); // sh_cu_chroma_qp_offset_enabled_flag
  if (sps.hasSao && !pps.isInPictureHeader.sao) reader.skip(sps.hasChroma ? 2 : 1);
  if (pps.hasDeblockingOverride && !pps.isInPictureHeader.deblocking) skipDeblocking(reader, pps);
  const usesDependentQuantization = sps.hasDependentQuantization && reader.flag();
  const usesSignHiding = sps.hasSignDataHiding && !usesDependentQuantization && reader.flag();
  const mayTell = sps.hasTransformSkip && !usesDependentQuantization && !usesSignHiding;
  const isTransformSkipCodingDisabled = mayTell && reader.flag();
  if (sps.hasTransformSkipRiceInSlice && !isTransformSkipCodingDisabled) reader.skip(3); // sh_ts_residual_coding_rice_idx_minus1
  if (sps.hasReverseLastSigCoeff) reader.skip(1);
}

/**
 * NumEntryPoints (7.4.8): a slice is one piece of data a tile, or with synchronized rows one a row of coding tree units in each tile; the
 * first needs no offset.
 */
function entryPointsOf(sps: VvcSps, pps: VvcPps, { first, count }: SliceTiles): number {
  if (!sps.hasEntryPoints) return 0;
  if (!sps.hasEntropyCodingSync) return count - 1;
  const heights = pps.tileRowHeights;
  let pieces = 0;
  for (let tile = first; tile < first + count; tile++) {
    pieces += heights[Math.floor(tile / pps.tileColumns)] ?? Math.ceil(pps.height / sps.ctbSize);
  }
  return pieces - 1;
}

function skipEntryPoints(reader: BitReader, count: number): void {
  if (count === 0) return;
  const bits = reader.ueUpTo(31, 'sh_entry_offset_len_minus1') + 1;
  reader.skip(count * bits);
}

/** byte_alignment(), 7.3.2.13: a reader that lost its way meets it in one of 2^8 cases only. */
function assertAligned(reader: BitReader): void {
  if (reader.flag() && reader.align() === 0) return;
  throw malformed('a slice header does not end where it should', { clause: 'ITU-T H.266 7.3.2.13' });
}
