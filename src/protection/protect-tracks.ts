import { randomBytes } from 'node:crypto';
import { makeColumn } from '../bytes/columns.js';
import type { ByteSource } from '../bytes/source.js';
import { countBlocksBefore, type IvPlan } from '../cenc/iv.js';
import { type CounterUse, drawIvStarts, type StartedCounterUse } from '../cenc/iv-start.js';
import { BLOCK_BYTES, type IvSize, type Pattern } from '../cenc/scheme.js';
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
   * comparison, and tracks that are encrypted already.
   */
  readonly ivStarts?: readonly (Uint8Array | undefined)[] | undefined;
  /** Of each track, for tracks that are read in parts: see {@link subsampleReadersOfTracks}. */
  readonly readers?: SubsampleReaders;
}

/** The crypto periods of a movie that is cut into fragments. */
export interface FragmentPeriods {
  /** Which samples are in which fragment: for each track of the movie, a sample index a fragment and the end. */
  readonly firstSample: readonly Uint32Array[];
  readonly periods: CryptoPeriods;
  readonly isRotating: boolean;
}

/** For each track the readers of its samples; for those protected in whole samples nothing. */
export type SubsampleReaders = readonly (readonly SubsampleReader[] | undefined)[];

export function subsampleReadersOfTracks(tracks: readonly DescribedTrack[]): Promise<SubsampleReaders> {
  return Promise.all(tracks.map(subsampleReadersOf));
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
  const { tracks, settings, periods } = request;
  const readers = request.readers ?? (await subsampleReadersOfTracks(tracks));
  const rules = { scheme: settings.scheme, perSampleIvSize: perSampleIvSize(settings) };
  const haveSeveralInputs = tracks.some(({ source }) => source !== tracks[0].source);
  const scanned: (ScannedSubsamples | undefined)[] = [];
  const samples: ProtectedSamples[] = [];
  for (const [i, described] of tracks.entries()) {
    const { track } = described;
    const own = readers[i];
    let found: ScannedSubsamples | undefined;
    try {
      assertWholeFrames(track, described.frameBytes);
      found = own && (await scanSubsamples(described, own, described.source, rules, pause));
    } catch (error) {
      throw haveSeveralInputs ? aboutFile(error, described.source.path) : error;
    }
    scanned.push(found);
    samples.push({ track, subsamples: found?.table, keyNumbers: periods && keyNumbersOf(track, periods) });
  }
  const ivPlans = planIvs(samples, request);
  const encryptions: TrackEncryption[] = [];
  for (const [i, { track, subsamples, keyNumbers }] of samples.entries()) {
    const pattern = patternOf(tracks[i], settings);
    const kids = kidsOfTrack(request, i);
    encryptions.push({
      track,
      subsamples,
      keyNumbers,
      scheme: settings.scheme.name,
      pattern,
      ivPlan: ivPlans[i],
      sliceTally: scanned[i]?.tally,
      kids,
      isRotating: periods?.isRotating ?? false,
      hasClearLead: periods?.periods.ofFragment[0] === CLEAR,
      tenc: tencOf(pattern, ivPlans[i], rules.perSampleIvSize, kids[0]),
    });
  }
  return encryptions;
}

/** The defaults that the sample entries of a track state. */
function tencOf(pattern: Pattern, plan: IvPlan, perSampleIvSize: 0 | IvSize, defaultKid: string): Tenc {
  const tenc = {
    defaultCryptByteBlock: pattern.cryptByteBlock,
    defaultSkipByteBlock: pattern.skipByteBlock,
    defaultIsProtected: true,
    defaultPerSampleIvSize: perSampleIvSize,
    defaultKid,
  };
  return plan.kind === 'constant' ? { ...tenc, defaultConstantIv: plan.iv } : tenc;
}

/** The KIDs of a track in the order of the crypto periods. */
function kidsOfTrack({ tracks, keys }: ProtectionRequest, index: number): string[] {
  const kids: string[] = [];
  for (let i = index; i < keys.length; i += tracks.length) kids.push(keys[i].kid);
  return kids;
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
  if (scheme.ivKind === 'constant') {
    const drawn = drawConstantIvs(samples.length, ivSize);
    return drawn.map((iv, i) => ({ kind: 'constant', iv: request.ivStarts?.[i] ?? iv }));
  }
  return ivSize === 8 ? planCounting8(samples, request) : planCounting16(samples, request);
}

/** Each sample has a number of its own in the half of the counter block that is the IV. */
function planCounting8(samples: readonly ProtectedSamples[], request: ProtectionRequest): IvPlan[] {
  const draw = () => {
    const uses = samples.map((one) => ({
      ivSizeBytes: 8 as const,
      sampleCount: one.track.samples.count,
      blockCount: largestBlockCount(one),
    }));
    return drawStarts(withKnown(uses, request), firstKeys(request));
  };
  const ivStarts = allKnown(request) ?? draw();
  const plans: IvPlan[] = [];
  for (const [i, { keyNumbers }] of samples.entries()) {
    const firstSample = keyNumbers?.findIndex((number) => number > 0) ?? 0;
    const start = ivStarts[i];
    plans.push(firstSample > 0 ? { kind: 'counting8', start, firstSample } : { kind: 'counting8', start });
  }
  return plans;
}

/** Each sample goes on with the counter block behind those of the sample before. */
function planCounting16(samples: readonly ProtectedSamples[], request: ProtectionRequest): IvPlan[] {
  const blocks = samples.map((one) =>
    countBlocksBefore(one.track.samples.count, (sample) => protectedBytesOf(one, sample)),
  );
  const draw = () => {
    const uses = samples.map(
      (
        {
          track: {
            samples: { count },
          },
        },
        i,
      ) => ({
        ivSizeBytes: 16 as const,
        sampleCount: count,
        blockCount: blocks[i][count],
      }),
    );
    return drawStarts(withKnown(uses, request), firstKeys(request));
  };
  const ivStarts = allKnown(request) ?? draw();
  return ivStarts.map((start, i) => ({ kind: 'counting16', start, blocksBefore: blocks[i] }));
}

/** The first IVs, where all are known. */
function allKnown({ ivStarts, tracks }: ProtectionRequest): Uint8Array[] | undefined {
  const known = ivStarts?.filter((start) => start !== undefined);
  return known?.length === tracks.length ? known : undefined;
}

function withKnown(
  uses: readonly CounterUse[],
  { ivStarts }: ProtectionRequest,
): (CounterUse | StartedCounterUse)[] {
  return uses.map((use, i) => {
    const start = ivStarts?.[i];
    return start ? { ...use, start } : use;
  });
}

/** One key a track: tracks that share one of them share those of all periods. */
function firstKeys({ keys, tracks }: ProtectionRequest): AssignedKey[] {
  return keys.slice(0, tracks.length);
}

/** Random IVs, one a track: each serves all samples of its track. */
export function drawConstantIvs(count: number, ivSize: IvSize): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(randomBytes(ivSize)));
}

/** Cipher blocks of the largest sample. */
function largestBlockCount(samples: ProtectedSamples): number {
  const { count } = samples.track.samples;
  let largest = 0;
  for (let sample = 0; sample < count; sample++)
    largest = Math.max(largest, protectedBytesOf(samples, sample));
  return Math.ceil(largest / BLOCK_BYTES);
}

/**
 * Random first IVs, such that no two tracks under one key ever share a counter block.
 * @param uses one a track, as `keys`
 */
export function drawStarts(
  uses: readonly (CounterUse | StartedCounterUse)[],
  keys: readonly AssignedKey[],
): Uint8Array[] {
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
