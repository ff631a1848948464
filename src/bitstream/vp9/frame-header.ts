import { malformed, PrpackError } from '../../errors.js';
import type { RawBitReader } from '../raw-bit-reader.js';

/** Slots for reference frames. */
export const NUM_REF_FRAMES = 8;
const REFS_PER_FRAME = 3;

/** Width in pixels of the frame in each slot, all that headers of later frames need; undefined while it is empty. */
export type Vp9Slots = readonly (number | undefined)[];

/** What an uncompressed header says (VP9 bitstream 6.2). */
export interface Vp9FrameHeader {
  readonly headerBytes: number;
  /** `header_size_in_bytes`: the compressed header, 1 or more; 0 when an existing frame is shown. */
  readonly compressedHeaderBytes: number;
  /** Pixels; 0 when an existing frame is shown. */
  readonly width: number;
  /** `refresh_frame_flags`: bit i stands for slot i. */
  readonly refreshFlags: number;
}

const ALL_FRAMES = 0xff;
const SYNC_CODE = 0x498342;
const CS_RGB = 7;
/** MIN_TILE_WIDTH_B64 and MAX_TILE_WIDTH_B64: tiles are 4 to 64 superblocks of 64 pixels wide. */
const MIN_TILE_SUPERBLOCKS = 4;
const MAX_TILE_SUPERBLOCKS = 64;

/**
 * uncompressed_header(), VP9 bitstream 6.2.
 * @throws END_OF_BITS; PrpackError MALFORMED_INPUT when it is broken or depends on a frame that is not in `slots`
 */
export function readVp9FrameHeader(reader: RawBitReader, slots: Vp9Slots): Vp9FrameHeader {
  if (reader.u(2) !== 2) throw broken('a VP9 frame does not start with its marker');
  const profile = reader.u(1) + 2 * reader.u(1); // profile_low_bit, profile_high_bit
  if (profile === 3 && reader.flag()) throw unknownProfile();
  if (reader.flag()) {
    // show_existing_frame
    reader.skip(3); // frame_to_show_map_idx
    return { headerBytes: reader.usedBytes, compressedHeaderBytes: 0, width: 0, refreshFlags: 0 };
  }
  const isInterOrIntraOnly = reader.flag(); // frame_type
  const isShown = reader.flag(); // show_frame
  const isErrorResilient = reader.flag();
  const frame = isInterOrIntraOnly
    ? readNonKeyFrame(reader, slots, profile, isShown, isErrorResilient)
    : readKeyFrame(reader, profile);
  if (!isErrorResilient) reader.skip(1 + 1); // refresh_frame_context, frame_parallel_decoding_mode
  reader.skip(2); // frame_context_idx
  readLoopFilter(reader);
  readQuantization(reader);
  readSegmentation(reader);
  readTileInfo(reader, frame.width);
  const compressedHeaderBytes = reader.u(16); // header_size_in_bytes
  if (compressedHeaderBytes === 0) throw broken('a VP9 frame has no compressed header');
  return { ...frame, headerBytes: reader.usedBytes, compressedHeaderBytes };
}

type SizeAndRefresh = Pick<Vp9FrameHeader, 'width' | 'refreshFlags'>;

function readKeyFrame(reader: RawBitReader, profile: number): SizeAndRefresh {
  readSyncCode(reader);
  readColorConfig(reader, profile);
  return { width: readFrameAndRenderSize(reader), refreshFlags: ALL_FRAMES };
}

function readNonKeyFrame(
  reader: RawBitReader,
  slots: Vp9Slots,
  profile: number,
  isShown: boolean,
  isErrorResilient: boolean,
): SizeAndRefresh {
  const isIntraOnly = !isShown && reader.flag(); // intra_only
  if (!isErrorResilient) reader.skip(2); // reset_frame_context
  if (isIntraOnly) {
    readSyncCode(reader);
    if (profile > 0) readColorConfig(reader, profile);
    const refreshFlags = reader.u(8);
    return { width: readFrameAndRenderSize(reader), refreshFlags };
  }
  const refreshFlags = reader.u(8);
  const refs: number[] = [];
  for (let i = 0; i < REFS_PER_FRAME; i++) {
    refs.push(reader.u(3)); // ref_frame_idx
    reader.skip(1); // ref_frame_sign_bias
  }
  const width = readSizeWithRefs(reader, slots, refs);
  reader.skip(1); // allow_high_precision_mv
  if (!reader.flag()) reader.skip(2); // is_filter_switchable, raw_interpolation_filter
  return { width, refreshFlags };
}

function readSyncCode(reader: RawBitReader): void {
  if (reader.u(24) !== SYNC_CODE) throw broken('a VP9 frame lacks its sync code');
}

/** color_config(), 6.2.2. */
function readColorConfig(reader: RawBitReader, profile: number): void {
  const hasSubsampling = profile === 1 || profile === 3;
  if (profile >= 2) reader.skip(1); // ten_or_twelve_bit
  if (reader.u(3) !== CS_RGB) {
    reader.skip(1); // color_range
    if (hasSubsampling) reader.skip(1 + 1 + 1); // subsampling_x, subsampling_y, reserved_zero
  } else if (hasSubsampling) {
    reader.skip(1); // reserved_zero
  } else {
    throw broken(`a VP9 frame of profile ${profile} is RGB`);
  }
}

/** frame_size() and render_size(), 6.2.3 and 6.2.4. Returns the width. */
function readFrameAndRenderSize(reader: RawBitReader): number {
  const width = reader.u(16) + 1;
  reader.skip(16); // frame_height_minus_1
  skipRenderSize(reader);
  return width;
}

function skipRenderSize(reader: RawBitReader): void {
  if (reader.flag()) reader.skip(16 + 16); // render_and_frame_size_different
}

/** frame_size_with_refs(), 6.2.5. Returns the width. */
function readSizeWithRefs(reader: RawBitReader, slots: Vp9Slots, refs: readonly number[]): number {
  for (const slot of refs) {
    if (!reader.flag()) continue; // found_ref
    const width = slots[slot];
    if (width === undefined) throw lostReference(slot);
    skipRenderSize(reader);
    return width;
  }
  return readFrameAndRenderSize(reader);
}

/** loop_filter_params(), 6.2.8. */
function readLoopFilter(reader: RawBitReader): void {
  reader.skip(6 + 3); // loop_filter_level, loop_filter_sharpness
  if (!reader.flag() || !reader.flag()) return; // loop_filter_delta_enabled, loop_filter_delta_update
  for (let i = 0; i < 4 + 2; i++) if (reader.flag()) reader.skip(6 + 1); // update_ref_delta, update_mode_delta
}

/** quantization_params(), 6.2.9. */
function readQuantization(reader: RawBitReader): void {
  reader.skip(8); // base_q_idx
  for (let i = 0; i < 3; i++) if (reader.flag()) reader.skip(4 + 1); // delta_coded, delta_q
}

/** Bits of the values of the four features, their sign among them. */
const FEATURE_BITS = [8 + 1, 6 + 1, 2, 0];

/** segmentation_params(), 6.2.11. */
function readSegmentation(reader: RawBitReader): void {
  if (!reader.flag()) return; // segmentation_enabled
  if (reader.flag()) {
    // segmentation_update_map
    skipProbabilities(reader, 7);
    if (reader.flag()) skipProbabilities(reader, 3); // segmentation_temporal_update
  }
  if (!reader.flag()) return; // segmentation_update_data
  reader.skip(1); // segmentation_abs_or_delta_update
  for (let segment = 0; segment < 8; segment++) {
    for (const bits of FEATURE_BITS) if (reader.flag()) reader.skip(bits);
  }
}

function skipProbabilities(reader: RawBitReader, count: number): void {
  for (let i = 0; i < count; i++) if (reader.flag()) reader.skip(8);
}

/** tile_info(), 6.2.13. */
function readTileInfo(reader: RawBitReader, width: number): void {
  const superblocks = Math.ceil(width / 64);
  let minLog2 = 0;
  while (MAX_TILE_SUPERBLOCKS << minLog2 < superblocks) minLog2++;
  let maxLog2 = 1;
  while (superblocks >> maxLog2 >= MIN_TILE_SUPERBLOCKS) maxLog2++;
  maxLog2--;
  while (minLog2 < maxLog2 && reader.flag()) minLog2++; // increment_tile_cols_log2
  if (reader.flag()) reader.skip(1); // tile_rows_log2, increment_tile_rows_log2
}

function broken(message: string): PrpackError {
  return malformed(message, { clause: 'VP9 bitstream 6.2' });
}

function unknownProfile(): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', 'a VP9 frame is of a profile above 3', {
    clause: 'VP9 bitstream 7.2',
    remedy: 'Encode the video in one of the profiles 0 to 3.',
  });
}

function lostReference(slot: number): PrpackError {
  return malformed(`a VP9 frame has the size of the reference frame in slot ${slot}, which was not sent`, {
    received: slot,
    clause: 'VP9 bitstream 6.2.5',
    remedy: 'Samples are missing before this one, or are out of order: start the track with a key frame.',
  });
}
