import type { NalCodec } from '../bitstream/nal-codec.js';
import type { ByteSource } from '../bytes/source.js';
import { countBlocksBefore, type IvPlan } from '../cenc/iv.js';
import { type CounterUse, drawIvStarts } from '../cenc/iv-start.js';
import { BLOCK_BYTES, type IvSize, NO_PATTERN } from '../cenc/scheme.js';
import { protectedBytesAt, type SubsampleTable } from '../cenc/subsamples.js';
import type { AssignedKey } from '../keys/key-source.js';
import { sampleProtectionOf } from './codecs.js';
import type { TrackEncryption } from './plan/encrypt-edits.js';
import { expectWholeFrames } from './plan/pcm-samples.js';
import { nalCodecsOf, type ScannedSubsamples, scanSubsamples } from './scan.js';
import type { DescribedTrack } from './tracks.js';

/** How tracks are to be protected. */
export interface ProtectionRequest {
  readonly tracks: readonly DescribedTrack[];
  /** One a track. */
  readonly keys: readonly AssignedKey[];
  readonly ivSize: IvSize;
  /** The IV of each track's first sample; drawn at random when absent, as it must be for all but a comparison. */
  readonly ivStarts?: readonly Uint8Array[];
  /** Of each track of NAL units, for tracks that are read in parts: see {@link nalCodecsOfTracks}. */
  readonly nalCodecs?: readonly (readonly NalCodec[] | undefined)[];
}

/** For each track of NAL units its readers, for others nothing. */
export function nalCodecsOfTracks(tracks: readonly DescribedTrack[]): (NalCodec[] | undefined)[] {
  return tracks.map((described) => {
    const { handler, entries } = described.track;
    const isNalUnits = sampleProtectionOf(handler, entries[0].format) === 'nal-units';
    return isNalUnits ? nalCodecsOf(described) : undefined;
  });
}

/**
 * Finds the subsamples and plans the IVs of all tracks.
 * @param breathe called now and then, for progress and to let the caller stop
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE
 */
export async function protectTracks(
  source: ByteSource,
  { tracks, keys, ivSize, ivStarts, nalCodecs = nalCodecsOfTracks(tracks) }: ProtectionRequest,
  breathe: () => Promise<void>,
): Promise<TrackEncryption[]> {
  const scanned: (ScannedSubsamples | undefined)[] = [];
  for (const [i, described] of tracks.entries()) {
    expectWholeFrames(described.track, described.frameBytes);
    const codecs = nalCodecs[i];
    scanned.push(codecs && (await scanSubsamples(described, codecs, source, ivSize, breathe)));
  }
  const tables = scanned.map((one) => one?.table);
  const ivPlans = planIvs(tracks, tables, keys, ivSize, ivStarts);
  return tracks.map(({ track }, i) => ({
    track,
    scheme: 'cenc',
    pattern: NO_PATTERN,
    ivPlan: ivPlans[i],
    subsamples: tables[i],
    sliceTally: scanned[i]?.tally,
    keyNumbers: undefined,
    kids: [keys[i].kid],
    tenc: {
      defaultCryptByteBlock: 0,
      defaultSkipByteBlock: 0,
      defaultIsProtected: true,
      defaultPerSampleIvSize: ivSize,
      defaultKid: keys[i].kid,
    },
  }));
}

function planIvs(
  tracks: readonly DescribedTrack[],
  tables: readonly (SubsampleTable | undefined)[],
  keys: readonly AssignedKey[],
  ivSize: IvSize,
  given: readonly Uint8Array[] | undefined,
): IvPlan[] {
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
