import { parse, resolve } from 'node:path';
import { assertMediaName } from '../bytes/media-name.js';
import type { Publishable } from '../bytes/sink.js';
import type { ByteSource } from '../bytes/source.js';
import { PrpackError } from '../errors.js';
import { type Movie, readMovie, type Track } from '../isobmff/movie.js';
import type { AssignedKey } from '../keys/key-source.js';
import { registeredName } from '../keystore/registered-name.js';
import { assertDisjointSamples } from '../layout/disjoint.js';
import type { FragmentCuts } from '../layout/fragment-cuts.js';
import { fragmentationOf } from '../layout/fragmented-plan.js';
import { presentationOf } from '../layout/presentation.js';
import { fragmentStartSeconds, movieDurationSeconds } from '../layout/timing.js';
import { cryptoPeriod, cryptoPeriodsOf } from '../protection/crypto-periods.js';
import { withGroupedFrames } from '../protection/pcm-samples.js';
import type { FragmentPeriods } from '../protection/protect-tracks.js';
import { assertCodecsFitScheme, protectionSettings } from '../protection/protection-settings.js';
import { reportPssh } from '../protection/pssh.js';
import {
  perSampleIvSizeOf,
  type TrackEncryption,
  totalProtectedBytes,
} from '../protection/track-protection.js';
import { type DescribedTrack, describeTracks, selectTracks, typeNameOf } from '../protection/tracks.js';
import { named } from '../settings/spelling.js';
import { digestsOf, wantedDigests } from './digests.js';
import { type EncryptionWork, type PlannedEncryption, processingSteps } from './encryption-plan.js';
import type { WorkerPool } from './execute/worker-pool.js';
import type { Clock } from './job.js';
import { assertCanRotate, assignKeys, assignPeriodKeys } from './key-assignment.js';
import type { KeyedJob, PackagingSteps, Published } from './publication.js';
import { assertKeysFit, prepareReencryption, type Reencryption } from './reencryption.js';
import type { EncryptOptions, EncryptResult, TrackReport } from './types.js';
import type { PlannedBytes } from './write-plan.js';

const DEFAULT_FRAGMENT_SECONDS = 2;

/** What an output is made of when a file is the input. */
export type FileSteps<Output extends Publishable> = PackagingSteps<EncryptJob, PlannedEncryption, Output>;

/** What is written, whatever the output is. */
export function plannedBytes(
  { work }: EncryptJob,
  { plan, encryptions }: PlannedEncryption,
  options: EncryptOptions,
): PlannedBytes {
  const { source, pool } = work;
  return {
    plan,
    source,
    steps: processingSteps(work, encryptions),
    pool,
    digests: wantedDigests(work.keys, options),
  };
}

/** Reads the input and gets the keys. */
export async function prepareJob(
  source: ByteSource,
  options: EncryptOptions,
  pool?: WorkerPool,
): Promise<EncryptJob> {
  const input = readMovie(source);
  const reencryption =
    options.decryptKeys &&
    (await prepareReencryption(input, source, options.decryptKeys, options.layout ?? 'fragmented'));
  const movie = reencryption?.clear ?? (options.layout === 'keep' ? input : withGroupedFrames(input));
  const described = await describeTracks(movie);
  const tracks = selectTracks(described, options.tracks);
  assertDisjointSamples(movie, tracksToChange(tracks, reencryption));
  assertCodecsFitScheme(tracks, protectionSettings(options)); // before anybody is asked for keys
  const contentId = options.contentId ?? parse(source.path).name;
  const fragmentation =
    options.layout === 'keep'
      ? undefined
      : fragmentationOf(
          presentationOf(movie, source),
          options.fragmentDurationSeconds ?? DEFAULT_FRAGMENT_SECONDS,
        );
  const periods = fragmentation && fragmentPeriodsOf(movie, fragmentation.cuts, options);
  const keys = await keysOf(tracks, contentId, options, periods);
  if (reencryption) assertKeysFit(reencryption, keys, options.scheme);
  const work = { movie, source, tracks, keys, fragmentation, periods, reencryption, pool };
  return { work, keys, described, contentId };
}

/** Tracks whose samples are encrypted or decrypted. */
function tracksToChange(
  selected: readonly DescribedTrack[],
  reencryption: Reencryption | undefined,
): Set<Track> {
  const tracks = new Set(selected.map(({ track }) => track));
  for (const { track } of reencryption?.protections ?? [])
    tracks.add(reencryption!.clear.tracks[track.index]);
  return tracks;
}

function fragmentPeriodsOf(
  movie: Movie,
  cuts: FragmentCuts,
  options: EncryptOptions,
): FragmentPeriods | undefined {
  const { clearLeadSeconds, cryptoPeriodSeconds } = options;
  if (clearLeadSeconds === undefined && cryptoPeriodSeconds === undefined) return undefined;
  const periods = cryptoPeriodsOf(fragmentStartSeconds(movie, cuts), options);
  return { firstSample: cuts.firstSample, periods, isRotating: cryptoPeriodSeconds !== undefined };
}

/** One a track or, where keys rotate, one a track and crypto period. */
async function keysOf(
  tracks: readonly DescribedTrack[],
  contentId: string,
  options: EncryptOptions,
  periods: FragmentPeriods | undefined,
): Promise<AssignedKey[]> {
  const { cryptoPeriodSeconds: durationSeconds } = options;
  if (!periods || durationSeconds === undefined) return assignKeys(tracks, contentId, options);
  const wanted = periods.periods.indexes.map((index) => cryptoPeriod(index, durationSeconds));
  return (await assignPeriodKeys(tracks, contentId, options, wanted)).flat();
}

export interface EncryptJob extends KeyedJob {
  readonly work: EncryptionWork;
  /** All tracks of the input. */
  readonly described: readonly DescribedTrack[];
}

/**
 * Keys begin and change where fragments do, so that fragments are needed that can be cut there.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertSchedulable(options: EncryptOptions): void {
  const [idle] = (['clearLeadSeconds', 'cryptoPeriodSeconds'] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (idle !== undefined && options.layout === 'keep') {
    throw new PrpackError('INVALID_ARGUMENT', `${named(idle)} has no effect on the input's own layout`, {
      remedy: `Leave ${named('layout', 'keep')} out.`,
    });
  }
  if (options.cryptoPeriodSeconds !== undefined) assertCanRotate(options.keys);
}

/** @throws PrpackError INVALID_ARGUMENT */
export function assertKeysApart({ keysOut, output }: EncryptOptions): void {
  assertMediaName(output);
  if (keysOut === undefined || resolve(keysOut) !== resolve(output)) return;
  throw new PrpackError('INVALID_ARGUMENT', 'the keys cannot be written into the output file', {
    received: keysOut,
    remedy: `Name another file with ${named('keysOut')}.`,
  });
}

export async function reportFile(
  { job, plan: planned, outputs, unchanged, warnings }: Published<EncryptJob, PlannedEncryption>,
  options: EncryptOptions,
  clock: Clock,
): Promise<EncryptResult> {
  const { work, described, contentId } = job;
  const { plan, layout, fragments, encryptions, psshBoxes } = planned;
  const { output, dryRun = false, keyStore } = options;
  return {
    input: work.source.path,
    output,
    bytes: plan.sizeBytes,
    ...(outputs && digestsOf(outputs[0])),
    durationSeconds: movieDurationSeconds(work.movie),
    layout,
    fragments,
    scheme: options.scheme ?? 'cenc',
    contentId: registeredName(contentId, work.keys[0]?.seedId),
    ...(keyStore && !dryRun && { keyStore: keyStore.location }),
    tracks: described.map((track) => reportTrack(track, encryptions)),
    pssh: await reportPssh(psshBoxes),
    timings: clock.timings(),
    warnings,
    unchanged,
    dryRun,
  };
}

function reportTrack(
  { track, codecs }: DescribedTrack,
  encryptions: readonly TrackEncryption[],
): TrackReport {
  const encryption = encryptions.find((candidate) => candidate.track === track);
  return {
    id: track.id,
    type: typeNameOf(track),
    codec: codecs[0].codec,
    encrypted: encryption !== undefined,
    ...(encryption && {
      kid: encryption.kids[0],
      ...(encryption.isRotating && { kids: encryption.kids }),
      ivSize: perSampleIvSizeOf(encryption),
      protectedBytes: totalProtectedBytes(encryption),
    }),
    samples: track.samples.count,
  };
}
