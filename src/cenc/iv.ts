import { makeColumn } from '../bytes/columns.js';
import { readU32 } from '../bytes/reader.js';
import { writeU32 } from '../bytes/writer.js';
import { PrpackError } from '../errors.js';
import type { IvSize } from './scheme.js';

/**
 * Where the IVs of one track come from, as plain data that worker threads can be sent. {@link createIvSource}
 * reads it.
 */
export type IvPlan =
  | {
      readonly kind: 'counting8';
      readonly start: Uint8Array;
      /** The sample that `start` is for; default the first. Clear samples before it have no IV. */
      readonly firstSample?: number;
    }
  | {
      readonly kind: 'counting16';
      readonly start: Uint8Array;
      /** Cipher blocks used by all samples before each sample: see {@link countBlocksBefore}. */
      readonly blocksBefore: Float64Array;
    }
  | {
      readonly kind: 'listed';
      readonly ivSizeBytes: IvSize;
      /** The IVs of all samples, one after the other, as `senc` gives them. */
      readonly ivs: Uint8Array;
    }
  | { readonly kind: 'constant'; readonly iv: Uint8Array };

/** The IVs of one track's samples, in decoding order. */
export interface IvSource {
  readonly ivSizeBytes: IvSize;
  /** Writes the IV of a sample (0 is the first) into the `ivSizeBytes` bytes of `out` from `at` (0) on. */
  ivAt(sampleIndex: number, out: Uint8Array, at?: number): void;
}

/** A reader of the plan. It keeps no state between samples. */
export function createIvSource(plan: IvPlan): IvSource {
  switch (plan.kind) {
    case 'counting8': {
      const { start, firstSample = 0 } = plan;
      return countingSource(assertIv(start, 8), 0, (sampleIndex) => sampleIndex - firstSample);
    }
    case 'counting16':
      return countingSource(assertIv(plan.start, 16), 8, (sampleIndex) => plan.blocksBefore[sampleIndex]);
    case 'listed':
      return listedSource(plan.ivSizeBytes, plan.ivs);
    case 'constant':
      return listedSource(assertIv(plan.iv).length as IvSize, plan.iv, 0);
  }
}

/** Bytes of each IV. */
export function ivSizeOf(plan: IvPlan): IvSize {
  if (plan.kind === 'listed') return plan.ivSizeBytes;
  return (plan.kind === 'constant' ? plan.iv : plan.start).length as IvSize;
}

/**
 * A start plus a count. The count is added to the 64-bit number at `lowAt` modulo 2^64; the half before it
 * never changes (ISO/IEC 23001-7 9.3).
 */
function countingSource(
  start: Uint8Array,
  lowAt: number,
  countAt: (sampleIndex: number) => number,
): IvSource {
  const startHigh = readU32(start, lowAt);
  const startLow = readU32(start, lowAt + 4);
  return {
    ivSizeBytes: start.length as IvSize,
    ivAt(sampleIndex, out, at = 0) {
      const count = countAt(sampleIndex);
      const low = startLow + (count % 2 ** 32);
      const high = startHigh + Math.floor(count / 2 ** 32) + Math.floor(low / 2 ** 32);
      for (let i = 0; i < lowAt; i++) out[at + i] = start[i];
      writeU32(out, at + lowAt, high);
      writeU32(out, at + lowAt + 4, low);
    },
  };
}

function listedSource(ivSizeBytes: IvSize, ivs: Uint8Array, strideBytes: number = ivSizeBytes): IvSource {
  return {
    ivSizeBytes,
    ivAt(sampleIndex, out, at = 0) {
      const from = sampleIndex * strideBytes;
      for (let i = 0; i < ivSizeBytes; i++) out[at + i] = ivs[from + i];
    },
  };
}

function assertIv(iv: Uint8Array, sizeBytes?: IvSize): Uint8Array {
  if (iv.length === sizeBytes || (sizeBytes === undefined && (iv.length === 8 || iv.length === 16)))
    return iv;
  throw new PrpackError('INVALID_ARGUMENT', `an IV has ${sizeBytes ?? '8 or 16'} bytes, not ${iv.length}`, {
    expected: sizeBytes ?? '8 or 16',
    received: iv.length,
    clause: 'ISO/IEC 23001-7 9.1',
    remedy: 'Give an IV of the right size.',
  });
}

/**
 * The running block count that 16-byte IVs advance by, 8 bytes a sample. Entry i is
 * the number of cipher blocks before sample i; the last one, of index `sampleCount`, is the number of all.
 * @param protectedBytesAt protected bytes of a sample, all its ranges together
 */
export function countBlocksBefore(
  sampleCount: number,
  protectedBytesAt: (sampleIndex: number) => number,
): Float64Array {
  const counts = makeColumn('f64', sampleCount + 1);
  for (let i = 0; i < sampleCount; i++) counts[i + 1] = counts[i] + Math.ceil(protectedBytesAt(i) / 16);
  return counts;
}
