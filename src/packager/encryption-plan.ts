import type { ByteSource } from '../bytes/source.js';
import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import type { Movie } from '../isobmff/movie.js';
import type { AssignedKey } from '../keys/key-source.js';
import { auxiliaryRuns } from '../layout/decrypt-edits.js';
import { encryptEdits } from '../layout/encrypt-edits.js';
import { type Fragmentation, FragmentedPlan } from '../layout/fragmented-plan.js';
import { KeepPlan } from '../layout/keep-plan.js';
import type { OutputPlan } from '../layout/output-plan.js';
import { holdsPictures, playerWarning } from '../protection/codecs.js';
import { assertSomeProtected, coverageOf, coverageWarning } from '../protection/coverage.js';
import { assertFewFrames } from '../protection/pcm-samples.js';
import { type FragmentPeriods, protectTracks } from '../protection/protect-tracks.js';
import { isProtected } from '../protection/protection-reader.js';
import { assertCodecsFitScheme, protectionSettings } from '../protection/protection-settings.js';
import { buildPeriodPsshBoxes, buildPsshBoxes, type PeriodPsshBoxes } from '../protection/pssh-boxes.js';
import type { TrackEncryption } from '../protection/track-protection.js';
import type { DescribedTrack } from '../protection/tracks.js';
import { named } from '../settings/spelling.js';
import { yieldToEventLoop } from './event-loop.js';
import type { ProcessingStep } from './execute/sample-processor.js';
import type { WorkerPool } from './execute/worker-pool.js';
import { inputWarnings } from './input-warnings.js';
import { type Reencryption, reencryptionWarnings } from './reencryption.js';
import type { EncryptOptions, Layout } from './types.js';

/** What is to be encrypted, and with what. */
export interface EncryptionWork {
  readonly movie: Movie;
  readonly source: ByteSource;
  readonly tracks: readonly DescribedTrack[];
  /** One a track; where keys rotate, those of one crypto period after the other. */
  readonly keys: readonly AssignedKey[];
  /** Where the movie is cut, when it is to be cut into fragments. */
  readonly fragmentation?: Fragmentation | undefined;
  /** When keys begin and change, where they do not serve the whole movie. */
  readonly periods?: FragmentPeriods | undefined;
  /** How the input is decrypted, where it is protected; `movie` is then the clear one. */
  readonly reencryption?: Reencryption | undefined;
  /** The threads that write the output besides this one. */
  readonly pool?: WorkerPool | undefined;
}

/** What sample entries have to say of a stream whose keys begin or change later. */
export type StreamSchedule = Pick<TrackEncryption, 'isRotating' | 'hasClearLead'>;

/** All that is known of the output before it is written. */
export interface PlannedEncryption {
  readonly plan: OutputPlan;
  readonly layout: Layout;
  /** 0 when the output is progressive. */
  readonly fragments: number;
  readonly encryptions: readonly TrackEncryption[];
  /** One a track of the movie: ticks by which its decode times are later than in the input. Absent: none are. */
  readonly delaysTicks?: readonly number[];
  readonly psshBoxes: readonly Uint8Array[];
  /** Where keys rotate: `pssh` boxes of the first crypto period alone. */
  readonly periodPsshBoxes: readonly Uint8Array[];
  /** License acquisition URL of the PlayReady header. */
  readonly laUrl?: string;
  readonly warnings: readonly string[];
}

/**
 * Plans the whole output.
 * @param ivStarts the IV of each track's first sample, to plan again what was made before; random when absent
 * @throws PrpackError INVALID_ARGUMENT, MALFORMED_INPUT, UNSUPPORTED_FEATURE, KEY_SOURCE_FAILED, ABORTED
 */
export async function planEncryption(
  { movie, source, tracks, keys, fragmentation, periods, reencryption }: EncryptionWork,
  options: EncryptOptions,
  ivStarts?: readonly Uint8Array[],
  stream: StreamSchedule = {},
): Promise<PlannedEncryption> {
  const layout: Layout = fragmentation ? 'fragmented' : 'keep';
  if (!fragmentation) {
    assertFewFrames(
      tracks.map(({ track }) => track),
      movie.moov,
    );
  }
  const pssh = psshBoxesOf(keys, tracks.length, options, (periods?.isRotating || stream.isRotating) ?? false);
  const { boxes, warnings: ofPssh, laUrl } = pssh.movie;
  const psshWarnings = [...inputWarnings(reencryption?.input ?? movie, layout), ...ofPssh];
  const pause = () => {
    options.onProgress?.({ phase: 'plan', bytesDone: 0, bytesTotal: source.sizeBytes });
    return yieldToEventLoop(options.signal);
  };
  const settings = protectionSettings(options);
  const schemeWarnings = assertCodecsFitScheme(tracks, settings);
  const clear = reencryption?.clearSource ?? source;
  const sourced = tracks.map((described) => ({ ...described, source: clear }));
  const request = { tracks: sourced, keys, periods, settings, ...(ivStarts && { ivStarts }) };
  const encrypted = await protectTracks(request, pause);
  const encryptions = encrypted.map((one) => ({ ...one, ...stream }));
  const warnings = [
    ...psshWarnings,
    ...(reencryption ? reencryptionWarnings(reencryption, encryptions, options) : []),
    ...schemeWarnings,
    ...tracks.flatMap(({ track }) => playerWarning(track) ?? []),
    ...pictureWarnings(movie),
    ...coverageWarnings(encryptions),
  ];
  const periodPsshBoxes = pssh.periods[0]?.boxes ?? [];
  const known = {
    layout,
    encryptions,
    psshBoxes: boxes,
    periodPsshBoxes,
    ...(laUrl !== undefined && { laUrl }),
  };
  if (!fragmentation) {
    const special = reencryption && { dropped: droppedRuns(reencryption, source) };
    const plan = new KeepPlan(movie, source, encryptEdits(movie, encryptions, boxes, special));
    return {
      ...known,
      plan,
      fragments: movie.fragments.count,
      warnings: [...warnings, ...hybridWarnings(movie)],
    };
  }
  const psshOfFragment = (fragment: number) =>
    pssh.periods[periods!.periods.ofFragment[fragment]]?.boxes ?? [];
  const plan = new FragmentedPlan({
    movie,
    source,
    encryptions,
    fragmentation,
    psshBoxes: boxes,
    psshOfFragment: periods?.isRotating ? psshOfFragment : undefined,
  });
  const { fragmentCount: fragments, delaysTicks } = plan;
  return { ...known, plan, fragments, delaysTicks, warnings: [...warnings, ...plan.warnings] };
}

/** What is done to the samples on their way from the input to the output, in this order. */
export function processingSteps(
  { keys, reencryption }: Pick<EncryptionWork, 'keys' | 'reencryption'>,
  protections: readonly TrackEncryption[],
): ProcessingStep[] {
  const keyOf = (kid: string) => keys.find((key) => key.kid === kid)?.key;
  const encryption: ProcessingStep = { direction: 'encrypt', protections, keyOf };
  return reencryption ? [reencryption.step, encryption] : [encryption];
}

/** Runs of the input that its protection alone needs. */
function droppedRuns({ input }: Reencryption, source: ByteSource): ReadonlySet<number> {
  return auxiliaryRuns(input, source, new Set(input.tracks.filter(isProtected)));
}

/** The boxes of `moov` and, where keys rotate, those of each crypto period. */
function psshBoxesOf(
  keys: readonly AssignedKey[],
  trackCount: number,
  options: EncryptOptions,
  isRotating: boolean,
): PeriodPsshBoxes {
  if (!isRotating) return { movie: buildPsshBoxes(keys, options), periods: [] };
  const ofPeriods = Array.from({ length: keys.length / trackCount }, (_, period) =>
    keys.slice(period * trackCount, (period + 1) * trackCount),
  );
  return buildPeriodPsshBoxes(ofPeriods, options);
}

function hybridWarnings({ fragments, tracks }: Movie): string[] {
  if (fragments.count === 0 || tracks.every(({ samplesInMoov }) => samplesInMoov === 0)) return [];
  return [
    'The file has samples in moov and more in fragments. No known player reads such a file whole when it is encrypted: ' +
      `use ${named('layout', 'fragmented')} for playback.`,
  ];
}

/** Where still pictures are all that a file has to see, somebody may have meant them to be encrypted. */
function pictureWarnings({ tracks, moov }: Movie): string[] {
  const visual = tracks.filter(({ handler }) => mediaTypeOf(handler) === 'video');
  if (!visual.every((track) => holdsPictures(track, moov))) return [];
  return visual.map(
    ({ id, entries }) =>
      `Track ${id} holds still pictures (${entries[0].format.trim()}), which are left clear.`,
  );
}

/** Sees to it that every track is protected somewhere, and reports those that are so only in small part. */
export function coverageWarnings(encryptions: readonly TrackEncryption[]): string[] {
  return encryptions.flatMap((encryption) => {
    const coverage = coverageOf(encryption);
    assertSomeProtected(encryption.track, coverage);
    return coverageWarning(encryption.track, coverage) ?? [];
  });
}
