import { createIvSource, type IvPlan, ivSizeOf } from '../cenc/iv.js';
import type { Pattern, SchemeName } from '../cenc/scheme.js';
import { protectedBytesAt, type SliceTally, type SubsampleTable } from '../cenc/subsamples.js';
import type { SencColumns } from '../isobmff/boxes/senc.js';
import type { Tenc } from '../isobmff/boxes/tenc.js';
import type { Track } from '../isobmff/movie.js';

/** How the samples of one track are protected: the same description serves encryption and decryption. */
export interface TrackProtection {
  readonly track: Track;
  readonly scheme: SchemeName;
  readonly pattern: Pattern;
  readonly ivPlan: IvPlan;
  /** Absent: every sample is protected as a whole. */
  readonly subsamples: SubsampleTable | undefined;
  /**
   * Which key a sample is under: 0 none (the sample is clear), else one more than the index into `kids`. Absent: all
   * samples are under the first.
   */
  readonly keyNumbers: Uint16Array | undefined;
  /** UUID text. */
  readonly kids: readonly string[];
}

/** A track to encrypt, with the defaults that its sample entries will state. */
export interface TrackEncryption extends TrackProtection {
  readonly tenc: Tenc;
  /** Whether its keys change: fragments then say theirs by key groups. */
  readonly isRotating?: boolean;
  /** Whether samples at its beginning are clear: they have sample entries of their own, behind the protected ones. */
  readonly hasClearLead?: boolean;
  /** What the samples hold of slice data; absent where they are protected as a whole. */
  readonly sliceTally?: SliceTally | undefined;
}

/** What `senc` says of the samples `first` to `first + count`. */
export function sencColumns(protection: TrackProtection, first: number, count: number): SencColumns {
  const { sampleCount, ivSize, subsamples } = sencShape(protection, first, count);
  return { sampleCount, ivSize, ivs: ivsOf(protection, first, count), subsamples };
}

/** Bytes of the IV in each sample's auxiliary information: none where the IV is constant. */
export function perSampleIvSizeOf({ ivPlan }: Pick<TrackProtection, 'ivPlan'>): number {
  return ivPlan.kind === 'constant' ? 0 : ivSizeOf(ivPlan);
}

/** The IVs of the samples `first` to `first + count`, one after the other: none where the IV is constant. */
export function ivsOf({ ivPlan }: Pick<TrackProtection, 'ivPlan'>, first: number, count: number): Uint8Array {
  if (ivPlan.kind === 'constant') return NO_IVS;
  const source = createIvSource(ivPlan);
  const ivSize = source.ivSizeBytes;
  if (ivPlan.kind === 'listed') return ivPlan.ivs.subarray(first * ivSize, (first + count) * ivSize);
  const ivs = new Uint8Array(count * ivSize);
  for (let i = 0; i < count; i++) source.ivAt(first + i, ivs, i * ivSize);
  return ivs;
}

/** The columns but for the IVs: enough to know the size of a `senc`. */
export function sencShape(
  { ivPlan, subsamples }: TrackProtection,
  first: number,
  count: number,
): SencColumns {
  const ivSize = perSampleIvSizeOf({ ivPlan });
  return {
    sampleCount: count,
    ivSize,
    ivs: NO_IVS,
    subsamples: subsamples && subsamplesOf(subsamples, first, count),
  };
}

/** The subsamples of a run of samples; of all samples nothing is made, as views of small columns cost more than they. */
function subsamplesOf(table: SubsampleTable, first: number, count: number): SubsampleTable {
  const { starts, clearBytes, protectedBytes } = table;
  if (count === starts.length - 1) return table;
  return { starts: starts.subarray(first, first + count + 1), clearBytes, protectedBytes };
}

const NO_IVS = new Uint8Array(0);

/** Which bytes of a track's samples are protected. */
export type ProtectedSamples = Pick<TrackProtection, 'track' | 'subsamples' | 'keyNumbers'>;

/** Protected bytes of a sample. */
export function protectedBytesOf(protection: ProtectedSamples, sample: number): number {
  if (protection.keyNumbers?.[sample] === 0) return 0;
  const { subsamples, track } = protection;
  return subsamples ? protectedBytesAt(subsamples, sample) : track.samples.sizes[sample];
}

/**
 * Size of the largest protected range of a sample in bytes: below a block of 16, schemes that encrypt whole blocks leave every
 * byte of the sample as it is, however many ranges it has.
 */
export function largestRangeOf(protection: ProtectedSamples, sample: number): number {
  if (protection.keyNumbers?.[sample] === 0) return 0;
  const { subsamples, track } = protection;
  if (!subsamples) return track.samples.sizes[sample];
  let largest = 0;
  const end = subsamples.starts[sample + 1];
  for (let i = subsamples.starts[sample]; i < end; i++)
    largest = Math.max(largest, subsamples.protectedBytes[i]);
  return largest;
}

/** Protected bytes of all samples. */
export function totalProtectedBytes(protection: ProtectedSamples): number {
  let sum = 0;
  for (let i = 0; i < protection.track.samples.count; i++) sum += protectedBytesOf(protection, i);
  return sum;
}
