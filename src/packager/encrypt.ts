import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { OutputFile } from '../bytes/output-file.js';
import type { ByteSource } from '../bytes/source.js';
import { countBlocksBefore, createIvSource, type IvPlan } from '../cenc/iv.js';
import { drawIvStarts } from '../cenc/iv-start.js';
import { type IvSize, SCHEMES } from '../cenc/scheme.js';
import { protectedBytesAt, type SubsampleTable } from '../cenc/subsamples.js';
import { buildProtectionData } from '../drm/build.js';
import { PrpackError } from '../errors.js';
import { writePssh } from '../isobmff/boxes/pssh.js';
import { type Movie, readMovie } from '../isobmff/movie.js';
import type { AssignedKey, TrackKeyRequest } from '../keys/key-source.js';
import { writeKeysOut } from '../keys/keys-out.js';
import { checkEncrypted } from './check.js';
import { sampleProtectionOf } from './codecs.js';
import { breathe, Clock, expectTwoFiles, publishOutput, withInput } from './job.js';
import { expectDisjointSamples } from './plan/disjoint.js';
import { encryptEdits, type TrackEncryption } from './plan/encrypt-edits.js';
import { FragmentedPlan } from './plan/fragmented-plan.js';
import { KeepPlan } from './plan/keep-plan.js';
import type { OutputPlan } from './plan/output-plan.js';
import { movieDurationSeconds } from './plan/timing.js';
import { totalProtectedBytes } from './plan/track-protection.js';
import { reportPssh, wrapPssh } from './pssh.js';
import { scanSubsamples } from './scan.js';
import { type DescribedTrack, describeTracks, selectTracks, typeNameOf } from './tracks.js';
import type { EncryptOptions, EncryptResult, Layout, ProtectionSystem, TrackReport } from './types.js';

const DEFAULT_SYSTEMS: readonly ProtectionSystem[] = ['playready', 'common'];
const DEFAULT_FRAGMENT_SECONDS = 2;

/**
 * Encrypts an MP4 file by MPEG Common Encryption, scheme `cenc` (ISO/IEC 23001-7), with PlayReady and other `pssh` boxes.
 * The output appears under its name whole and checked, or not at all.
 * @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT,
 *   NOTHING_TO_ENCRYPT, ALREADY_ENCRYPTED, UNSUPPORTED_CODEC, UNSUPPORTED_FEATURE, KEY_REQUIRED, KEY_INVALID,
 *   KEY_CONFLICT, KEY_SOURCE_FAILED, OUTPUT_EXISTS, OUTPUT_FAILED, OUTPUT_CHECK_FAILED, ABORTED
 */
export async function encrypt(options: EncryptOptions): Promise<EncryptResult> {
  const clock = new Clock();
  expectUsable(options);
  expectTwoFiles(options.input, options.output);
  return withInput(options.input, async (source) => {
    const movie = readMovie(source);
    const described = await describeTracks(movie);
    const selected = selectTracks(described, options.tracks);
    expectDisjointSamples(movie, new Set(selected.map(({ track }) => track)));
    const keys = await assignKeys(selected, options);
    const file = options.dryRun ? undefined : new OutputFile(options.output, options.force ?? false);
    try {
      const planned = await planEncryption(movie, source, selected, keys, options);
      clock.planned();
      if (file) await publishEncrypted(file, planned, source, keys, options, clock);
      return await reportEncryption(planned, described, options, clock);
    } finally {
      file?.discard();
    }
  });
}

function expectUsable({ keysOut, output, fragmentDurationSeconds, ivSize, systems }: EncryptOptions): void {
  const invalid = (message: string, remedy: string, received?: string | number) =>
    new PrpackError('INVALID_ARGUMENT', message, { remedy, ...(received !== undefined && { received }) });
  if (keysOut !== undefined && resolve(keysOut) === resolve(output)) {
    throw invalid('the keys cannot be written into the output file', 'Name another file for the keys.');
  }
  if (keysOut !== undefined && existsSync(keysOut)) {
    throw new PrpackError('OUTPUT_EXISTS', `the file for the keys exists already: ${keysOut}`, {
      path: keysOut,
      remedy: 'It may hold keys of published media: use them again with --key-file, or name another file.',
    });
  }
  if (
    fragmentDurationSeconds !== undefined &&
    !(fragmentDurationSeconds > 0 && fragmentDurationSeconds <= 3600)
  ) {
    throw invalid(
      'the fragment duration is not between 0 and 3600 seconds',
      'Give seconds, such as 2.',
      fragmentDurationSeconds,
    );
  }
  if (ivSize !== undefined && ivSize !== 8 && ivSize !== 16) {
    throw invalid(
      'the IV size is not 8 or 16 bytes',
      'Give 8, which all PlayReady clients read, or 16.',
      ivSize,
    );
  }
  const unknown = systems?.find((system) => !['playready', 'common', 'widevine'].includes(system));
  if (unknown !== undefined) {
    throw invalid('an unknown protection system', 'Give playready, common or widevine.', unknown);
  }
}

/** @throws PrpackError KEY_REQUIRED when a random key would be kept nowhere */
async function assignKeys(
  selected: readonly DescribedTrack[],
  options: EncryptOptions,
): Promise<AssignedKey[]> {
  const assigned = await options.keys.assign(selected.map(keyRequestOf));
  const isLost = assigned.some(({ source }) => source === 'random') && options.keysOut === undefined;
  if (isLost && !options.dryRun) {
    throw new PrpackError('KEY_REQUIRED', 'a random key that is kept nowhere would lose the content', {
      remedy:
        'Add --keys-out keys.json to keep the new key, or give one with --key-file or --key-seed-file, or by ' +
        'PRPACK_KID and PRPACK_KEY.',
    });
  }
  return assigned;
}

function keyRequestOf({ track, codecs }: DescribedTrack): TrackKeyRequest {
  const { width, height } = codecs[0];
  return {
    trackId: track.id,
    type: track.handler === 'vide' ? 'video' : 'audio',
    ...(width !== undefined && height !== undefined && { width, height }),
  };
}

/** All that is known of the output before it is written. */
interface PlannedEncryption {
  readonly movie: Movie;
  readonly plan: OutputPlan;
  readonly layout: Layout;
  readonly fragments: number;
  readonly encryptions: readonly TrackEncryption[];
  readonly psshBoxes: readonly Uint8Array[];
  readonly warnings: readonly string[];
}

async function planEncryption(
  movie: Movie,
  source: ByteSource,
  selected: readonly DescribedTrack[],
  keys: readonly AssignedKey[],
  options: EncryptOptions,
): Promise<PlannedEncryption> {
  const { layout = 'fragmented', fragmentDurationSeconds = DEFAULT_FRAGMENT_SECONDS } = options;
  const { boxes, warnings } = buildPsshBoxes(keys, options);
  const encryptions = await protectTracks(source, selected, keys, options);
  const known = { movie, layout, encryptions, psshBoxes: boxes };
  if (layout === 'keep') {
    const plan = new KeepPlan(movie, source, encryptEdits(movie, encryptions, boxes));
    return { ...known, plan, fragments: movie.fragments.count, warnings };
  }
  const plan = new FragmentedPlan(movie, source, encryptions, boxes, fragmentDurationSeconds);
  return { ...known, plan, fragments: plan.fragmentCount, warnings: [...warnings, ...plan.warnings] };
}

function buildPsshBoxes(
  keys: readonly AssignedKey[],
  { systems = DEFAULT_SYSTEMS, playready, contentId, extraPssh = [] }: EncryptOptions,
): { boxes: Uint8Array[]; warnings: string[] } {
  const built = [...new Set(systems)].map((system) =>
    buildProtectionData(system, {
      keys: keys.map(({ kid, key }) => ({ kid, key: key.revealBytes() })),
      scheme: 'cenc',
      ...(playready && { playready }),
      ...(contentId !== undefined && { contentId: Buffer.from(contentId, 'utf8') }),
    }),
  );
  const warnings = built.flatMap((system) => system.warnings);
  if (systems.includes('playready') && playready?.laUrl === undefined) {
    warnings.push(
      'The PlayReady header has no license acquisition URL (--la-url): players must get it from elsewhere.',
    );
  }
  return {
    boxes: [...built.map(({ protection }) => writePssh(protection)), ...extraPssh.map(wrapPssh)],
    warnings,
  };
}

async function protectTracks(
  source: ByteSource,
  selected: readonly DescribedTrack[],
  keys: readonly AssignedKey[],
  { ivSize = 8, signal, onProgress }: EncryptOptions,
): Promise<TrackEncryption[]> {
  const pause = () => {
    onProgress?.({ phase: 'plan', bytesDone: 0, bytesTotal: source.sizeBytes });
    return breathe(signal);
  };
  const tables: (SubsampleTable | undefined)[] = [];
  for (const described of selected) {
    const { track } = described;
    const rules = track.entries.map(({ format }) => sampleProtectionOf(track.handler, format));
    const table =
      rules[0] === 'nal-units' ? await scanSubsamples(described, source, ivSize, pause) : undefined;
    tables.push(table);
  }
  const ivPlans = planIvs(selected, tables, keys, ivSize);
  return selected.map(({ track }, i) => ({
    track,
    scheme: 'cenc',
    ivPlan: ivPlans[i],
    subsamples: tables[i],
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

/** Random first IVs, such that no two tracks under one key ever share a counter block. */
function planIvs(
  selected: readonly DescribedTrack[],
  tables: readonly (SubsampleTable | undefined)[],
  keys: readonly AssignedKey[],
  ivSize: IvSize,
): IvPlan[] {
  const blocks = selected.map(({ track }, i) =>
    countBlocksBefore(track.samples.count, (sample) => {
      const table = tables[i];
      return table ? protectedBytesAt(table, sample) : track.samples.sizes[sample];
    }),
  );
  const uses = selected.map(({ track }, i) => ({
    ivSizeBytes: ivSize,
    sampleCount: track.samples.count,
    blockCount: ivSize === 16 ? blocks[i][track.samples.count] : largestStep(blocks[i]),
  }));
  const starts = new Map<number, Uint8Array>();
  for (const group of groupByKey(keys)) {
    for (const [j, start] of drawIvStarts(group.map((i) => uses[i])).entries()) starts.set(group[j], start);
  }
  return selected.map((_, i): IvPlan => {
    const start = starts.get(i)!;
    return ivSize === 8
      ? { kind: 'counting8', start }
      : { kind: 'counting16', start, blocksBefore: blocks[i] };
  });
}

function largestStep(blocksBefore: Float64Array): number {
  let largest = 0;
  for (let i = 1; i < blocksBefore.length; i++) {
    largest = Math.max(largest, blocksBefore[i] - blocksBefore[i - 1]);
  }
  return largest;
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

async function publishEncrypted(
  file: OutputFile,
  { movie, plan, encryptions }: PlannedEncryption,
  source: ByteSource,
  keys: readonly AssignedKey[],
  options: EncryptOptions,
  clock: Clock,
): Promise<void> {
  const keyOf = (kid: string) => keys.find((key) => key.kid === kid)!.key;
  const expectations = { input: source, movie, sizeBytes: plan.sizeBytes, encryptions, keyOf };
  const publication = {
    plan,
    source,
    protections: encryptions,
    keyOf,
    check: (path: string) => checkEncrypted(path, expectations),
    beforePublish: () => keepKeys(keys, options.keysOut),
  };
  await publishOutput(file, options, publication, clock);
}

/** Writes the keys down; returns what takes that back when the output then cannot be published. */
async function keepKeys(keys: readonly AssignedKey[], keysOut: string | undefined): Promise<() => void> {
  if (keysOut === undefined) return () => {};
  await writeKeysOut(keysOut, keys);
  return () => rmSync(keysOut, { force: true });
}

async function reportEncryption(
  planned: PlannedEncryption,
  described: readonly DescribedTrack[],
  { input, output, dryRun = false }: EncryptOptions,
  clock: Clock,
): Promise<EncryptResult> {
  const { movie, plan, layout, fragments, encryptions, psshBoxes, warnings } = planned;
  return {
    input,
    output,
    bytes: plan.sizeBytes,
    durationSeconds: movieDurationSeconds(movie),
    layout,
    fragments,
    scheme: SCHEMES.cenc.name,
    tracks: described.map((track) => reportTrack(track, encryptions)),
    pssh: await reportPssh(psshBoxes),
    timings: clock.timings(),
    warnings,
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
      ivSize: createIvSource(encryption.ivPlan).ivSizeBytes,
      protectedBytes: totalProtectedBytes(encryption),
    }),
    samples: track.samples.count,
  };
}
