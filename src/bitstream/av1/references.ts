import { malformed, type PrpackError } from '../../errors.js';

/** Slots for reference frames. */
export const NUM_REF_FRAMES = 8;
/** Reference frames of one inter frame: LAST, LAST2, LAST3, GOLDEN, BWDREF, ALTREF2, ALTREF, in this order. */
export const REFS_PER_FRAME = 7;
const GOLDEN = 3;
const BWDREF = 4;
const ALTREF2 = 5;
const ALTREF = 6;

/**
 * What headers of later frames need of a decoded frame (AV1 bitstream 7.20): enough for their length. Loop filter
 * deltas, global motion and film grain are inherited too, but change no later header's length.
 */
export interface Av1ReferenceFrame {
  readonly isKeyFrame: boolean;
  readonly upscaledWidth: number;
  readonly frameHeight: number;
  readonly orderHint: number;
  readonly segmentQ: SegmentQ;
}

/** Of each of the 8 segments what it adds to the quantizer index; undefined when it adds nothing of its own. */
export type SegmentQ = readonly (number | undefined)[];

/** The 8 slots. A slot is empty when no frame of the stream that was read has filled it. */
export type Av1Slots = readonly (Av1ReferenceFrame | undefined)[];

/**
 * The frame in a slot.
 * @throws PrpackError MALFORMED_INPUT when it is empty: what a header means then cannot be known
 */
export function frameInSlot(slots: Av1Slots, index: number): Av1ReferenceFrame {
  const frame = slots[index];
  if (!frame) throw lostReference(index);
  return frame;
}

function lostReference(index: number): PrpackError {
  return malformed(`an AV1 frame needs the reference frame in slot ${index}, which was not sent`, {
    received: index,
    clause: 'AV1 7.20',
    remedy: 'Samples are missing before this one, or are out of order: start the track with a key frame.',
  });
}

/** get_relative_dist(), 5.9.3: a − b of order hints of `bits` bits, which wrap around. 0 without order hints. */
export function relativeDistance(a: number, b: number, bits: number): number {
  if (bits === 0) return 0;
  const half = 1 << (bits - 1);
  return ((a - b) & (half - 1)) - ((a - b) & half);
}

/**
 * set_frame_refs(), 7.8: the slots of all 7 references, from those of LAST and GOLDEN.
 * @throws PrpackError MALFORMED_INPUT when a slot is empty
 */
export function deriveFrameRefs(
  slots: Av1Slots,
  lastIndex: number,
  goldenIndex: number,
  orderHint: number,
  orderHintBits: number,
): number[] {
  /** Distance of each slot's frame from this one: negative before it in output order. */
  const distances = Array.from({ length: NUM_REF_FRAMES }, (_, slot) =>
    relativeDistance(frameInSlot(slots, slot).orderHint, orderHint, orderHintBits),
  );
  const used = new Set([lastIndex, goldenIndex]);
  const refs = new Array<number>(REFS_PER_FRAME).fill(-1);
  refs[0] = lastIndex;
  refs[GOLDEN] = goldenIndex;
  const take = (ref: number, slot: number) => {
    if (slot < 0) return;
    refs[ref] = slot;
    used.add(slot);
  };
  const isBackward = (slot: number) => !used.has(slot) && distances[slot] >= 0;
  take(ALTREF, latest(distances, isBackward));
  take(BWDREF, earliest(distances, isBackward));
  take(ALTREF2, earliest(distances, isBackward));
  const isForward = (slot: number) => !used.has(slot) && distances[slot] < 0;
  for (const ref of [1, 2, BWDREF, ALTREF2, ALTREF]) {
    if (refs[ref] < 0) take(ref, latest(distances, isForward));
  }
  const oldest = earliest(distances, () => true);
  return refs.map((slot) => (slot < 0 ? oldest : slot));
}

/** The last of the slots with the largest distance; −1 when none qualifies. */
function latest(distances: readonly number[], qualifies: (slot: number) => boolean): number {
  let found = -1;
  distances.forEach((distance, slot) => {
    if (qualifies(slot) && (found < 0 || distance >= distances[found])) found = slot;
  });
  return found;
}

/** The first of the slots with the smallest distance; −1 when none qualifies. */
function earliest(distances: readonly number[], qualifies: (slot: number) => boolean): number {
  let found = -1;
  distances.forEach((distance, slot) => {
    if (qualifies(slot) && (found < 0 || distance < distances[found])) found = slot;
  });
  return found;
}

/**
 * Whether a frame that predicts from two references may skip (skipModeAllowed, 5.9.22): it has one reference before
 * and one after it, or two different ones before it.
 * @param refHints order hints of its references
 */
export function isSkipModeAllowed(
  refHints: readonly number[],
  orderHint: number,
  orderHintBits: number,
): boolean {
  const distances = refHints.map((hint) => relativeDistance(hint, orderHint, orderHintBits));
  const forward = refHints.filter((_, i) => distances[i] < 0);
  if (forward.length === 0) return false;
  if (distances.some((distance) => distance > 0)) return true;
  const nearest = forward.reduce((best, hint) =>
    relativeDistance(hint, best, orderHintBits) > 0 ? hint : best,
  );
  return refHints.some((hint) => relativeDistance(hint, nearest, orderHintBits) < 0);
}
