import { malformed } from '../../errors.js';
import type { RawBitReader } from '../raw-bit-reader.js';
import type { CodedColour } from '../video-signal.js';

/** Stands for a choice that each frame makes (SELECT_SCREEN_CONTENT_TOOLS, SELECT_INTEGER_MV). */
export const CHOSEN_BY_FRAME = 2;

/** What frame headers need of a sequence header (AV1 bitstream 5.5). */
export interface Av1SequenceHeader extends Av1ColorConfig {
  readonly reducedStillPictureHeader: boolean;
  /** Bits of `frame_presentation_time` in a shown frame; 0 where none is sent. */
  readonly presentationTimeBits: number;
  readonly hasDecoderModel: boolean;
  /** Bits of each `buffer_removal_time`. */
  readonly bufferRemovalTimeBits: number;
  /** `operating_point_idc` of the operating points that have a decoder model. */
  readonly modelledOperatingPoints: readonly number[];
  readonly frameWidthBits: number;
  readonly frameHeightBits: number;
  readonly maxFrameWidth: number;
  readonly maxFrameHeight: number;
  /** 0 when frames have no ids. */
  readonly frameIdBits: number;
  readonly deltaFrameIdBits: number;
  readonly use128x128Superblock: boolean;
  readonly enableWarpedMotion: boolean;
  readonly enableRefFrameMvs: boolean;
  /** 0, 1 or {@link CHOSEN_BY_FRAME}. */
  readonly forceScreenContentTools: number;
  readonly forceIntegerMv: number;
  /** 0 when there are no order hints. */
  readonly orderHintBits: number;
  readonly enableSuperres: boolean;
  readonly enableCdef: boolean;
  readonly enableRestoration: boolean;
  readonly filmGrainParamsPresent: boolean;
}

interface Av1ColorConfig {
  /** 1 or 3. */
  readonly numPlanes: number;
  readonly subsamplingX: boolean;
  readonly subsamplingY: boolean;
  readonly separateUvDeltaQ: boolean;
  /** No matter for frames. */
  readonly colour: CodedColour | undefined;
}

type Timing = Pick<
  Av1SequenceHeader,
  'presentationTimeBits' | 'hasDecoderModel' | 'bufferRemovalTimeBits' | 'modelledOperatingPoints'
>;
type InterTools = Pick<
  Av1SequenceHeader,
  'enableWarpedMotion' | 'enableRefFrameMvs' | 'forceScreenContentTools' | 'forceIntegerMv' | 'orderHintBits'
>;

/**
 * sequence_header_obu(), 5.5.1.
 * @throws END_OF_BITS, PrpackError MALFORMED_INPUT
 */
export function readAv1SequenceHeader(reader: RawBitReader): Av1SequenceHeader {
  const profile = reader.u(3); // seq_profile
  if (profile > 2) throw malformed('an AV1 profile is unknown', { received: profile, clause: 'AV1 6.4.1' });
  reader.skip(1); // still_picture
  const reducedStillPictureHeader = reader.flag();
  const timing = reducedStillPictureHeader ? readStillLevel(reader) : readTiming(reader);
  const frameWidthBits = reader.u(4) + 1;
  const frameHeightBits = reader.u(4) + 1;
  const maxFrameWidth = reader.u(frameWidthBits) + 1;
  const maxFrameHeight = reader.u(frameHeightBits) + 1;
  const frameIds = readFrameIds(reader, reducedStillPictureHeader);
  const use128x128Superblock = reader.flag();
  reader.skip(2); // enable_filter_intra, enable_intra_edge_filter
  return {
    reducedStillPictureHeader,
    ...timing,
    frameWidthBits,
    frameHeightBits,
    maxFrameWidth,
    maxFrameHeight,
    ...frameIds,
    use128x128Superblock,
    ...(reducedStillPictureHeader ? STILL_TOOLS : readInterTools(reader)),
    enableSuperres: reader.flag(),
    enableCdef: reader.flag(),
    enableRestoration: reader.flag(),
    ...readColorConfig(reader, profile),
    filmGrainParamsPresent: reader.flag(),
  };
}

function readStillLevel(reader: RawBitReader): Timing {
  reader.skip(5); // seq_level_idx[0]
  return {
    presentationTimeBits: 0,
    hasDecoderModel: false,
    bufferRemovalTimeBits: 0,
    modelledOperatingPoints: [],
  };
}

/** From timing_info_present_flag to initial_display_delay_minus_1. */
function readTiming(reader: RawBitReader): Timing {
  let hasEqualIntervals = false;
  let hasDecoderModel = false;
  let bufferDelayBits = 0;
  let bufferRemovalTimeBits = 0;
  let presentationTimeBits = 0;
  if (reader.flag()) {
    // timing_info_present_flag
    reader.skip(32 + 32); // num_units_in_display_tick, time_scale
    hasEqualIntervals = reader.flag(); // equal_picture_interval
    if (hasEqualIntervals) reader.uvlc(); // num_ticks_per_picture_minus_1
    hasDecoderModel = reader.flag(); // decoder_model_info_present_flag
  }
  if (hasDecoderModel) {
    bufferDelayBits = reader.u(5) + 1;
    reader.skip(32); // num_units_in_decoding_tick
    bufferRemovalTimeBits = reader.u(5) + 1;
    presentationTimeBits = reader.u(5) + 1;
  }
  const modelledOperatingPoints = readOperatingPoints(reader, hasDecoderModel, bufferDelayBits);
  if (hasEqualIntervals) presentationTimeBits = 0; // 5.9.2: frames then carry no temporal_point_info()
  return { presentationTimeBits, hasDecoderModel, bufferRemovalTimeBits, modelledOperatingPoints };
}

function readOperatingPoints(
  reader: RawBitReader,
  hasDecoderModel: boolean,
  bufferDelayBits: number,
): number[] {
  const modelled: number[] = [];
  const hasDisplayDelay = reader.flag(); // initial_display_delay_present_flag
  const count = reader.u(5) + 1; // operating_points_cnt_minus_1
  for (let i = 0; i < count; i++) {
    const idc = reader.u(12); // operating_point_idc
    if (reader.u(5) > 7) reader.skip(1); // seq_level_idx, seq_tier
    if (hasDecoderModel && reader.flag()) {
      // decoder_model_present_for_this_op
      modelled.push(idc);
      reader.skip(2 * bufferDelayBits + 1); // operating_parameters_info()
    }
    if (hasDisplayDelay && reader.flag()) reader.skip(4); // initial_display_delay_minus_1
  }
  return modelled;
}

function readFrameIds(
  reader: RawBitReader,
  isReducedStill: boolean,
): Pick<Av1SequenceHeader, 'frameIdBits' | 'deltaFrameIdBits'> {
  if (isReducedStill || !reader.flag()) return { frameIdBits: 0, deltaFrameIdBits: 0 }; // frame_id_numbers_present_flag
  const deltaFrameIdBits = reader.u(4) + 2;
  return { deltaFrameIdBits, frameIdBits: reader.u(3) + 1 + deltaFrameIdBits };
}

const STILL_TOOLS: InterTools = {
  enableWarpedMotion: false,
  enableRefFrameMvs: false,
  forceScreenContentTools: CHOSEN_BY_FRAME,
  forceIntegerMv: CHOSEN_BY_FRAME,
  orderHintBits: 0,
};

/** From enable_interintra_compound to order_hint_bits_minus_1. */
function readInterTools(reader: RawBitReader): InterTools {
  reader.skip(2); // enable_interintra_compound, enable_masked_compound
  const enableWarpedMotion = reader.flag();
  reader.skip(1); // enable_dual_filter
  const enableOrderHint = reader.flag();
  if (enableOrderHint) reader.skip(1); // enable_jnt_comp
  const enableRefFrameMvs = enableOrderHint && reader.flag();
  const forceScreenContentTools = reader.flag() ? CHOSEN_BY_FRAME : reader.u(1);
  let forceIntegerMv = CHOSEN_BY_FRAME;
  if (forceScreenContentTools > 0 && !reader.flag()) forceIntegerMv = reader.u(1);
  const orderHintBits = enableOrderHint ? reader.u(3) + 1 : 0;
  return { enableWarpedMotion, enableRefFrameMvs, forceScreenContentTools, forceIntegerMv, orderHintBits };
}

/** BT.709 primaries, sRGB transfer, identity matrix (6.4.2). */
function isRgb({ primaries, transfer, matrix }: CodedColour): boolean {
  return primaries === 1 && transfer === 13 && matrix === 0;
}

/** color_config(), 5.5.2. */
function readColorConfig(reader: RawBitReader, profile: number): Av1ColorConfig {
  const highBitDepth = reader.flag();
  const is12Bit = profile === 2 && highBitDepth && reader.flag();
  const isMonochrome = profile !== 1 && reader.flag();
  const colour = reader.flag() // color_description_present_flag
    ? { primaries: reader.u(8), transfer: reader.u(8), matrix: reader.u(8) }
    : undefined;
  if (isMonochrome) {
    reader.skip(1); // color_range
    return { numPlanes: 1, subsamplingX: true, subsamplingY: true, separateUvDeltaQ: false, colour };
  }
  const subsampling = colour && isRgb(colour) ? FULL_CHROMA : readSubsampling(reader, profile, is12Bit);
  return { numPlanes: 3, ...subsampling, separateUvDeltaQ: reader.flag(), colour };
}

const FULL_CHROMA = { subsamplingX: false, subsamplingY: false };

/** From color_range to chroma_sample_position. */
function readSubsampling(
  reader: RawBitReader,
  profile: number,
  is12Bit: boolean,
): Pick<Av1ColorConfig, 'subsamplingX' | 'subsamplingY'> {
  reader.skip(1); // color_range
  if (profile === 1) return FULL_CHROMA;
  const subsamplingX = !is12Bit || reader.flag();
  const subsamplingY = profile === 0 || (is12Bit && subsamplingX && reader.flag());
  if (subsamplingX && subsamplingY) reader.skip(2); // chroma_sample_position
  return { subsamplingX, subsamplingY };
}
