import type { RawBitReader } from '../raw-bit-reader.js';
import { readAv1FilmGrain } from './film-grain.js';
import { readAv1Filters } from './filters.js';
import { skipAv1GlobalMotion } from './global-motion.js';
import { isLossless, readAv1Quantization, readAv1Segmentation } from './quantization.js';
import {
  type Av1ReferenceFrame,
  type Av1Slots,
  deriveFrameRefs,
  frameInSlot,
  isSkipModeAllowed,
  NUM_REF_FRAMES,
  REFS_PER_FRAME,
} from './references.js';
import { type Av1SequenceHeader, CHOSEN_BY_FRAME } from './sequence-header.js';
import { type Av1Tiling, readAv1TileInfo } from './tile-info.js';

/** What a frame header says (AV1 bitstream 5.9). */
export interface Av1FrameHeader {
  /** Absent when the header shows a frame that was decoded before: no tiles follow. */
  readonly tiling?: Av1Tiling;
  /** The frame, to be put into slots once its last tile was read. */
  readonly frame: Av1ReferenceFrame;
  /** `refresh_frame_flags`: bit i stands for slot i. */
  readonly refreshFlags: number;
  /** Bits of slots whose frame is not the one that the stream expects there. */
  readonly lostSlots: number;
}

const KEY_FRAME = 0;
const INTER_FRAME = 1;
const INTRA_ONLY_FRAME = 2;
const SWITCH_FRAME = 3;

const ALL_FRAMES = 0xff;
const PRIMARY_REF_NONE = 7;

/** Fields from show_existing_frame to error_resilient_mode. */
interface FrameKind {
  readonly frameType: number;
  readonly isIntra: boolean;
  readonly isShown: boolean;
  readonly isShowable: boolean;
  readonly isErrorResilient: boolean;
}

/** In pixels. */
interface FrameSize {
  readonly upscaledWidth: number;
  /** After superres reduced it. */
  readonly frameWidth: number;
  readonly frameHeight: number;
}

/**
 * uncompressed_header(), 5.9.2.
 * @param layers bit t for the temporal layer t and bit 8 + s for the spatial layer s of the frame
 * @throws END_OF_BITS; PrpackError MALFORMED_INPUT when it depends on a frame that is not in `slots`
 */
export function readAv1FrameHeader(
  reader: RawBitReader,
  sequence: Av1SequenceHeader,
  slots: Av1Slots,
  layers: number,
): Av1FrameHeader {
  if (!sequence.reducedStillPictureHeader && reader.flag()) return readShownFrame(reader, sequence, slots);
  const kind = sequence.reducedStillPictureHeader ? STILL_PICTURE : readFrameKind(reader, sequence);
  return new FrameHeaderReader(reader, sequence, slots, kind).read(layers);
}

/** The rest of a header with show_existing_frame. A key frame that is shown late fills all slots (7.21). */
function readShownFrame(reader: RawBitReader, sequence: Av1SequenceHeader, slots: Av1Slots): Av1FrameHeader {
  const frame = frameInSlot(slots, reader.u(3)); // frame_to_show_map_idx
  reader.skip(sequence.presentationTimeBits + sequence.frameIdBits); // frame_presentation_time, display_frame_id
  return { frame, refreshFlags: frame.isKeyFrame ? ALL_FRAMES : 0, lostSlots: 0 };
}

const STILL_PICTURE: FrameKind = {
  frameType: KEY_FRAME,
  isIntra: true,
  isShown: true,
  isShowable: false,
  isErrorResilient: true,
};

function readFrameKind(reader: RawBitReader, sequence: Av1SequenceHeader): FrameKind {
  const frameType = reader.u(2);
  const isIntra = frameType === KEY_FRAME || frameType === INTRA_ONLY_FRAME;
  const isShown = reader.flag(); // show_frame
  if (isShown) reader.skip(sequence.presentationTimeBits); // frame_presentation_time
  const isShowable = isShown ? frameType !== KEY_FRAME : reader.flag(); // showable_frame
  const isErrorResilient =
    frameType === SWITCH_FRAME || (frameType === KEY_FRAME && isShown) || reader.flag();
  return { frameType, isIntra, isShown, isShowable, isErrorResilient };
}

/** The rest of one frame header. */
class FrameHeaderReader {
  readonly #reader: RawBitReader;
  readonly #sequence: Av1SequenceHeader;
  readonly #slots: Av1Slots;
  readonly #kind: FrameKind;

  #allowScreenContentTools = false;
  #forceIntegerMv = false;
  #allowHighPrecisionMv = false;
  #hasSizeOverride = false;
  #orderHint = 0;
  #primaryRef = PRIMARY_REF_NONE;
  #refreshFlags = ALL_FRAMES;
  #lostSlots = 0;
  /** Slots of the 7 references; none of an intra frame. */
  #refs: readonly number[] = [];

  constructor(reader: RawBitReader, sequence: Av1SequenceHeader, slots: Av1Slots, kind: FrameKind) {
    this.#reader = reader;
    this.#sequence = sequence;
    this.#slots = slots;
    this.#kind = kind;
  }

  read(layers: number): Av1FrameHeader {
    const reader = this.#reader;
    const isCdfUpdateDisabled = reader.flag(); // disable_cdf_update
    this.#readScreenContent();
    this.#readOrder(layers);
    this.#readRefresh();
    const { isIntra } = this.#kind;
    const size = isIntra ? this.#readFrameAndRenderSize() : this.#readReferences();
    const allowIntraBlockCopy =
      isIntra && this.#allowScreenContentTools && size.upscaledWidth === size.frameWidth && reader.flag(); // allow_intrabc
    if (!isIntra) this.#readMotion();
    if (!this.#sequence.reducedStillPictureHeader && !isCdfUpdateDisabled) reader.skip(1); // disable_frame_end_update_cdf
    const tiling = readAv1TileInfo(reader, this.#sequence, size.frameWidth, size.frameHeight);
    const segmentQ = this.#readBlockTools(size, allowIntraBlockCopy);
    this.#readPredictionTools();
    readAv1FilmGrain(reader, this.#sequence, this.#hasFilmGrain, this.#kind.frameType === INTER_FRAME);
    return {
      tiling,
      frame: {
        isKeyFrame: this.#kind.frameType === KEY_FRAME,
        upscaledWidth: size.upscaledWidth,
        frameHeight: size.frameHeight,
        orderHint: this.#orderHint,
        segmentQ,
      },
      refreshFlags: this.#refreshFlags,
      lostSlots: this.#lostSlots,
    };
  }

  get #hasFilmGrain(): boolean {
    return this.#sequence.filmGrainParamsPresent && (this.#kind.isShown || this.#kind.isShowable);
  }

  /** allow_screen_content_tools and force_integer_mv. */
  #readScreenContent(): void {
    const { forceScreenContentTools, forceIntegerMv } = this.#sequence;
    this.#allowScreenContentTools = this.#choose(forceScreenContentTools);
    if (this.#allowScreenContentTools) this.#forceIntegerMv = this.#choose(forceIntegerMv);
  }

  #choose(sequenceValue: number): boolean {
    return sequenceValue === CHOSEN_BY_FRAME ? this.#reader.flag() : sequenceValue === 1;
  }

  /** From current_frame_id to buffer_removal_time. */
  #readOrder(layers: number): void {
    const reader = this.#reader;
    const sequence = this.#sequence;
    const { frameType, isIntra, isErrorResilient } = this.#kind;
    reader.skip(sequence.frameIdBits); // current_frame_id
    this.#hasSizeOverride =
      frameType === SWITCH_FRAME || (!sequence.reducedStillPictureHeader && reader.flag());
    this.#orderHint = reader.u(sequence.orderHintBits);
    if (!isIntra && !isErrorResilient) this.#primaryRef = reader.u(3);
    if (!sequence.hasDecoderModel || !reader.flag()) return; // buffer_removal_time_present_flag
    for (const idc of sequence.modelledOperatingPoints) {
      if (idc === 0 || (idc & layers) === layers) reader.skip(sequence.bufferRemovalTimeBits);
    }
  }

  /** refresh_frame_flags and ref_order_hint. */
  #readRefresh(): void {
    const reader = this.#reader;
    const { frameType, isIntra, isShown, isErrorResilient } = this.#kind;
    const { orderHintBits } = this.#sequence;
    const refreshesAll = frameType === SWITCH_FRAME || (frameType === KEY_FRAME && isShown);
    if (!refreshesAll) this.#refreshFlags = reader.u(8);
    if (isIntra && this.#refreshFlags === ALL_FRAMES) return;
    if (!isErrorResilient || orderHintBits === 0) return;
    for (let slot = 0; slot < NUM_REF_FRAMES; slot++) {
      if (reader.u(orderHintBits) !== this.#slots[slot]?.orderHint) this.#lostSlots |= 1 << slot;
    }
  }

  #readFrameAndRenderSize(): FrameSize {
    const size = this.#readFrameSize();
    if (this.#reader.flag()) this.#reader.skip(16 + 16); // render_and_frame_size_different, render size
    return size;
  }

  /** frame_size(), 5.9.5. */
  #readFrameSize(): FrameSize {
    const { frameWidthBits, frameHeightBits, maxFrameWidth, maxFrameHeight } = this.#sequence;
    if (!this.#hasSizeOverride) return this.#readSuperres(maxFrameWidth, maxFrameHeight);
    const width = this.#reader.u(frameWidthBits) + 1;
    return this.#readSuperres(width, this.#reader.u(frameHeightBits) + 1);
  }

  /** superres_params(), 5.9.8. */
  #readSuperres(upscaledWidth: number, frameHeight: number): FrameSize {
    const isScaled = this.#sequence.enableSuperres && this.#reader.flag(); // use_superres
    const denominator = isScaled ? this.#reader.u(3) + 9 : 8;
    const frameWidth = Math.floor((upscaledWidth * 8 + (denominator >> 1)) / denominator);
    return { upscaledWidth, frameWidth, frameHeight };
  }

  /** Of an inter frame, from frame_refs_short_signaling to its size. */
  #readReferences(): FrameSize {
    const reader = this.#reader;
    const { orderHintBits, frameIdBits, deltaFrameIdBits } = this.#sequence;
    const slots = this.#liveSlots();
    const isShort = orderHintBits > 0 && reader.flag(); // frame_refs_short_signaling
    const derived = isShort
      ? deriveFrameRefs(slots, reader.u(3), reader.u(3), this.#orderHint, orderHintBits)
      : undefined;
    const refs: number[] = [];
    for (let i = 0; i < REFS_PER_FRAME; i++) {
      refs.push(derived ? derived[i] : reader.u(3)); // ref_frame_idx
      if (frameIdBits > 0) reader.skip(deltaFrameIdBits); // delta_frame_id_minus_1
    }
    this.#refs = refs;
    for (const slot of refs) frameInSlot(slots, slot);
    if (!this.#hasSizeOverride || this.#kind.isErrorResilient) return this.#readFrameAndRenderSize();
    return this.#readSizeWithRefs();
  }

  /** The slots but for those that were found to be lost. */
  #liveSlots(): Av1Slots {
    if (this.#lostSlots === 0) return this.#slots;
    return this.#slots.map((frame, slot) => ((this.#lostSlots >> slot) & 1 ? undefined : frame));
  }

  /** frame_size_with_refs(), 5.9.7. */
  #readSizeWithRefs(): FrameSize {
    for (const slot of this.#refs) {
      if (!this.#reader.flag()) continue; // found_ref
      const { upscaledWidth, frameHeight } = frameInSlot(this.#slots, slot);
      return this.#readSuperres(upscaledWidth, frameHeight);
    }
    return this.#readFrameAndRenderSize();
  }

  /** Of an inter frame, from allow_high_precision_mv to use_ref_frame_mvs. */
  #readMotion(): void {
    const reader = this.#reader;
    if (!this.#forceIntegerMv) this.#allowHighPrecisionMv = reader.flag();
    if (!reader.flag()) reader.skip(2); // is_filter_switchable, interpolation_filter
    reader.skip(1); // is_motion_mode_switchable
    if (!this.#kind.isErrorResilient && this.#sequence.enableRefFrameMvs) reader.skip(1); // use_ref_frame_mvs
  }

  /** From quantization_params() to read_tx_mode(). Returns the segmentation that later frames may inherit. */
  #readBlockTools(size: FrameSize, allowIntraBlockCopy: boolean): Av1ReferenceFrame['segmentQ'] {
    const reader = this.#reader;
    const quantization = readAv1Quantization(reader, this.#sequence);
    const previous = () => frameInSlot(this.#slots, this.#refs[this.#primaryRef]).segmentQ;
    const segmentQ = readAv1Segmentation(
      reader,
      this.#primaryRef === PRIMARY_REF_NONE ? undefined : previous,
    );
    readDeltas(reader, quantization.baseQIndex, allowIntraBlockCopy);
    const codedLossless = isLossless(quantization, segmentQ);
    const allLossless = codedLossless && size.frameWidth === size.upscaledWidth;
    readAv1Filters(reader, this.#sequence, { codedLossless, allLossless, allowIntraBlockCopy });
    if (!codedLossless) reader.skip(1); // tx_mode_select
    return segmentQ;
  }

  /** From frame_reference_mode() to global_motion_params(). */
  #readPredictionTools(): void {
    const reader = this.#reader;
    const { isIntra, isErrorResilient } = this.#kind;
    const { orderHintBits, enableWarpedMotion } = this.#sequence;
    const isCompound = !isIntra && reader.flag(); // reference_select
    if (isCompound && orderHintBits > 0) {
      const refHints = this.#refs.map((slot) => frameInSlot(this.#slots, slot).orderHint);
      if (isSkipModeAllowed(refHints, this.#orderHint, orderHintBits)) reader.skip(1); // skip_mode_present
    }
    if (!isIntra && !isErrorResilient && enableWarpedMotion) reader.skip(1); // allow_warped_motion
    reader.skip(1); // reduced_tx_set
    if (!isIntra) skipAv1GlobalMotion(reader, REFS_PER_FRAME, this.#allowHighPrecisionMv);
  }
}

/** delta_q_params() and delta_lf_params(), 5.9.17 and 5.9.18. */
function readDeltas(reader: RawBitReader, baseQIndex: number, allowIntraBlockCopy: boolean): void {
  if (baseQIndex === 0 || !reader.flag()) return; // delta_q_present
  reader.skip(2); // delta_q_res
  if (!allowIntraBlockCopy && reader.flag()) reader.skip(2 + 1); // delta_lf_present, delta_lf_res, delta_lf_multi
}
