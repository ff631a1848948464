import { mkdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { FileSink } from '../../src/bytes/sinks/file-sink.js';
import { type EncryptOptions, encryptStream } from '../../src/index.js';
import { executePlans } from '../../src/packager/execute/execute.js';
import { startWorkerPool } from '../../src/packager/execute/start-worker-pool.js';
import { rangeTrack, vvcTrack } from '../support/builder/coded.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf, type BuiltTrack, tracksOf } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, KEY, testKeys } from '../support/jobs.js';
import { type ReadMovie, type ReadSample, type ReadTrack, readMovie } from '../support/mp4-reader.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { sample, testMedia } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { type Planned, planToDecrypt, planToEncrypt } from './execute/plans.js';

const temporary = temporaryFolder();
/** An odd number, so that chunks end inside samples, subsamples and blocks. */
const CHUNK_BYTES = 1531;
let count = 0;
let planned: Planned | undefined;

afterEach(() => {
  planned?.source.close();
  planned = undefined;
});

type Choice = Required<Pick<EncryptOptions, 'scheme'>> & Pick<EncryptOptions, 'pattern' | 'ivSize'>;
type LayoutName = 'fragmented' | 'keep';

/** Every choice of a scheme. */
const CHOICES: readonly Choice[] = [
  { scheme: 'cenc' },
  { scheme: 'cenc', ivSize: 16 },
  { scheme: 'cbcs' },
  { scheme: 'cbcs', pattern: '5:5' },
  { scheme: 'cbcs', pattern: '10:0' },
  { scheme: 'cens' },
  { scheme: 'cens', pattern: '5:5', ivSize: 16 },
  { scheme: 'cens', pattern: '10:0' },
  { scheme: 'cbc1' },
];

const av = (name: string) => tracksOf(testMedia(name));
const video = (tracks: BuiltTrack[]) => tracks.filter(({ handler }) => handler === 'vide');

/** Sizes around the block, and none. */
const SIZES = [0, 1, 15, 16, 17, 31, 32, 33, 159, 160, 161, 175, 176, 177, 2000, 5003];

/** Tracks of one codec each; `isRange` ones are refused under cens and cbc1. */
const CODECS: readonly { codec: string; tracks: () => BuiltTrack[]; isRange?: true; isLarge?: true }[] = [
  { codec: 'AVC', tracks: () => video(av('multislice.mp4')) },
  { codec: 'HEVC', tracks: () => video(av('hevc-multislice.mp4')) },
  { codec: 'AVC and AAC', tracks: () => av('moov-last.mp4') },
  { codec: 'AAC of all sizes', tracks: () => [audioTrackOf(SIZES)] },
  { codec: 'AV1', tracks: () => [rangeTrack('av1')], isRange: true },
  { codec: 'VP9', tracks: () => [rangeTrack('vp9', 64)], isRange: true },
  { codec: 'VVC', tracks: () => [vvcTrack()] },
  { codec: 'HEVC of the samples', tracks: () => tracksOf(sample('bars-hevc.mp4')), isLarge: true },
  { codec: 'AVC of the samples', tracks: () => tracksOf(sample('bars.mp4')), isLarge: true },
];

interface Job {
  readonly codec: string;
  readonly tracks: () => BuiltTrack[];
  readonly choice: Choice;
  readonly layout: LayoutName;
  readonly from: 'progressive' | 'fragments';
}

const fits = ({ isRange }: (typeof CODECS)[number], { scheme }: Choice) =>
  !isRange || scheme === 'cenc' || scheme === 'cbcs';

const ALL: readonly Job[] = CODECS.flatMap((one) =>
  CHOICES.filter((choice) => fits(one, choice)).flatMap((choice) =>
    (['fragmented', 'keep'] as const).flatMap((layout) =>
      (['progressive', 'fragments'] as const).map((from) => ({ ...one, choice, layout, from })),
    ),
  ),
);

/** In every run, each codec under each scheme once: the layouts by turns, the patterns with one codec. */
const SHORT: readonly Job[] = CODECS.filter(({ isLarge }) => !isLarge).flatMap((one, i) =>
  CHOICES.filter((choice) => fits(one, choice))
    .filter(({ pattern, ivSize }) => one.codec === 'AVC' || (pattern === undefined && ivSize === undefined))
    .map((choice, j) => ({
      ...one,
      choice,
      layout: (i + j) % 2 === 0 ? 'keep' : 'fragmented',
      from: (i + (j >> 1)) % 2 === 0 ? 'progressive' : 'fragments',
    })),
);

const titled = (jobs: readonly Job[]) =>
  jobs.map((job) => {
    const { codec, choice, layout, from } = job;
    return { ...job, title: `${codec}, ${Object.values(choice).join(' ')}, ${layout}, from ${from}` };
  });

const JOBS = titled(SWEEPS ? ALL : SHORT);

/** Carries a plan out in small chunks. */
async function carryOut(path: string, plan: Planned, threads: 1 | 3): Promise<Buffer> {
  if (inject('buildProblem')) throw new Error(`threads run dist/, which cannot be built`);
  planned = plan;
  const pool = await startWorkerPool(plan.source, threads, CHUNK_BYTES);
  const sink = new FileSink(path, true);
  try {
    await executePlans([{ ...plan, output: sink.staged.handle }], { pool, chunkBytes: CHUNK_BYTES });
    sink.commit();
    return readFileSync(path);
  } finally {
    await pool?.stop();
    sink.abort();
    plan.source.close();
    planned = undefined;
  }
}

describe('the cross product of schemes, codecs, layouts, patterns and threads', () => {
  it.skipIf(!SWEEPS)(`is tried ${BY_SWEEPS}`, () => undefined);
});

describe.each(JOBS)('$title', ({ tracks, choice, layout, from }) => {
  it('decrypts to what was encrypted, by any number of threads', async () => {
    const folder = temporary(`job${count++}`);
    mkdirSync(folder);
    const input = `${folder}/input.mp4`;
    writePieces(input, from === 'progressive' ? progressive(tracks()) : fragmented(tracks()));
    const encrypted = `${folder}/encrypted.mp4`;
    const one = await carryOut(encrypted, await planToEncrypt(input, layout, choice), 1);
    const three = await carryOut(`${folder}/three.mp4`, await planToEncrypt(input, layout, choice), 3);
    expect(three.equals(one)).toBe(true);

    assertProtected(readMovie(encrypted), choice);
    const samples = (path: string, key?: string) =>
      fingerprintsOf(path, key).map((rows) => rows.map(({ size, md5 }) => `${size} ${md5}`));
    expect(samples(encrypted, KEY)).toEqual(samples(input)); // by the tests' own cipher
    expect(samples(encrypted)).not.toEqual(samples(input));

    for (const threads of [1, 3] as const) {
      const back = `${folder}/back${threads}.mp4`;
      const bytes = await carryOut(back, planToDecrypt(encrypted), threads);
      expect(samples(back)).toEqual(samples(input));
      if (layout === 'keep') expect(bytes.equals(readFileSync(input))).toBe(true);
    }
  });
});

/** Sums and alignment of subsamples (ISO/IEC 23001-7 9.5.2, 10), and no counter block twice. */
function assertProtected(movie: ReadMovie, { scheme, pattern = '1:9', ivSize }: Choice): void {
  const hasPattern = scheme === 'cbcs' || scheme === 'cens';
  for (const track of movie.tracks) {
    const isVideo = track.handler === 'vide';
    const { tenc, codec } = track.entries[0];
    expect(tenc).toMatchObject({
      scheme,
      version: hasPattern ? 1 : 0,
      pattern: hasPattern && isVideo ? pattern.split(':').map(Number) : [0, 0],
      ivSize: { cbcs: 0, cbc1: 16 }[scheme as string] ?? ivSize ?? 8,
    });
    for (const one of track.samples) {
      if (!isVideo) expect(one.subsamples).toBeUndefined();
      else if (one.size > 0) expectSubsamples(one, scheme !== 'cbcs' || codec === 'vp09');
    }
  }
  if (scheme !== 'cenc' && scheme !== 'cens') return;
  const blocks = movie.tracks.flatMap((track) => track.samples.flatMap((one) => counterBlocks(one, track)));
  expect(blocks.length).toBeGreaterThan(0);
  expect(new Set(blocks).size).toBe(blocks.length);
}

function expectSubsamples({ size, subsamples }: ReadSample, isAligned: boolean): void {
  expect(subsamples!.reduce((sum, [clear, hidden]) => sum + clear + hidden, 0)).toBe(size);
  if (isAligned) for (const [, hidden] of subsamples!) expect(hidden % 16).toBe(0);
}

/** The counter blocks that a sample uses up: of cens, only those of blocks that the pattern encrypts. */
function counterBlocks({ iv, size, subsamples }: ReadSample, { entries }: ReadTrack): string[] {
  const { scheme, pattern } = entries[0].tenc!;
  const [crypt, skip] = pattern;
  let used = 0;
  for (const hidden of subsamples?.map(([, bytes]) => bytes) ?? [size]) {
    if (scheme === 'cenc') used += hidden / 16;
    else
      for (let block = 0; 16 * (block + 1) <= hidden; block++)
        if (skip === 0 || block % (crypt + skip) < crypt) used++;
  }
  const high = iv!.toString('hex', 0, 8);
  const low = iv!.length === 16 ? iv!.readBigUInt64BE(8) : 0n;
  return Array.from(
    { length: Math.ceil(used) },
    (_, i) => `${high}${BigInt.asUintN(64, low + BigInt(i)).toString(16)}`,
  );
}

describe('IVs of files of several tracks', () => {
  it.each(CHOICES.filter(({ scheme }) => scheme === 'cenc' || scheme === 'cens'))(
    'never use a counter block twice: $scheme $pattern $ivSize',
    async (choice) => {
      const output = temporary('tracks.mp4');
      await encryptStream({ input: testMedia('tracks.mp4'), output, keys: testKeys, force: true, ...choice });
      const { tracks } = readMovie(output);
      const media = tracks.filter(({ handler }) => handler === 'vide' || handler === 'soun');
      const blocks = media.flatMap((track) => track.samples.flatMap((one) => counterBlocks(one, track)));
      expect(blocks.length).toBeGreaterThan(choice.scheme === 'cenc' ? 100 : 20);
      expect(new Set(blocks).size).toBe(blocks.length);
    },
  );
});

it('publishes samples of slices that are all too small for a block', async () => {
  const input = temporary('small.mp4');
  const output = temporary('small.enc.mp4');
  const track = vvcTrack();
  // the first and the last sample are among those that are read back
  writePieces(input, progressive([{ ...track, samples: track.samples.slice(-2) }]));
  await encryptTo(input, output, { scheme: 'cbcs' });
  const { subsamples } = readMovie(output).tracks[0].samples.at(-1)!;
  expect(subsamples!.map(([, hidden]) => hidden)).toEqual([15, 9]);
});
