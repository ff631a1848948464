import { malformed } from '../errors.js';
import type { BitReader } from './bit-reader.js';
import { unsupported } from './vvc-sps.js';

/** What picture and slice headers need of a picture parameter set (ITU-T H.266 7.3.2.5). */
export interface VvcPps {
  readonly id: number;
  readonly spsId: number;
  /** Of the picture, in luma samples. */
  readonly height: number;
  readonly hasOutputFlag: boolean;
  /** Slices are rectangles: then there is one a picture. Otherwise they are tiles in raster order. */
  readonly hasRectSlices: boolean;
  readonly tileCount: number;
  /** Height of each row of tiles in coding tree units; empty for a picture that is one tile. */
  readonly tileRowHeights: readonly number[];
  readonly tileColumns: number;
  readonly hasCabacInit: boolean;
  readonly defaultActiveEntries: readonly [list0: number, list1: number];
  readonly hasRefPicList1Index: boolean;
  readonly hasWeightedPred: boolean;
  readonly hasWeightedBipred: boolean;
  readonly hasCuQpDelta: boolean;
  readonly hasChromaToolOffsets: boolean;
  readonly hasSliceChromaQpOffsets: boolean;
  readonly hasCuChromaQpOffsets: boolean;
  readonly hasDeblockingOverride: boolean;
  readonly isDeblockingDisabled: boolean;
  /** What the picture header says for all slices of its picture. */
  readonly isInPictureHeader: {
    readonly deblocking: boolean;
    readonly refPicLists: boolean;
    readonly sao: boolean;
    readonly alf: boolean;
    readonly weights: boolean;
    readonly qpDelta: boolean;
  };
  readonly hasPictureHeaderExtension: boolean;
  readonly hasSliceHeaderExtension: boolean;
}

const MAX_TILE_COLUMNS = 30;
const MAX_TILE_ROWS = 33;

/**
 * Reads the payload after the NAL header of a parameter set of the base layer.
 * @throws PrpackError UNSUPPORTED_FEATURE for several rectangular slices, subpictures, and mixed NAL unit types
 */
export function readVvcPps(reader: BitReader): VvcPps {
  const id = reader.u(6);
  const spsId = reader.u(4);
  if (reader.flag()) throw unsupported('NAL units of several types in one picture');
  const width = reader.ueUpTo(0xffff, 'pps_pic_width_in_luma_samples');
  const height = reader.ueUpTo(0xffff, 'pps_pic_height_in_luma_samples');
  if (reader.flag()) skipUes(reader, 4); // conformance window
  if (reader.flag()) skipUes(reader, 4); // scaling window, se(v), as long as ue(v)
  const hasOutputFlag = reader.flag();
  const isPartitioned = !reader.flag(); // pps_no_pic_partition_flag
  if (reader.flag()) skipSubpictureIds(reader, isPartitioned);
  const partition = isPartitioned ? readPartition(reader, width, height) : WHOLE_PICTURE;
  const hasCabacInit = reader.flag();
  const active0 = reader.ueUpTo(14, 'pps_num_ref_idx_default_active_minus1') + 1;
  const active1 = reader.ueUpTo(14, 'pps_num_ref_idx_default_active_minus1') + 1;
  const hasRefPicList1Index = reader.flag();
  const hasWeightedPred = reader.flag();
  const hasWeightedBipred = reader.flag();
  if (reader.flag()) reader.ue(); // pps_ref_wraparound_enabled_flag, pps_pic_width_minus_wraparound_offset
  reader.se(); // pps_init_qp_minus26
  const hasCuQpDelta = reader.flag();
  const chroma = readChromaTools(reader);
  const deblocking = readDeblocking(reader, isPartitioned, chroma.hasChromaToolOffsets);
  const refPicLists = isPartitioned && reader.flag();
  const sao = isPartitioned && reader.flag();
  const alf = isPartitioned && reader.flag();
  const weights = (hasWeightedPred || hasWeightedBipred) && refPicLists && reader.flag();
  const qpDelta = isPartitioned && reader.flag();
  return {
    id,
    spsId,
    height,
    hasOutputFlag,
    ...partition,
    hasCabacInit,
    defaultActiveEntries: [active0, active1],
    hasRefPicList1Index,
    hasWeightedPred,
    hasWeightedBipred,
    hasCuQpDelta,
    ...chroma,
    hasDeblockingOverride: deblocking.hasOverride,
    isDeblockingDisabled: deblocking.isDisabled,
    isInPictureHeader: {
      deblocking: deblocking.isInPictureHeader,
      refPicLists,
      sao,
      alf,
      weights,
      qpDelta,
    },
    hasPictureHeaderExtension: reader.flag(),
    hasSliceHeaderExtension: reader.flag(),
  };
}

type Partition = Pick<VvcPps, 'hasRectSlices' | 'tileCount' | 'tileRowHeights' | 'tileColumns'>;

/** One tile and one slice; the parameter set does not state the size of coding tree units then. */
const WHOLE_PICTURE: Partition = { hasRectSlices: true, tileCount: 1, tileRowHeights: [], tileColumns: 1 };

function skipUes(reader: BitReader, count: number): void {
  for (let i = 0; i < count; i++) reader.ue();
}

function skipSubpictureIds(reader: BitReader, isPartitioned: boolean): void {
  if (isPartitioned && reader.ue() > 0) throw unsupported('subpictures');
  reader.skip(reader.ueUpTo(15, 'pps_subpic_id_len_minus1') + 1);
}

/** From pps_log2_ctu_size_minus5 to pps_loop_filter_across_slices_enabled_flag. */
function readPartition(reader: BitReader, width: number, height: number): Partition {
  const ctbSize = 2 ** (reader.u(2) + 5);
  const explicitColumns = reader.ueUpTo(MAX_TILE_COLUMNS - 1, 'pps_num_exp_tile_columns_minus1') + 1;
  const explicitRows = reader.ueUpTo(MAX_TILE_ROWS - 1, 'pps_num_exp_tile_rows_minus1') + 1;
  const columns = readTileSizes(reader, explicitColumns, Math.ceil(width / ctbSize), MAX_TILE_COLUMNS);
  const rows = readTileSizes(reader, explicitRows, Math.ceil(height / ctbSize), MAX_TILE_ROWS);
  const tileCount = columns.length * rows.length;
  if (tileCount > 1) reader.skip(1); // pps_loop_filter_across_tiles_enabled_flag
  const hasRectSlices = tileCount === 1 || reader.flag();
  const isOneSlice = !hasRectSlices || reader.flag(); // pps_single_slice_per_subpic_flag
  if (!isOneSlice && reader.ue() > 0) throw unsupported('several rectangular slices a picture');
  if (!hasRectSlices || isOneSlice) reader.skip(1); // pps_loop_filter_across_slices_enabled_flag
  return { hasRectSlices, tileCount, tileRowHeights: rows, tileColumns: columns.length };
}

/** The sizes that are written, and the last of them again for as long as anything is left (6.5.1). */
function readTileSizes(reader: BitReader, explicit: number, pictureSize: number, most: number): number[] {
  const sizes = Array.from({ length: explicit }, () => reader.ueUpTo(0xffff, 'tile size') + 1);
  let left = pictureSize - sizes.reduce((sum, size) => sum + size, 0);
  const repeated = sizes[sizes.length - 1];
  if (left < 0 || sizes.length + Math.ceil(left / repeated) > most) {
    throw malformed('the tiles of a picture do not fit it', { clause: 'ITU-T H.266 6.5.1' });
  }
  for (; left > 0; left -= repeated) sizes.push(Math.min(repeated, left));
  return sizes;
}

function readChromaTools(
  reader: BitReader,
): Pick<VvcPps, 'hasChromaToolOffsets' | 'hasSliceChromaQpOffsets' | 'hasCuChromaQpOffsets'> {
  const hasChromaToolOffsets = reader.flag();
  if (!hasChromaToolOffsets) {
    return { hasChromaToolOffsets, hasSliceChromaQpOffsets: false, hasCuChromaQpOffsets: false };
  }
  skipUes(reader, 2); // pps_cb_qp_offset, pps_cr_qp_offset: se(v)
  const hasJoint = reader.flag();
  if (hasJoint) reader.se(); // pps_joint_cbcr_qp_offset_value
  const hasSliceChromaQpOffsets = reader.flag();
  const hasCuChromaQpOffsets = reader.flag();
  if (hasCuChromaQpOffsets) {
    const offsets = reader.ueUpTo(5, 'pps_chroma_qp_offset_list_len_minus1') + 1;
    skipUes(reader, offsets * (hasJoint ? 3 : 2));
  }
  return { hasChromaToolOffsets, hasSliceChromaQpOffsets, hasCuChromaQpOffsets };
}

function readDeblocking(
  reader: BitReader,
  isPartitioned: boolean,
  hasChromaToolOffsets: boolean,
): { readonly hasOverride: boolean; readonly isDisabled: boolean; readonly isInPictureHeader: boolean } {
  if (!reader.flag()) return { hasOverride: false, isDisabled: false, isInPictureHeader: false };
  const hasOverride = reader.flag();
  const isDisabled = reader.flag();
  const isInPictureHeader = isPartitioned && hasOverride && reader.flag();
  if (!isDisabled) skipDeblockingOffsets(reader, hasChromaToolOffsets);
  return { hasOverride, isDisabled, isInPictureHeader };
}

/** Beta and tc offsets, of chroma too where those are told apart; in parameter sets and headers alike. */
export function skipDeblockingOffsets(reader: BitReader, hasChromaToolOffsets: boolean): void {
  for (let i = 0; i < (hasChromaToolOffsets ? 6 : 2); i++) reader.se();
}
