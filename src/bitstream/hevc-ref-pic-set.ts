import { malformed, type PrpackError } from '../errors.js';
import type { BitReader } from './bit-reader.js';

/** A picture has at most 16 pictures to refer to (MaxDpbSize, ITU-T H.265 A.4.2). */
const MAX_PICTURES = 16;

/**
 * A short-term reference picture set (ITU-T H.265 7.3.7, 7.4.8). Earlier pictures come first, nearest first,
 * then later ones, nearest first. It is filled in place, so that one object serves all slices of a track.
 */
export class ShortTermRefPicSet {
  readonly deltaPocs = new Int32Array(MAX_PICTURES);
  /** 1 where the picture may be referred to by the current one, 0 where it is only kept for later ones. */
  readonly usedByCurr = new Uint8Array(MAX_PICTURES);
  negativePics = 0;
  numDeltaPocs = 0;

  /** NumPocStCurrBefore + NumPocStCurrAfter. */
  get picsUsedByCurr(): number {
    let count = 0;
    for (let i = 0; i < this.numDeltaPocs; i++) count += this.usedByCurr[i];
    return count;
  }

  /**
   * Reads st_ref_pic_set(index).
   * @param earlier the sets of the sequence parameter set before this one
   * @param isInSlice the set stands in a slice header, after all sets of the parameter set
   */
  read(reader: BitReader, earlier: readonly ShortTermRefPicSet[], isInSlice: boolean): void {
    const isPredicted = earlier.length > 0 && reader.flag(); // inter_ref_pic_set_prediction_flag
    this.numDeltaPocs = 0;
    if (isPredicted) this.#readPredicted(reader, earlier, isInSlice);
    else this.#readExplicit(reader);
  }

  #readExplicit(reader: BitReader): void {
    const negative = reader.ueUpTo(MAX_PICTURES, 'num_negative_pics');
    const positive = reader.ueUpTo(MAX_PICTURES - negative, 'num_positive_pics');
    this.#readRun(reader, negative, -1);
    this.negativePics = negative;
    this.#readRun(reader, positive, 1);
  }

  #readRun(reader: BitReader, count: number, direction: 1 | -1): void {
    let poc = 0;
    for (let i = 0; i < count; i++) {
      poc += direction * (reader.ueUpTo(0x7fff, 'delta_poc_minus1') + 1);
      this.#add(poc, reader.u(1));
    }
  }

  /** From another set, moved by deltaRps (7-59 to 7-62). */
  #readPredicted(reader: BitReader, earlier: readonly ShortTermRefPicSet[], isInSlice: boolean): void {
    const back = isInSlice ? reader.ueUpTo(earlier.length - 1, 'delta_idx_minus1') + 1 : 1;
    const from = earlier[earlier.length - back];
    const isNegative = reader.flag(); // delta_rps_sign
    const magnitude = reader.ueUpTo(0x7fff, 'abs_delta_rps_minus1') + 1;
    const deltaRps = isNegative ? -magnitude : magnitude;
    let used = 0; // bit j: used_by_curr_pic_flag[j]
    let kept = 0; // bit j: use_delta_flag[j]
    for (let j = 0; j <= from.numDeltaPocs; j++) {
      const isUsed = reader.flag();
      if (isUsed) used |= 1 << j;
      if (isUsed || reader.flag()) kept |= 1 << j;
    }
    this.#derive(from, deltaRps, used, kept);
  }

  #derive(from: ShortTermRefPicSet, deltaRps: number, used: number, kept: number): void {
    const { deltaPocs, negativePics, numDeltaPocs } = from;
    const take = (j: number, poc: number) => {
      if ((kept >> j) & 1) this.#add(poc, (used >> j) & 1);
    };
    const takeIf = (j: number, direction: 1 | -1) => {
      const poc = deltaPocs[j] + deltaRps;
      if (poc * direction > 0) take(j, poc);
    };
    for (let j = numDeltaPocs - 1; j >= negativePics; j--) takeIf(j, -1);
    if (deltaRps < 0) take(numDeltaPocs, deltaRps);
    for (let j = 0; j < negativePics; j++) takeIf(j, -1);
    this.negativePics = this.numDeltaPocs;
    for (let j = negativePics - 1; j >= 0; j--) takeIf(j, 1);
    if (deltaRps > 0) take(numDeltaPocs, deltaRps);
    for (let j = negativePics; j < numDeltaPocs; j++) takeIf(j, 1);
  }

  #add(deltaPoc: number, used: number): void {
    if (this.numDeltaPocs === MAX_PICTURES) throw tooMany();
    this.deltaPocs[this.numDeltaPocs] = deltaPoc;
    this.usedByCurr[this.numDeltaPocs] = used;
    this.numDeltaPocs++;
  }
}

function tooMany(): PrpackError {
  return malformed(`a reference picture set has more than ${MAX_PICTURES} pictures`, {
    clause: 'ITU-T H.265 7.4.8',
  });
}
