import { parse, resolve } from 'node:path';
import { assertMediaName } from '../bytes/media-name.js';
import { assertTwoFiles, OutputFile } from '../bytes/output-file.js';
import type { ByteSource } from '../bytes/source.js';
import { PrpackError } from '../errors.js';
import { type Movie, readMovie, type Track } from '../isobmff/movie.js';
import type { AssignedKey } from '../keys/key-source.js';
import { assertKeysOutIsFree, discardKeysOut, writeKeysOut } from '../keys/keys-out.js';
import { retryOnKeyRace } from '../keystore/key-race.js';
import { registeredName } from '../keystore/registered-name.js';
import { assertDisjointSamples } from '../layout/disjoint.js';
import type { FragmentCuts } from '../layout/fragment-cuts.js';
import { fragmentationOf } from '../layout/fragmented-plan.js';
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
import { checkOptions } from '../settings/check.js';
import { named } from '../settings/spelling.js';
import { checkEncrypted } from './check.js';
import {
  type EncryptionWork,
  type PlannedEncryption,
  planEncryption,
  processingSteps,
} from './encryption-plan.js';
import type { WorkerPool } from './execute/worker-pool.js';
import { findExistingOutput } from './existing-output.js';
import { Clock, publishOutput, withInput, withWorkerPool } from './job.js';
import { assertCanRotate, assignKeys, assignPeriodKeys } from './key-assignment.js';
import { assertKeysFit, prepareReencryption, type Reencryption } from './reencryption.js';
import { confirmPublication, fingerprintOf, registerKeys } from './registration.js';
import type { EncryptOptions, EncryptResult, TrackReport } from './types.js';

const DEFAULT_FRAGMENT_SECONDS = 2;

/**
 * Encrypts an MP4 file by MPEG Common Encryption (ISO/IEC 23001-7), with PlayReady and other `pssh` boxes.
 * The output appears under its name whole and checked, or not at all; with a key store, its keys are registered before.
 * Protected input is decrypted on the way where its keys are given as `decryptKeys`.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   NOTHING_TO_ENCRYPT, ALREADY_ENCRYPTED, NOT_ENCRYPTED, UNSUPPORTED_SCHEME, UNSUPPORTED_CODEC, UNSUPPORTED_FEATURE, KEY_REQUIRED, KEY_INVALID,
 *   KEY_CONFLICT, KEY_SOURCE_FAILED, KEY_STORE_FAILED, OUTPUT_EXISTS, OUTPUT_FAILED, OUTPUT_CHECK_FAILED, ABORTED
 */
export async function encrypt(options: EncryptOptions): Promise<EncryptResult> {
  checkOptions('encrypt', options);
  const clock = new Clock();
  assertKeysApart(options);
  assertSchedulable(options);
  protectionSettings(options); // refuses what the scheme cannot have before the input is opened
  assertTwoFiles(options.input, options.output);
  const { input, signal, threads, dryRun } = options;
  return withInput(input, signal, (source) =>
    withWorkerPool(source, dryRun ? 1 : threads, (pool) =>
      retryOnKeyRace(async () => {
        const job = await prepareJob(source, options, clock, pool);
        const done = (await resume(job)) ?? (await make(job));
        return reportJob(done, job);
      }),
    ),
  );
}

/** Reads the input and gets the keys. */
export async function prepareJob(
  source: ByteSource,
  options: EncryptOptions,
  clock: Clock,
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
      : fragmentationOf(movie, options.fragmentDurationSeconds ?? DEFAULT_FRAGMENT_SECONDS);
  const periods = fragmentation && fragmentPeriodsOf(movie, fragmentation.cuts, options);
  const keys = await keysOf(tracks, contentId, options, periods);
  if (reencryption) assertKeysFit(reencryption, keys, options.scheme);
  const work = { movie, source, tracks, keys, fragmentation, periods, reencryption, pool };
  return { work, described, contentId, options, clock };
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

export interface EncryptJob {
  readonly work: EncryptionWork;
  /** All tracks of the input. */
  readonly described: readonly DescribedTrack[];
  readonly contentId: string;
  readonly options: EncryptOptions;
  readonly clock: Clock;
}

/** What has been made, or was there already. */
export interface Done {
  readonly planned: PlannedEncryption;
  readonly unchanged: boolean;
  readonly warnings: readonly string[];
}

/** With a key store, a rerun on an existing output changes nothing but what an earlier run could not confirm any more. */
async function resume({ work, contentId, options, clock }: EncryptJob): Promise<Done | undefined> {
  const { keyStore, force, dryRun, signal, output } = options;
  if (!keyStore || force || dryRun) return undefined;
  const planned = await findExistingOutput(work, options);
  if (!planned) return undefined;
  clock.planned();
  const sha256 = await fingerprintOf(output, signal);
  const warnings = await registerKeys(options, work.keys, contentId, planned.laUrl);
  await confirmPublication(keyStore, work.keys, sha256);
  return { planned, unchanged: true, warnings: [...planned.warnings, ...warnings] };
}

/** Plans, registers pending, writes, checks, publishes, and marks active: in this order, whatever happens in between. */
async function make({ work, contentId, options, clock }: EncryptJob): Promise<Done> {
  const { keyStore, keysOut, dryRun } = options;
  if (keysOut !== undefined) assertKeysOutIsFree(keysOut);
  const file = dryRun ? undefined : new OutputFile(options.output, options.force ?? false);
  try {
    const planned = await planEncryption(work, options);
    clock.planned();
    if (!file) return { planned, unchanged: false, warnings: planned.warnings };
    const warnings = await registerKeys(options, work.keys, contentId, planned.laUrl);
    const sha256 = await publish(file, planned, work, options, clock);
    if (keyStore) await confirmPublication(keyStore, work.keys, sha256!);
    return { planned, unchanged: false, warnings: [...planned.warnings, ...warnings] };
  } finally {
    file?.discard();
  }
}

/** @returns the SHA-256 of the file, where a key store wants it */
async function publish(
  file: OutputFile,
  { plan, encryptions, delaysTicks }: PlannedEncryption,
  work: EncryptionWork,
  options: EncryptOptions,
  clock: Clock,
): Promise<string | undefined> {
  const { keysOut, keyStore } = options;
  const { movie, source, keys, reencryption, pool } = work;
  const keyOf = (kid: string) => keys.find((key) => key.kid === kid)!.key;
  const expected = {
    input: reencryption?.clearSource ?? source,
    movie,
    sizeBytes: plan.sizeBytes,
    encryptions,
    keyOf,
    ...(delaysTicks && { delaysTicks }),
  };
  const beforePublish = async () => {
    if (keysOut === undefined) return () => {};
    await writeKeysOut(keysOut, keys);
    return () => discardKeysOut(keysOut);
  };
  const publication = {
    plan,
    source,
    steps: processingSteps(work, encryptions),
    pool,
    fingerprint: keyStore !== undefined,
    check: (path: string) => checkEncrypted(path, expected),
    beforePublish,
  };
  return publishOutput(file, options, publication, clock);
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

export async function reportJob(
  { planned, unchanged, warnings }: Done,
  { work, described, contentId, options, clock }: EncryptJob,
): Promise<EncryptResult> {
  const { plan, layout, fragments, encryptions, psshBoxes } = planned;
  const { output, dryRun = false, keyStore } = options;
  return {
    input: work.source.path,
    output,
    bytes: plan.sizeBytes,
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
