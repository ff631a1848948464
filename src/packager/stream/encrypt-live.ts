import { parse } from 'node:path';
import type { ByteReadable, ByteWritable } from '../../bytes/platform.js';
import type { Sink, StagedSink } from '../../bytes/sink.js';
import { openFileSink } from '../../bytes/sinks/open-file-sink.js';
import { StreamSink } from '../../bytes/sinks/stream-sink.js';
import { MemorySource } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import { trexOfTracks } from '../../isobmff/fragments.js';
import { FragmentReader, type Movie, readMovie } from '../../isobmff/movie.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { assertKeysOutIsFree } from '../../keys/keys-out.js';
import { retryOnKeyRace } from '../../keystore/key-race.js';
import { registeredName } from '../../keystore/registered-name.js';
import { movieDurationSeconds, partStartSeconds } from '../../layout/timing.js';
import { allClear, cryptoPeriod } from '../../protection/crypto-periods.js';
import { drawConstantIvs, drawStarts, subsampleReadersOfTracks } from '../../protection/protect-tracks.js';
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
import { DigestingWriter } from '../digesting-writer.js';
import { digestsOf, wantedDigests } from '../digests.js';
import { type PlannedEncryption, planEncryption } from '../encryption-plan.js';
import { EventLoopYielder } from '../event-loop.js';
import { ChunkRenderer } from '../execute/renderer.js';
import { assertKeysApart } from '../file-job.js';
import { earlierEncryptionWarnings } from '../input-warnings.js';
import { Clock } from '../job.js';
import { assertCanRotate, assignKeys, openPeriodKeys } from '../key-assignment.js';
import type { KeyLedger } from '../key-ledger.js';
import { type KeyedJob, type PackagingSteps, type Published, packageContent } from '../publication.js';
import type { EncryptOptions, EncryptResult, TrackReport } from '../types.js';
import { checkStaged } from '../write-plan.js';
import { BoxStream, STREAM_NAME } from './box-stream.js';
import { FragmentBytes } from './fragment-bytes.js';
import { FragmentEncryptor, type StreamWork } from './fragment-encryptor.js';
import { FragmentProtection } from './fragment-protection.js';
import { openEdits } from './open-edits.js';
import { PartQueue, PartReader } from './parts.js';
import { firstPeriodOf, StreamProtections } from './stream-protections.js';
import { reservedUse } from './track-ivs.js';

/** What reports call a stream. */
export const STREAM = '-';

/** Options with a stream as input. */
export interface LiveOptions extends Omit<EncryptOptions, 'input' | 'output'> {
  readonly input: ByteReadable;
  readonly output: string | ByteWritable;
}

/** A stream whose beginning was read. */
interface OpenStream {
  readonly source: MemorySource;
  readonly movie: Movie;
  readonly described: readonly DescribedTrack[];
  readonly tracks: readonly DescribedTrack[];
  readonly reader: PartReader;
  /** What follows the beginning. */
  readonly parts: PartQueue;
  /** When the first fragment is presented, where that matters. */
  readonly startSeconds: number;
}

/** The keys that sample entries will state, one a track to encrypt. */
interface LiveJob extends KeyedJob {
  /** Where keys rotate: what gives those of a crypto period. */
  readonly keysOfPeriod?: (index: number) => Promise<AssignedKey[]>;
}

/** What the output begins with, and all that is needed to go on from there. */
interface LivePlan extends StreamWork, PlannedEncryption {
  readonly encryptedInit: Uint8Array;
  readonly firstProtection: FragmentProtection;
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
  let sink: StagedSink | StreamSink | undefined;
  try {
    if (options.keysOut !== undefined) assertKeysOutIsFree(options.keysOut);
    sink = typeof output === 'string' ? await openFileSink(output, options) : new StreamSink(output);
    return await passOn(await openStream(boxes, options), sink, options, clock);
  } finally {
    boxes.close();
    await sink?.abort();
  }
}

async function openStream(boxes: BoxStream, options: EncryptOptions): Promise<OpenStream> {
  const reader = new PartReader(boxes);
  const { bytes } = await reader.init();
  const source = new MemorySource(bytes, STREAM_NAME);
  const movie = readMovie(source);
  const described = await describeTracks(movie);
  const tracks = selectTracks(described, options.tracks, () => true);
  const parts = new PartQueue(reader.parts(trexOfTracks(movie.tracks)));
  const startSeconds = isScheduled(options) ? await startOf(parts, movie) : 0;
  return { source, movie, described, tracks, reader, parts, startSeconds };
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

async function passOn(
  stream: OpenStream,
  sink: StagedSink | StreamSink,
  options: EncryptOptions,
  clock: Clock,
): Promise<EncryptResult> {
  let encryptor: FragmentEncryptor;
  const steps: PackagingSteps<LiveJob, LivePlan, StagedSink | StreamSink> = {
    prepare: () => firstKeys(stream, options),
    open: () => sink,
    plan: (job) => planStream(stream, job, options),
    write: async ({ job, plan }, output, ledger) => {
      const writer = new DigestingWriter(output, wantedDigests(job.keys, options));
      await writer.write(plan.encryptedInit);
      encryptor = new FragmentEncryptor(plan, await subsampleReadersOfTracks(plan.tracks));
      const protections = protectionsOf(stream, job, plan, ledger, options);
      await encryptParts(stream.parts, encryptor, protections, sink, writer, options.signal);
      assertSamples(stream, encryptor);
      assertEndOfClearLead(stream, encryptor, options);
      encryptor.finish();
      return [{ keys: ledger.keys, ...writer.digests() }];
    },
    // Its fragments were checked one by one; what is left is how they lie together, and that the disk has them all.
    check: (_, { staged, sizeBytes }: Sink) =>
      checkStaged(staged!, { signal: options.signal }, (output) =>
        assertSampleCounts(output, sizeBytes, encryptor.tallies),
      ),
  };
  const published = await packageContent(steps, options, clock);
  return report(published, stream, encryptor!, sink.sizeBytes, options, clock);
}

/** Plans what the output will begin with. */
async function planStream(
  { source, movie, tracks }: OpenStream,
  { keys, keysOfPeriod }: LiveJob,
  options: EncryptOptions,
): Promise<LivePlan> {
  const settings = protectionSettings(options);
  const { ivSize, scheme } = settings;
  const ivStarts =
    scheme.ivKind === 'constant'
      ? drawConstantIvs(tracks.length, ivSize)
      : drawStarts(
          tracks.map(() => reservedUse(ivSize)),
          keys,
        );
  const schedule = {
    isRotating: keysOfPeriod !== undefined,
    hasClearLead: options.clearLeadSeconds !== undefined,
  };
  const planned = await planEncryption(
    { movie, source, tracks, keys },
    { ...options, layout: 'keep' },
    ivStarts,
    schedule,
  );
  const renderer = await ChunkRenderer.create(planned.plan, source, []);
  const encryptedInit = new Uint8Array(planned.plan.sizeBytes);
  renderer.render(encryptedInit, 0);
  const warnings = [...planned.warnings, ...openEdits(encryptedInit)];
  const firstProtection = new FragmentProtection(keys, planned.periodPsshBoxes);
  const encryptedMovie = await checkEncryptedInit(new MemorySource(encryptedInit, STREAM_NAME), {
    input: source,
    movie,
    sizeBytes: planned.plan.sizeBytes,
    encryptions: planned.encryptions,
    keyOf: firstProtection.keyOf,
  });
  const { signal } = options;
  const work = { movie, encryptedMovie, tracks, keys, ivStarts, settings, signal, ...schedule };
  return { ...planned, ...work, warnings, encryptedInit, firstProtection };
}

/** What fragments are under: the keys of a crypto period are registered before its first fragment leaves. */
function protectionsOf(
  { startSeconds }: OpenStream,
  { keysOfPeriod, contentId }: LiveJob,
  { firstProtection }: LivePlan,
  ledger: KeyLedger,
  options: EncryptOptions,
): StreamProtections {
  const open = async (period: number): Promise<FragmentProtection> =>
    retryOnKeyRace(async () => {
      const keys = await keysOfPeriod!(period);
      const { boxes, laUrl } = buildPeriodPsshBoxes([keys], options).periods[0];
      await ledger.register(keys, contentId, laUrl);
      return new FragmentProtection(keys, boxes);
    });
  return new StreamProtections(options, startSeconds, firstProtection, open);
}

async function firstKeys({ tracks, startSeconds }: OpenStream, options: EncryptOptions): Promise<LiveJob> {
  assertCodecsFitScheme(tracks, protectionSettings(options)); // before anybody is asked for keys
  const contentId = contentIdOf(options);
  const { cryptoPeriodSeconds: durationSeconds } = options;
  if (durationSeconds === undefined) return { keys: await assignKeys(tracks, contentId, options), contentId };
  const open = await openPeriodKeys(tracks, contentId, options);
  const keysOfPeriod = (index: number) => open(cryptoPeriod(index, durationSeconds));
  return { keys: await keysOfPeriod(firstPeriodOf(options, startSeconds)), keysOfPeriod, contentId };
}

/** Passes all on that comes behind `moov`. */
async function encryptParts(
  parts: PartQueue,
  encryptor: FragmentEncryptor,
  protections: StreamProtections,
  sink: Sink,
  writer: DigestingWriter,
  signal: AbortSignal | undefined,
): Promise<void> {
  const yielder = new EventLoopYielder(signal);
  for await (const part of parts) {
    const bytes =
      part.kind === 'box' ? part.bytes : await encryptor.encrypt(part.boxes, sink.sizeBytes, protections);
    await writer.write(bytes);
    await yielder.yieldIfDue();
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
  if (keysOut !== undefined && output === STREAM && cryptoPeriodSeconds !== undefined) {
    throw invalid(
      'keys that rotate cannot be written before the stream that needs them',
      `Register them in a key store, and leave ${named('keysOut')} out.`,
    );
  }
}

function invalid(message: string, remedy: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', message, { remedy });
}

function assertSamples({ tracks, described }: OpenStream, { tallies }: FragmentEncryptor): void {
  if (tracks.some(({ track }) => tallies[track.index].samples > 0)) return;
  throw new PrpackError('NOTHING_TO_ENCRYPT', `${STREAM_NAME} had no audio or video samples to encrypt`, {
    received: described
      .map(({ track }) => `track ${track.id}: ${typeNameOf(track)}, ${tallies[track.index].samples} samples`)
      .join('; '),
    remedy: 'Look at the messages of the program that writes the stream.',
  });
}

/** A track that is clear to its end is not encrypted, whatever its sample entries say. */
function assertEndOfClearLead(
  { tracks }: OpenStream,
  { tallies }: FragmentEncryptor,
  { clearLeadSeconds }: EncryptOptions,
): void {
  const seen = tracks.map(({ track }) => tallies[track.index]);
  const isClear = seen.some(({ samples, coverage }) => samples > 0 && coverage.samples === 0);
  if (isClear) throw allClear(clearLeadSeconds!);
}

async function report(
  { job, plan, outputs, warnings }: Published<LiveJob, LivePlan>,
  { movie, described, tracks, reader }: OpenStream,
  encryptor: FragmentEncryptor,
  bytes: number,
  options: EncryptOptions,
  clock: Clock,
): Promise<EncryptResult> {
  const { input, output, keyStore } = options;
  const [published] = outputs!;
  const { keys } = published;
  const seconds = movie.tracks.map(
    ({ index, mdhd }) => encryptor.tallies[index].durationTicks / mdhd.timescaleHz,
  );
  return {
    input,
    output,
    bytes,
    ...digestsOf(published),
    durationSeconds: movieDurationSeconds(movie) || Math.max(...seconds),
    layout: 'keep',
    fragments: encryptor.fragments,
    scheme: plan.settings.scheme.name,
    contentId: registeredName(job.contentId, keys[0]?.seedId),
    ...(keyStore && { keyStore: keyStore.location }),
    tracks: described.map((track) => {
      const i = tracks.indexOf(track);
      const kids = keys.filter((_, j) => j % tracks.length === i).map(({ kid }) => kid);
      return reportTrack(track, kids, plan, encryptor);
    }),
    pssh: await reportPssh(plan.psshBoxes),
    timings: clock.timings(),
    warnings: [
      ...warnings,
      ...encryptor.coverageWarnings(),
      ...earlierEncryptionWarnings(encryptor.earlierTypes, 'keep'),
      ...reader.warnings(),
    ],
    unchanged: false,
    dryRun: false,
  };
}

/** @param kids those of the track, in the order of the crypto periods; none of a track that is left clear */
function reportTrack(
  { track, codecs }: DescribedTrack,
  kids: readonly string[],
  { isRotating, settings }: LivePlan,
  { tallies }: FragmentEncryptor,
): TrackReport {
  const { samples, coverage } = tallies[track.index];
  return {
    id: track.id,
    type: typeNameOf(track),
    codec: codecs[0].codec,
    encrypted: kids.length > 0,
    ...(kids.length > 0 && {
      kid: kids[0],
      ...(isRotating && { kids }),
      ivSize: perSampleIvSize(settings),
      protectedBytes: coverage.protectedBytes,
    }),
    samples,
  };
}
