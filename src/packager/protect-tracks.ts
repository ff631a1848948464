import { randomBytes } from 'node:crypto';
import type { ByteSource } from '../bytes/source.js';
import { countBlocksBefore, type IvPlan } from '../cenc/iv.js';
import { type CounterUse, drawIvStarts } from '../cenc/iv-start.js';
import { BLOCK_BYTES, type IvSize } from '../cenc/scheme.js';
import { protectedBytesAt, type SubsampleTable } from '../cenc/subsamples.js';
import type { Tenc } from '../isobmff/boxes/tenc.js';
import type { AssignedKey } from '../keys/key-source.js';
import type { TrackEncryption } from './plan/encrypt-edits.js';
import { expectWholeFrames } from './plan/pcm-samples.js';
import { type ProtectionSettings, patternOf, perSampleIvSize } from './protection-settings.js';
import { type ScannedSubsamples, type SubsampleReader, scanSubsamples, subsampleReadersOf } from './scan.js';
import type { DescribedTrack } from './tracks.js';

/** How tracks are to be protected. */
export interface ProtectionRequest {
  readonly tracks: readonly DescribedTrack[];
  /** One a track. */
  readonly keys: readonly AssignedKey[];
  readonly settings: ProtectionSettings;
  /**
   * The IV of each track's first sample, or its constant one; drawn at random when absent, as it must be for all but a
   * comparison.
   */
  readonly ivStarts?: readonly Uint8Array[];
  /** Of each track, for tracks that are read in parts: see {@link subsampleReadersOfTracks}. */
  readonly readers?: readonly (readonly SubsampleReader[] | undefined)[];
}

/** For each track the readers of its samples; for those protected in whole samples nothing. */
export function subsampleReadersOfTracks(
  tracks: readonly DescribedTrack[],
): (SubsampleReader[] | undefined)[] {
  return tracks.map(subsampleReadersOf);
}

/**
 * Finds the subsamples and plans the IVs of all tracks.
 * @param breathe called now and then, for progress and to let the caller stop
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE
 */
export async function protectTracks(
  source: ByteSource,
  { tracks, keys, settings, ivStarts, readers = subsampleReadersOfTracks(tracks) }: ProtectionRequest,
  breathe: () => Promise<void>,
): Promise<TrackEncryption[]> {
  const rules = { scheme: settings.scheme, perSampleIvSize: perSampleIvSize(settings) };
  const scanned: (ScannedSubsamples | undefined)[] = [];
  for (const [i, described] of tracks.entries()) {
    expectWholeFrames(described.track, described.frameBytes);
    const own = readers[i];
    scanned.push(own && (await scanSubsamples(described, own, source, rules, breathe)));
  }
  const tables = scanned.map((one) => one?.table);
  const ivPlans = planIvs(tracks, tables, keys, settings, ivStarts);
  return tracks.map((described, i) => {
    const pattern = patternOf(described, settings);
    return {
      track: described.track,
      scheme: settings.scheme.name,
      pattern,
      ivPlan: ivPlans[i],
      subsamples: tables[i],
      sliceTally: scanned[i]?.tally,
      keyNumbers: undefined,
      kids: [keys[i].kid],
      tenc: {
        defaultCryptByteBlock: pattern.cryptByteBlock,
        defaultSkipByteBlock: pattern.skipByteBlock,
        defaultIsProtected: true,
        defaultPerSampleIvSize: rules.perSampleIvSize,
        defaultKid: keys[i].kid,
        ...constantIvOf(ivPlans[i]),
      },
    };
  });
}

function constantIvOf(plan: IvPlan): Pick<Tenc, 'defaultConstantIv'> {
  return plan.kind === 'constant' ? { defaultConstantIv: plan.iv } : {};
}

function planIvs(
  tracks: readonly DescribedTrack[],
  tables: readonly (SubsampleTable | undefined)[],
  keys: readonly AssignedKey[],
  { scheme, ivSize }: ProtectionSettings,
  given: readonly Uint8Array[] | undefined,
): IvPlan[] {
  if (scheme.ivKind === 'constant') {
    return (given ?? drawConstantIvs(tracks.length, ivSize)).map((iv) => ({ kind: 'constant', iv }));
  }
  const protectedBytes = tracks.map(({ track }, i) => (sample: number) => {
    const table = tables[i];
    return table ? protectedBytesAt(table, sample) : track.samples.sizes[sample];
  });
  if (ivSize === 8) {
    const uses = tracks.map(({ track }, i) => ({
      ivSizeBytes: ivSize,
      sampleCount: track.samples.count,
      blockCount: largestBlockCount(track.samples.count, protectedBytes[i]),
    }));
    return (given ?? drawStarts(uses, keys)).map((start) => ({ kind: 'counting8', start }));
  }
  const blocks = tracks.map(({ track }, i) => countBlocksBefore(track.samples.count, protectedBytes[i]));
  const uses = tracks.map(({ track }, i) => ({
    ivSizeBytes: ivSize,
    sampleCount: track.samples.count,
    blockCount: blocks[i][track.samples.count],
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
