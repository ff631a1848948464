import { GrowingColumn, isShared, makeColumn } from '../../bytes/columns.js';
import type { IvPlan } from '../../cenc/iv.js';
import { PrpackError } from '../../errors.js';
import type { Tenc } from '../../isobmff/boxes/tenc.js';
import type { BoxNode } from '../../isobmff/walk.js';
import type { Settings } from './settings-runs.js';

/** The IVs of a track, run after run: one a sample, or constant ones. */
export class IvBuilder {
  readonly #tenc: Tenc;
  readonly #ivs = new GrowingColumn('u8');
  /** Those of a first run of many samples, until there are others: mostly they are all. */
  #only: Uint8Array | undefined;
  /** Where samples have a constant IV: which one, from which sample on. */
  readonly #constantIvs: { readonly firstSample: number; readonly iv: Uint8Array }[] = [];
  #sizeBytes: number | undefined;

  constructor(tenc: Tenc) {
    this.#tenc = tenc;
  }

  /** Of the per-sample IV; known from the first protected sample on. */
  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  /**
   * Takes note of how samples are protected, before their IVs are added.
   * @param firstSample number of the first of them
   * @param runStart number of the first sample of their run
   * @param parent of the boxes that describe the run
   * @throws PrpackError UNSUPPORTED_FEATURE
   */
  begin({ ivSize, constantIv: iv }: Settings, firstSample: number, runStart: number, parent: BoxNode): void {
    if (this.#sizeBytes === undefined) {
      this.#sizeBytes = ivSize;
      this.#fill(runStart * ivSize);
    }
    if (ivSize !== this.#sizeBytes) throw mixedIvSizes(parent);
    const last = this.#constantIvs.at(-1);
    if (iv && !(last && Buffer.compare(last.iv, iv) === 0)) this.#constantIvs.push({ firstSample, iv });
  }

  /** @param ivs kept: nobody else changes them */
  add(ivs: Uint8Array): void {
    if (this.#length === 0 && isShared(ivs)) this.#only = ivs;
    else this.#several().append(ivs);
  }

  /** Adds samples without IVs of their own. */
  addNone(count: number): void {
    this.#fill(count * (this.#sizeBytes ?? 0));
  }

  /** @param sampleCount of the track */
  finish(sampleCount: number): IvPlan {
    const [constant, ...others] = this.#constantIvs;
    const ivSize = this.#sizeBytes ?? this.#tenc.defaultPerSampleIvSize;
    if (ivSize === 0 && others.length > 0) return this.#listConstantIvs(sampleCount);
    const iv = constant?.iv ?? this.#tenc.defaultConstantIv;
    if (ivSize === 0 && iv) return { kind: 'constant', iv };
    const ivSizeBytes = ivSize === 16 ? 16 : 8;
    this.#fill(sampleCount * ivSizeBytes - this.#length);
    return { kind: 'listed', ivSizeBytes, ivs: this.#only ?? this.#ivs.finish() };
  }

  get #length(): number {
    return this.#only?.length ?? this.#ivs.length;
  }

  #fill(count: number): void {
    if (count > 0) this.#several().fill(0, count);
  }

  #several(): GrowingColumn<'u8'> {
    if (this.#only) this.#ivs.append(this.#only);
    this.#only = undefined;
    return this.#ivs;
  }

  /** Where keys have constant IVs of their own, each sample is given that of its key. */
  #listConstantIvs(sampleCount: number): IvPlan {
    const ivs = makeColumn('u8', 16 * sampleCount);
    for (const [i, { firstSample, iv }] of this.#constantIvs.entries()) {
      const end = this.#constantIvs[i + 1]?.firstSample ?? sampleCount;
      for (let sample = firstSample; sample < end; sample++) ivs.set(iv, 16 * sample);
    }
    return { kind: 'listed', ivSizeBytes: 16, ivs };
  }
}

function mixedIvSizes(parent: BoxNode): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${parent.path}: key groups of different IV sizes in one track`,
    {
      boxPath: parent.path,
      offsetBytes: parent.startBytes,
      clause: 'ISO/IEC 23001-7 6',
      remedy: 'Split the file where the IV size changes.',
    },
  );
}
