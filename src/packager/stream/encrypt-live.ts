import { parse } from 'node:path';
import type { ByteReadable, ByteWritable } from '../../bytes/platform.js';
import { MemorySource } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import type { Trex } from '../../isobmff/boxes/trex.js';
import { FragmentReader, type Movie, readMovie } from '../../isobmff/movie.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { assertKeysOutIsFree, discardKeysOut, writeKeysOut } from '../../keys/keys-out.js';
import { retryOnKeyRace } from '../../keystore/key-race.js';
import { registeredName } from '../../keystore/registered-name.js';
import { movieDurationSeconds, partStartSeconds } from '../../layout/timing.js';
import { allClear, cryptoPeriod } from '../../protection/crypto-periods.js';
import { drawConstantIvs, drawStarts } from '../../protection/protect-tracks.js';
import {
  assertCodecsFitScheme,
  perSampleIvSize,
  protectionSettings,
} from '../../protection/protection-settings.js';
import { reportPssh } from '../../protection/pssh.js';
import { buildPeriodPsshBoxes } from '../../protection/pssh-boxes.js';
import { type DescribedTrack, describeTracks, selectTracks, typeNameOf } from '../../protection/tracks.js';
import { named } from '../../settings/spelling.js';
import { assertSampleCounts, checkEncryptedInit } from '../check.js';
import { assertKeysApart } from '../encrypt.js';
import { type PlannedEncryption, planEncryption } from '../encryption-plan.js';
import { ChunkRenderer } from '../execute/renderer.js';
import { earlierEncryptionWarnings } from '../input-warnings.js';
import { Clock, EventLoopYielder, yieldToEventLoop } from '../job.js';
import { assertCanRotate, assignKeys, openPeriodKeys } from '../key-assignment.js';
import { confirmPublication, registerKeys } from '../registration.js';
import type { EncryptOptions, EncryptResult, TrackReport } from '../types.js';
import { BoxStream, STREAM_NAME } from './box-stream.js';
import { FragmentBytes } from './fragment-bytes.js';
import { FragmentEncryptor, type StreamWork } from './fragment-encryptor.js';
import { FragmentProtection } from './fragment-protection.js';
import { openEdits } from './open-edits.js';
import { PartQueue, PartReader } from './parts.js';
import { firstPeriodOf, StreamProtections } from './stream-protections.js';
import { FileTarget, StreamTarget, type Target } from './targets.js';
import { reservedUse } from './track-ivs.js';

/** What reports call a stream. */
export const STREAM = '-';

/** Options with a stream as input. */
export interface LiveOptions extends Omit<EncryptOptions, 'input' | 'output'> {
  readonly input: ByteReadable;
  readonly output: string | ByteWritable;
}

/** A stream whose beginning was read, with all that is needed to go on. */
interface LiveJob extends StreamWork {
  readonly options: EncryptOptions;
  readonly contentId: string;
  readonly encryptedInit: Uint8Array;
  /** One a track to encrypt. */
  readonly keys: readonly AssignedKey[];
  readonly protections: StreamProtections;
  /** All keys so far, those of `keys` first. */
  readonly usedKeys: AssignedKey[];
  /** All tracks of the stream. */
  readonly described: readonly DescribedTrack[];
  readonly planned: PlannedEncryption;
}

/** Encrypts a stream of fragmented MP4, fragment by fragment, to a stream or a file. */
export async function encryptLive({ input, output, ...asked }: LiveOptions): Promise<EncryptResult> {
  const clock = new Clock();
  const outputName = typeof output === 'string' ? output : STREAM;
  const options: EncryptOptions = { ...asked, input: STREAM, output: outputName };
  assertKeysApart(options);
  assertStreamable(options);
  if (options.cryptoPeriodSeconds !== undefined) assertCanRotate(options.keys);
  const boxes = new BoxStream(input, options.signal);
  let publishing: FilePublishing | undefined;
  try {
    publishing = typeof output === 'string' ? new FilePublishing(output, options) : undefined;
    const target = publishing?.target ?? new StreamTarget(output as ByteWritable);
    const parts = new PartReader(boxes);
    const { bytes: init } = await parts.init();
    const beginning = await read(init, options);
    const queue = new PartQueue(parts.parts(trexOf(beginning.movie)));
    const startSeconds = isScheduled(options) ? await startOf(queue, beginning.movie) : 0;
    const { job, warnings } = await retryOnKeyRace(() => begin(beginning, startSeconds, options));
    if (options.keysOut !== undefined && !publishing) await writeKeysOut(options.keysOut, job.usedKeys);
    clock.planned();
    await target.write(job.encryptedInit);
    const encryptor = await pass(queue, job, target);
    const coverageWarnings = encryptor.finish();
    clock.written();
    await publishing?.publish(job, encryptor);
    const { keyStore } = options;
    if (keyStore) await confirmPublication(keyStore, job.usedKeys, target.sha256());
    const earlier = earlierEncryptionWarnings(encryptor.earlierTypes, 'keep');
    const all = [...warnings, ...coverageWarnings, ...earlier, ...parts.warnings()];
    return await report(job, encryptor, target.sizeBytes, clock, all);
  } finally {
    boxes.close();
    publishing?.discard();
  }
}

/** What a stream begins with. */
interface Beginning {
  readonly source: MemorySource;
  readonly movie: Movie;
  readonly described: readonly DescribedTrack[];
  readonly tracks: readonly DescribedTrack[];
}

async function read(init: Uint8Array, options: EncryptOptions): Promise<Beginning> {
  const source = new MemorySource(init, STREAM_NAME);
  const movie = readMovie(source);
  const described = await describeTracks(movie);
  return { source, movie, described, tracks: selectTracks(described, options.tracks, () => true) };
}

function trexOf({ tracks }: Movie): (trackId: number) => Trex | undefined {
  return (trackId) => tracks.find(({ id }) => id === trackId)?.trex;
}

function isScheduled({ clearLeadSeconds, cryptoPeriodSeconds }: EncryptOptions): boolean {
  return clearLeadSeconds !== undefined || cryptoPeriodSeconds !== undefined;
}

/** When the first fragment is presented: the first crypto period follows from it. */
async function startOf(queue: PartQueue, movie: Movie): Promise<number> {
  const fragment = await queue.peekFragment();
  if (!fragment) return 0;
  const bytes = new FragmentBytes(fragment.boxes);
  return partStartSeconds(new FragmentReader(movie).read(bytes, bytes.startBytes)) ?? 0;
}

/** All that goes before the first byte of the output: its keys are where they will be found. */
async function begin(
  beginning: Beginning,
  startSeconds: number,
  options: EncryptOptions,
): Promise<{ job: LiveJob; warnings: readonly string[] }> {
  const job = await plan(beginning, startSeconds, options);
  const { keys, contentId, planned } = job;
  const warnings = await registerKeys(options, keys, contentId, planned.laUrl);
  return { job, warnings: [...planned.warnings, ...warnings] };
}

/** Plans what the output will begin with. */
async function plan(
  { source, movie, described, tracks }: Beginning,
  startSeconds: number,
  options: EncryptOptions,
): Promise<LiveJob> {
  const settings = protectionSettings(options);
  assertCodecsFitScheme(tracks, settings); // before anybody is asked for keys
  const contentId = contentIdOf(options);
  const { keys, keysOfPeriod } = await firstKeys(tracks, contentId, startSeconds, options);
  const { ivSize, scheme } = settings;
  const ivStarts =
    scheme.ivKind === 'constant'
      ? drawConstantIvs(tracks.length, ivSize)
      : drawStarts(
          tracks.map(() => reservedUse(ivSize)),
          keys,
        );
  const work = { movie, source, tracks, keys };
  const isRotating = keysOfPeriod !== undefined;
  const hasClearLead = options.clearLeadSeconds !== undefined;
  const planned = await planEncryption(work, { ...options, layout: 'keep' }, ivStarts, {
    isRotating,
    hasClearLead,
  });
  const renderer = await ChunkRenderer.create(planned.plan, source, []);
  const encryptedInit = new Uint8Array(planned.plan.sizeBytes);
  renderer.render(encryptedInit, 0);
  const warnings = [...planned.warnings, ...openEdits(encryptedInit)];
  const usedKeys = [...keys];
  const protection = new FragmentProtection(keys, planned.periodPsshBoxes);
  const encryptedMovie = await checkEncryptedInit(new MemorySource(encryptedInit, STREAM_NAME), {
    input: source,
    movie,
    sizeBytes: planned.plan.sizeBytes,
    encryptions: planned.encryptions,
    keyOf: protection.keyOf,
  });
  const open = async (period: number): Promise<FragmentProtection> =>
    retryOnKeyRace(async () => {
      const next = await keysOfPeriod!(period);
      const { boxes, laUrl } = buildPeriodPsshBoxes([next], options).periods[0];
      await registerKeys(options, next, contentId, laUrl);
      const isKnown = usedKeys.some(({ kid }) => kid === next[0].kid); // times may go back
      if (!isKnown) usedKeys.push(...next);
      return new FragmentProtection(next, boxes);
    });
  const protections = new StreamProtections(options, startSeconds, protection, open);
  const { signal } = options;
  const stream = { encryptedInit, movie, encryptedMovie, tracks, protections, ivStarts, settings, signal };
  const known = { keys, usedKeys, isRotating, hasClearLead, options, contentId, described };
  return { ...stream, ...known, planned: { ...planned, warnings } };
}

/** The keys that sample entries will state and, where keys rotate, what gives those of a crypto period. */
async function firstKeys(
  tracks: readonly DescribedTrack[],
  contentId: string,
  startSeconds: number,
  options: EncryptOptions,
): Promise<{
  keys: AssignedKey[];
  keysOfPeriod?: (index: number) => Promise<AssignedKey[]>;
}> {
  const { cryptoPeriodSeconds: durationSeconds } = options;
  if (durationSeconds === undefined) return { keys: await assignKeys(tracks, contentId, options) };
  const open = await openPeriodKeys(tracks, contentId, options);
  const keysOfPeriod = (index: number) => open(cryptoPeriod(index, durationSeconds));
  return { keys: await keysOfPeriod(firstPeriodOf(options, startSeconds)), keysOfPeriod };
}

/** Passes all on that comes behind `moov`. */
async function pass(parts: PartQueue, job: LiveJob, target: Target): Promise<FragmentEncryptor> {
  const encryptor = new FragmentEncryptor(job);
  const yielder = new EventLoopYielder(job.signal);
  for await (const part of parts) {
    const bytes =
      part.kind === 'box'
        ? part.bytes
        : await encryptor.encrypt(part.boxes, target.sizeBytes, job.protections);
    await target.write(bytes);
    await yielder.yieldIfDue();
  }
  assertSamples(job, encryptor);
  assertEndOfClearLead(job, encryptor);
  return encryptor;
}

/** A file as output of a stream: nothing is seen of it before it is whole. */
class FilePublishing {
  readonly target: FileTarget;
  readonly #options: EncryptOptions;

  constructor(path: string, options: EncryptOptions) {
    if (options.keysOut !== undefined) assertKeysOutIsFree(options.keysOut);
    this.#options = options;
    this.target = new FileTarget(path, options.force ?? false);
  }

  async publish({ usedKeys: keys }: LiveJob, { tallies }: FragmentEncryptor): Promise<void> {
    const { file, sizeBytes } = this.target;
    const { keysOut, signal } = this.#options;
    this.target.flush();
    file.flush();
    // Its fragments were checked one by one; what is left is how they lie together, and that the disk has them all.
    await assertSampleCounts(file.temporaryPath, sizeBytes, tallies);
    await yieldToEventLoop(signal);
    if (keysOut !== undefined) await writeKeysOut(keysOut, keys);
    try {
      file.publish();
    } catch (error) {
      if (keysOut !== undefined) discardKeysOut(keysOut);
      throw error;
    }
  }

  discard(): void {
    this.target.file.discard();
  }
}

function contentIdOf({ contentId, output, keyStore }: EncryptOptions): string {
  if (contentId !== undefined) return contentId;
  if (output !== STREAM) return parse(output).name;
  if (!keyStore) return STREAM;
  throw invalid('a stream has no name to register its keys under', `Give it one with ${named('contentId')}.`);
}

/** What has no meaning for a stream is refused, not ignored. */
function assertStreamable({
  layout,
  fragmentDurationSeconds,
  dryRun,
  keysOut,
  output,
  cryptoPeriodSeconds,
  decryptKeys,
}: EncryptOptions): void {
  const remedy =
    'Leave it out: the fragments of a stream keep their shape. Files can be given new fragments.';
  if (layout === 'fragmented') throw invalid('a stream cannot be cut into new fragments', remedy);
  if (fragmentDurationSeconds !== undefined) {
    throw invalid('the fragments of a stream cannot be given another duration', remedy);
  }
  if (decryptKeys !== undefined) {
    throw invalid(
      'a stream that is encrypted already cannot be encrypted again',
      `Leave ${named('decryptKeys')} out for a clear stream; give an encrypted one as a file.`,
    );
  }
  if (dryRun)
    throw invalid('a stream cannot be planned without using it up', `Leave ${named('dryRun')} out.`);
  if (keysOut === undefined || output !== STREAM) return;
  if (cryptoPeriodSeconds !== undefined) {
    throw invalid(
      'keys that rotate cannot be written before the stream that needs them',
      `Register them in a key store, and leave ${named('keysOut')} out.`,
    );
  }
  assertKeysOutIsFree(keysOut);
}

function invalid(message: string, remedy: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', message, { remedy });
}

function assertSamples({ tracks, described }: LiveJob, { tallies }: FragmentEncryptor): void {
  if (tracks.some(({ track }) => tallies[track.index].samples > 0)) return;
  throw new PrpackError('NOTHING_TO_ENCRYPT', `${STREAM_NAME} had no audio or video samples to encrypt`, {
    received: described
      .map(({ track }) => `track ${track.id}: ${typeNameOf(track)}, ${tallies[track.index].samples} samples`)
      .join('; '),
    remedy: 'Look at the messages of the program that writes the stream.',
  });
}

/** A track that is clear to its end is not encrypted, whatever its sample entries say. */
function assertEndOfClearLead({ tracks, options }: LiveJob, { tallies }: FragmentEncryptor): void {
  const seen = tracks.map(({ track }) => tallies[track.index]);
  const isClear = seen.some(({ samples, coverage }) => samples > 0 && coverage.samples === 0);
  if (isClear) throw allClear(options.clearLeadSeconds!);
}

async function report(
  job: LiveJob,
  encryptor: FragmentEncryptor,
  bytes: number,
  clock: Clock,
  warnings: readonly string[],
): Promise<EncryptResult> {
  const { options, movie, keys, contentId, described, planned } = job;
  const { input, output, keyStore } = options;
  const seconds = movie.tracks.map(
    ({ index, mdhd }) => encryptor.tallies[index].durationTicks / mdhd.timescaleHz,
  );
  return {
    input,
    output,
    bytes,
    durationSeconds: movieDurationSeconds(movie) || Math.max(...seconds),
    layout: 'keep',
    fragments: encryptor.fragments,
    scheme: job.settings.scheme.name,
    contentId: registeredName(contentId, keys[0]?.seedId),
    ...(keyStore && { keyStore: keyStore.location }),
    tracks: described.map((track) => reportTrack(track, job, encryptor)),
    pssh: await reportPssh(planned.psshBoxes),
    timings: clock.timings(),
    warnings,
    unchanged: false,
    dryRun: false,
  };
}

function reportTrack(
  { track, codecs }: DescribedTrack,
  { tracks, keys, usedKeys, isRotating, settings }: LiveJob,
  { tallies }: FragmentEncryptor,
): TrackReport {
  const { samples, coverage } = tallies[track.index];
  const i = tracks.findIndex((candidate) => candidate.track === track);
  return {
    id: track.id,
    type: typeNameOf(track),
    codec: codecs[0].codec,
    encrypted: i >= 0,
    ...(i >= 0 && {
      kid: keys[i].kid,
      ...(isRotating && { kids: usedKeys.filter((_, j) => j % tracks.length === i).map(({ kid }) => kid) }),
      ivSize: perSampleIvSize(settings),
      protectedBytes: coverage.protectedBytes,
    }),
    samples,
  };
}
