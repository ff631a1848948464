import type { PeekSample } from '../bitstream/range-reader.js';
import { GrowingColumn } from '../bytes/columns.js';
import { PrpackError } from '../errors.js';
import type { IvSize, Scheme } from './scheme.js';

/**
 * The subsamples of all samples of a track (ISO/IEC 23001-7 9.5.2), as columns. Sample i owns the entries from
 * `starts[i]` up to, not including, `starts[i + 1]`. Each entry is clear bytes, then protected bytes; the entries of a
 * sample sum to its size.
 */
export interface SubsampleTable {
  /** One number more than there are samples. */
  readonly starts: Uint32Array;
  readonly clearBytes: Uint16Array;
  readonly protectedBytes: Uint32Array;
}

/** Maps the samples of one track to subsamples, whatever their codec is. */
export interface SubsampleMapper {
  /**
   * Feeds one whole sample (begin to end) to the mapper's builder. Samples come in decoding order.
   * @param sampleOffsetBytes where the sample lies in the file, for error messages
   * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE
   */
  map(sampleSizeBytes: number, peek: PeekSample, sampleOffsetBytes: number): void;
}

/** What the mapped samples hold of coded media, whatever of it could be protected. */
export interface SliceTally {
  /** Bytes behind the clear leads: slice data, tile data. */
  readonly sliceBytes: number;
  /** Samples that have some, but not enough in one place to be protected. */
  readonly samplesTooSmall: number;
}

/** The most that the u16 field BytesOfClearData can say. */
const MAX_CLEAR = 0xffff;
/** A `saiz` entry, u8, counts the IV, the u16 subsample count and 6 bytes a subsample (23001-7 7.1). */
const MAX_AUXILIARY_BYTES = 0xff;

/** The most subsamples a sample can have: 40 with 8-byte IVs, 39 with 16-byte ones, 42 with a constant IV. */
export function maxSubsamples(ivSizeBytes: 0 | IvSize): number {
  return Math.floor((MAX_AUXILIARY_BYTES - ivSizeBytes - 2) / 6);
}

/** Bytes that the sample's entries protect. */
export function protectedBytesAt(table: SubsampleTable, sampleIndex: number): number {
  let sum = 0;
  const end = table.starts[sampleIndex + 1];
  for (let i = table.starts[sampleIndex]; i < end; i++) sum += table.protectedBytes[i];
  return sum;
}

/**
 * Collects the clear and protected ranges of samples, one sample after the other, and lays them out as
 * subsamples. Owns all rules about them:
 * - protected ranges are multiples of the scheme's unit; the remainder goes to the leading clear bytes, and a
 *   slice too small for one unit is clear (23001-7 10.1);
 * - clear ranges next to each other are one; more than 65535 clear bytes become (65535, 0) entries first;
 * - a sample with more subsamples than `saiz` can express gets its smallest protected ranges cleared, one by one
 *   from the smallest on, until the rest fits. That leaves the fewest clear bytes, since clearing one range
 *   takes away one entry whatever its size, as long as no merged clear range passes 65535 bytes. A range
 *   that ends the sample is kept: clearing it takes away none. Where even that cannot fit, the sample is
 *   refused: an 8-bit size is never wrapped. Under cbcs it is refused at once: players of Apple decrypt every slice,
 *   whatever the subsamples say.
 */
export class SubsampleBuilder {
  readonly #unitBytes: number;
  readonly #maxEntries: number;
  readonly #mayClear: boolean;
  readonly #starts = new GrowingColumn('u32', 2); // all that one sample needs
  readonly #clearBytes = new GrowingColumn('u16');
  readonly #protectedBytes = new GrowingColumn('u32');
  #sliceBytes = 0;
  #samplesTooSmall = 0;

  // The sample at hand: clear and protected bytes in turn, and the clear bytes after the last protected ones.
  #rangeClear: Float64Array = new Float64Array(8);
  #rangeProtected: Float64Array = new Float64Array(8);
  #rangeCount = 0;
  #pendingClear = 0;
  #sliceBytesBefore = 0;

  constructor(scheme: Scheme, ivSizeBytes: 0 | IvSize) {
    this.#unitBytes = scheme.protectedUnitBytes;
    this.#maxEntries = maxSubsamples(ivSizeBytes);
    this.#mayClear = scheme.name !== 'cbcs';
    this.#starts.push(0);
  }

  /** Starts the next sample. */
  begin(): void {
    this.#rangeCount = 0;
    this.#pendingClear = 0;
    this.#sliceBytesBefore = this.#sliceBytes;
  }

  /** The next `count` bytes stay clear. */
  clear(count: number): void {
    this.#pendingClear += count;
  }

  /** The next `totalBytes` bytes are protected but for the first `clearLeadBytes` and what alignment adds to them. */
  slice(clearLeadBytes: number, totalBytes: number): void {
    const room = totalBytes - clearLeadBytes;
    this.#sliceBytes += room;
    const protectedBytes = room - (room % this.#unitBytes);
    this.#pendingClear += totalBytes - protectedBytes;
    if (protectedBytes > 0) this.#addRange(protectedBytes);
  }

  /**
   * Ends the sample.
   * @throws PrpackError INTERNAL when its parts do not sum to `sampleSizeBytes`; UNSUPPORTED_FEATURE when its
   *   subsamples cannot be expressed by a `saiz` entry
   */
  end(sampleSizeBytes: number): void {
    this.#assertSum(sampleSizeBytes);
    if (this.#rangeCount === 0 && this.#sliceBytes > this.#sliceBytesBefore) this.#samplesTooSmall++;
    if (this.#countEntries() > this.#maxEntries) {
      if (!this.#mayClear) throw this.#tooMany();
      this.#clearSmallest();
    }
    for (let i = 0; i < this.#rangeCount; i++) {
      const last = this.#splitClear(this.#rangeClear[i]);
      this.#addEntry(last, this.#rangeProtected[i]);
    }
    if (this.#pendingClear > 0) this.#addEntry(this.#splitClear(this.#pendingClear), 0);
    this.#starts.push(this.#clearBytes.length);
  }

  /** Of all samples so far. */
  get tally(): SliceTally {
    return { sliceBytes: this.#sliceBytes, samplesTooSmall: this.#samplesTooSmall };
  }

  /** The table of all samples so far. */
  finish(): SubsampleTable {
    return {
      starts: this.#starts.finish(),
      clearBytes: this.#clearBytes.finish(),
      protectedBytes: this.#protectedBytes.finish(),
    };
  }

  #addRange(protectedBytes: number): void {
    if (this.#rangeCount === this.#rangeClear.length) {
      this.#rangeClear = grown(this.#rangeClear);
      this.#rangeProtected = grown(this.#rangeProtected);
    }
    this.#rangeClear[this.#rangeCount] = this.#pendingClear;
    this.#rangeProtected[this.#rangeCount] = protectedBytes;
    this.#rangeCount++;
    this.#pendingClear = 0;
  }

  #assertSum(sampleSizeBytes: number): void {
    let sum = this.#pendingClear;
    for (let i = 0; i < this.#rangeCount; i++) sum += this.#rangeClear[i] + this.#rangeProtected[i];
    if (sum === sampleSizeBytes) return;
    throw new PrpackError('INTERNAL', 'the parts of a sample do not sum to its size', {
      expected: sampleSizeBytes,
      received: sum,
      remedy: 'This is a defect of prpack; report it with the file concerned.',
    });
  }

  #countEntries(): number {
    let count = Math.ceil(this.#pendingClear / MAX_CLEAR);
    for (let i = 0; i < this.#rangeCount; i++)
      count += Math.max(1, Math.ceil(this.#rangeClear[i] / MAX_CLEAR));
    return count;
  }

  #clearSmallest(): void {
    const endsProtected = this.#pendingClear === 0;
    const clearable = this.#rangeCount - (endsProtected ? 1 : 0);
    const bySize = this.#rangeProtected.slice(0, clearable).sort();
    let done = 0;
    for (;;) {
      const surplus = this.#countEntries() - this.#maxEntries;
      if (surplus <= 0) return;
      if (done === clearable) throw this.#tooMany();
      const count = Math.min(surplus, clearable - done);
      this.#clearUpTo(bySize[done + count - 1], count, clearable - done);
      done += count;
    }
  }

  /** Turns the `count` smallest of the first `among` ranges clear; the largest of them has `largestBytes`. */
  #clearUpTo(largestBytes: number, count: number, among: number): void {
    const ranges = this.#rangeCount;
    const trailingClear = this.#pendingClear;
    let ofLargest = count; // how many of the ranges of that very size are cleared: as many as smaller ones leave
    for (let i = 0; i < among; i++) if (this.#rangeProtected[i] < largestBytes) ofLargest--;
    this.#rangeCount = 0;
    this.#pendingClear = 0;
    for (let i = 0; i < ranges; i++) {
      const size = this.#rangeProtected[i];
      this.#pendingClear += this.#rangeClear[i];
      const isCleared = i < among && (size < largestBytes || (size === largestBytes && ofLargest-- > 0));
      if (isCleared) this.#pendingClear += size;
      else this.#addRange(size);
    }
    this.#pendingClear += trailingClear;
  }

  /** Writes the (65535, 0) entries of a clear range. Returns what is left of it, 65535 at most. */
  #splitClear(clearBytes: number): number {
    let left = clearBytes;
    for (; left > MAX_CLEAR; left -= MAX_CLEAR) this.#addEntry(MAX_CLEAR, 0);
    return left;
  }

  #addEntry(clearBytes: number, protectedBytes: number): void {
    this.#clearBytes.push(clearBytes);
    this.#protectedBytes.push(protectedBytes);
  }

  #tooMany(): PrpackError {
    return new PrpackError(
      'UNSUPPORTED_FEATURE',
      `a sample needs more than ${this.#maxEntries} subsamples, which its 8-bit size field cannot express`,
      {
        expected: this.#maxEntries,
        clause: 'ISO/IEC 23001-7 7.1',
        remedy: 'Encode the video with fewer slices a picture.',
      },
    );
  }
}

/** A copy of twice the length. */
function grown(from: Float64Array): Float64Array {
  const to = new Float64Array(from.length * 2);
  to.set(from);
  return to;
}
