import { randomBytes } from 'node:crypto';
import { makeColumn } from '../bytes/columns.js';
import type { ByteSource } from '../bytes/source.js';
import { countBlocksBefore, type IvPlan } from '../cenc/iv.js';
import { type CounterUse, drawIvStarts } from '../cenc/iv-start.js';
import { BLOCK_BYTES, type IvSize } from '../cenc/scheme.js';
import { aboutFile } from '../errors.js';
import type { Tenc } from '../isobmff/boxes/tenc.js';
import type { Track } from '../isobmff/movie.js';
import type { AssignedKey } from '../keys/key-source.js';
import { CLEAR, type CryptoPeriods } from './crypto-periods.js';
import { assertWholeFrames } from './pcm-samples.js';
import { type ProtectionSettings, patternOf, perSampleIvSize } from './protection-settings.js';
import { type ScannedSubsamples, type SubsampleReader, scanSubsamples, subsampleReadersOf } from './scan.js';
import { type ProtectedSamples, protectedBytesOf, type TrackEncryption } from './track-protection.js';
import type { DescribedTrack } from './tracks.js';

/** A track to protect, and where its clear samples are. */
export interface SourcedTrack extends DescribedTrack {
  readonly source: ByteSource;
}

/** How tracks are to be protected. Those under one key must be protected together, so that no two of them share a counter block. */
export interface ProtectionRequest {
  readonly tracks: readonly SourcedTrack[];
  /** One a track; where keys rotate, those of one crypto period after the other. */
  readonly keys: readonly AssignedKey[];
  /** Which fragments are clear or under which keys; absent: all samples are under the one key of their track. */
  readonly periods?: FragmentPeriods | undefined;
  readonly settings: ProtectionSettings;
  /**
   * The IV of each track's first sample, or its constant one; drawn at random when absent, as it must be for all but a
   * comparison.
   */
  readonly ivStarts?: readonly Uint8Array[];
  /** Of each track, for tracks that are read in parts: see {@link subsampleReadersOfTracks}. */
  readonly readers?: readonly (readonly SubsampleReader[] | undefined)[];
}

/** The crypto periods of a movie that is cut into fragments. */
export interface FragmentPeriods {
  /** Which samples are in which fragment: for each track of the movie, a sample index a fragment and the end. */
  readonly firstSample: readonly Uint32Array[];
  readonly periods: CryptoPeriods;
  readonly isRotating: boolean;
}

/** For each track the readers of its samples; for those protected in whole samples nothing. */
export function subsampleReadersOfTracks(
  tracks: readonly DescribedTrack[],
): (SubsampleReader[] | undefined)[] {
  return tracks.map(subsampleReadersOf);
}

/**
 * Finds the subsamples and plans the IVs of all tracks.
 * @param pause called now and then, for progress and to let the caller stop
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE
 */
export async function protectTracks(
  request: ProtectionRequest,
  pause: () => Promise<void>,
): Promise<TrackEncryption[]> {
  const { tracks, settings, periods, readers = subsampleReadersOfTracks(tracks) } = request;
  const rules = { scheme: settings.scheme, perSampleIvSize: perSampleIvSize(settings) };
  const haveSeveralInputs = tracks.some(({ source }) => source !== tracks[0].source);
  const scanned: (ScannedSubsamples | undefined)[] = [];
  for (const [i, described] of tracks.entries()) {
    try {
      assertWholeFrames(described.track, described.frameBytes);
      const own = readers[i];
      scanned.push(own && (await scanSubsamples(described, own, described.source, rules, pause)));
    } catch (error) {
      throw haveSeveralInputs ? aboutFile(error, described.source.path) : error;
    }
  }
  const samples = tracks.map(({ track }, i) => ({
    track,
    subsamples: scanned[i]?.table,
    keyNumbers: periods && keyNumbersOf(track, periods),
  }));
  const ivPlans = planIvs(samples, request);
  return tracks.map((described, i) => {
    const pattern = patternOf(described, settings);
    const kids = kidsOfTrack(request, i);
    return {
      ...samples[i],
      scheme: settings.scheme.name,
      pattern,
      ivPlan: ivPlans[i],
      sliceTally: scanned[i]?.tally,
      kids,
      isRotating: periods?.isRotating ?? false,
      hasClearLead: periods?.periods.ofFragment[0] === CLEAR,
      tenc: {
        defaultCryptByteBlock: pattern.cryptByteBlock,
        defaultSkipByteBlock: pattern.skipByteBlock,
        defaultIsProtected: true,
        defaultPerSampleIvSize: rules.perSampleIvSize,
        defaultKid: kids[0],
        ...constantIvOf(ivPlans[i]),
      },
    };
  });
}

function constantIvOf(plan: IvPlan): Pick<Tenc, 'defaultConstantIv'> {
  return plan.kind === 'constant' ? { defaultConstantIv: plan.iv } : {};
}

/** The KIDs of a track in the order of the crypto periods. */
function kidsOfTrack({ tracks, keys }: ProtectionRequest, index: number): string[] {
  return keys.filter((_, i) => i % tracks.length === index).map(({ kid }) => kid);
}

/** The number of its key for each sample: of the crypto period of its fragment, from 1; 0 in a clear fragment. */
function keyNumbersOf(track: Track, { firstSample: ofTracks, periods }: FragmentPeriods): Uint16Array {
  const numbers = makeColumn('u16', track.samples.count);
  const firstSample = ofTracks[track.index];
  for (const [fragment, period] of periods.ofFragment.entries()) {
    numbers.fill(period === CLEAR ? 0 : period + 1, firstSample[fragment], firstSample[fragment + 1]);
  }
  return numbers;
}

function planIvs(samples: readonly ProtectedSamples[], request: ProtectionRequest): IvPlan[] {
  const { scheme, ivSize } = request.settings;
  const { ivStarts: given, tracks } = request;
  const keys = request.keys.slice(0, tracks.length); // tracks that share one of them share those of all periods
  if (scheme.ivKind === 'constant') {
    return (given ?? drawConstantIvs(tracks.length, ivSize)).map((iv) => ({ kind: 'constant', iv }));
  }
  const counts = samples.map(({ track }) => track.samples.count);
  const protectedBytes = samples.map((one) => (sample: number) => protectedBytesOf(one, sample));
  if (ivSize === 8) {
    const uses = counts.map((sampleCount, i) => ({
      ivSizeBytes: ivSize,
      sampleCount,
      blockCount: largestBlockCount(sampleCount, protectedBytes[i]),
    }));
    return (given ?? drawStarts(uses, keys)).map((start, i) => {
      const firstSample = Math.max(0, samples[i].keyNumbers?.findIndex((number) => number > 0) ?? 0);
      return { kind: 'counting8', start, ...(firstSample > 0 && { firstSample }) };
    });
  }
  const blocks = counts.map((count, i) => countBlocksBefore(count, protectedBytes[i]));
  const uses = counts.map((sampleCount, i) => ({
    ivSizeBytes: ivSize,
    sampleCount,
    blockCount: blocks[i][sampleCount],
  }));
  const starts = given ?? drawStarts(uses, keys);
  return starts.map((start, i) => ({ kind: 'counting16', start, blocksBefore: blocks[i] }));
}

/** Random IVs, one a track: each serves all samples of its track. */
export function drawConstantIvs(count: number, ivSize: IvSize): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(randomBytes(ivSize)));
}

/** Cipher blocks of the largest sample. */
function largestBlockCount(count: number, protectedBytesOf: (sample: number) => number): number {
  let largest = 0;
  for (let sample = 0; sample < count; sample++) largest = Math.max(largest, protectedBytesOf(sample));
  return Math.ceil(largest / BLOCK_BYTES);
}

/**
 * Random first IVs, such that no two tracks under one key ever share a counter block.
 * @param uses one a track, as `keys`
 */
export function drawStarts(uses: readonly CounterUse[], keys: readonly AssignedKey[]): Uint8Array[] {
  const starts: Uint8Array[] = [];
  for (const group of groupByKey(keys)) {
    for (const [j, start] of drawIvStarts(group.map((i) => uses[i])).entries()) starts[group[j]] = start;
  }
  return starts;
}

/** Indexes of tracks under the same content key, whatever their KIDs say. */
function groupByKey(keys: readonly AssignedKey[]): number[][] {
  const groups: number[][] = [];
  for (const [i, { key }] of keys.entries()) {
    const group = groups.find(([first]) => keys[first].key.equals(key));
    if (group) group.push(i);
    else groups.push([i]);
  }
  return groups;
}
