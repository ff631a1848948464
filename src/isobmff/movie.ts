import { type ByteSource, readBytes } from '../bytes/source.js';
import { type ErrorDetails, malformed, PrpackError } from '../errors.js';
import { readDref } from './boxes/dref.js';
import { type Ftyp, readFtyp } from './boxes/ftyp.js';
import { readHdlr } from './boxes/hdlr.js';
import { type Mdhd, readMdhd } from './boxes/mdhd.js';
import { type Mvhd, readMvhd } from './boxes/mvhd.js';
import { readTkhd } from './boxes/tkhd.js';
import { readTrex, type Trex } from './boxes/trex.js';
import {
  type FragmentRange,
  type Fragments,
  type FragmentTrack,
  type FragmentTracks,
  type Moof,
  readFragments,
  type TrexOf,
} from './fragments.js';
import { readerOf, readSampleEntries, type SampleEntry } from './sample-entry.js';
import { NO_SAMPLES, SampleBudget, type SampleTable, SampleTableBuilder } from './sample-table.js';
import { readSampleTables } from './sample-tables.js';
import { assertNoHiddenSamples, endsInsideBox, type Tail } from './tail.js';
import { RunKind, readRun, readTopLevel, type TopLevel } from './top-level.js';
import { type BoxNode, type FileSlice, findChild, findPath, requirePath, walkBox } from './walk.js';

/** All that planning needs to know of a file; media bytes are not loaded. */
export interface Movie {
  readonly sizeBytes: number;
  readonly topLevel: TopLevel;
  /** Absent in files without one, as some QuickTime files are. */
  readonly ftyp: Ftyp | undefined;
  readonly ftypBytes: Uint8Array;
  /** Which run of the file `moov` is. */
  readonly moovRun: number;
  readonly moov: FileSlice;
  /** The tree of `moov`; the nodes of tracks are found in it by identity. */
  readonly moovNode: BoxNode;
  readonly mvhd: Mvhd;
  readonly tracks: readonly Track[];
  /** Has `mvex`: may be continued by fragments. */
  readonly isFragmented: boolean;
  readonly fragments: Fragments;
}

export interface Track {
  readonly index: number;
  readonly id: number;
  /** Handler type: `vide`, `soun`, `text`, … */
  readonly handler: string;
  readonly mdhd: Mdhd;
  readonly node: BoxNode;
  readonly stbl: BoxNode;
  readonly entries: readonly SampleEntry[];
  readonly trex: Trex | undefined;
  /** Of `stbl` and all fragments, in decode order. */
  readonly samples: SampleTable;
  /** How many of them `stbl` lists. */
  readonly samplesInMoov: number;
  /** Where only some of the samples are meant: their numbers among all, by which boxes of `stbl` know them. */
  readonly sampleNumbers?: Uint32Array;
}

const MAX_MOOV_BYTES = 96 * 2 ** 20;

/**
 * Reads the movie: every box header, `moov`, and every `moof`.
 * @throws PrpackError NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT, UNSUPPORTED_FEATURE
 */
export function readMovie(source: ByteSource): Movie {
  const [movie] = readMovieInParts(source, Number.POSITIVE_INFINITY);
  return movie;
}

/**
 * The movie part by part, so that the samples of few fragments are in memory at a time: first with the samples that
 * `moov` lists and those of the first fragments, then with those of the next ones alone.
 * @throws PrpackError as `readMovie`
 */
export function* readMovieInParts(source: ByteSource, fragmentsAPart: number): Generator<Movie> {
  if (source.sizeBytes === 0) {
    throw new PrpackError('NOT_MP4', `${source.path} is empty`, {
      path: source.path,
      offsetBytes: 0,
      remedy: 'Check how the file was made or copied.',
    });
  }
  const topLevel = readTopLevel(source);
  const moovRun = findMoov(topLevel, source);
  const moov = readRun(source, topLevel, moovRun, MAX_MOOV_BYTES);
  const walked = walkBox(moov, 'moov');
  const mvhd = readMvhd(readerOf(requirePath(walked, 'mvhd', 'ISO/IEC 14496-12 8.2.2'), moov));
  const moovNode = { ...walked, children: walked.children.map((child) => withEntries(child, moov)) };
  const budget = budgetOf(source, topLevel);
  const whole = {
    sizeBytes: source.sizeBytes,
    topLevel,
    ...readFileType(source),
    moovRun,
    moov,
    moovNode,
    mvhd,
    isFragmented: findChild(moovNode, 'mvex') !== undefined,
  };
  let heads = new TrackHeads(readTrackHeads(moovNode, moov, budget));
  const sampleEnd = new LastSampleEnd(source, topLevel);
  let fromRun = 0;
  do {
    const toRun = runBehind(topLevel, fromRun, fragmentsAPart);
    const part = new PartTracks(heads, budget);
    const fragments = readFragments(source, topLevel, part, { fromRun, toRun });
    const tracks = part.finish();
    sampleEnd.add(tracks);
    if (toRun === topLevel.count) sampleEnd.assertNothingBehind();
    yield { ...whole, tracks, fragments };
    heads = part.next();
    fromRun = toRun;
  } while (fromRun < topLevel.count);
}

/** Reads the fragments of a movie that was read before they were there. */
export class FragmentReader {
  readonly #movie: Movie;
  readonly #heads: TrackHeads;

  /** @param movie as its `moov` says */
  constructor(movie: Movie) {
    this.#movie = movie;
    this.#heads = new TrackHeads(movie.tracks.map((track) => headOfPart(track, 0)));
  }

  /**
   * Some fragments, whose `moof` boxes are kept in memory.
   * @param source holds the fragments from `fromBytes` to its end
   * @param known their `moof` boxes, where those were read before
   * @returns the movie with their samples alone; in `moovRun` -1: `moov` is none of these runs
   * @throws PrpackError MALFORMED_INPUT, TRUNCATED_INPUT, UNSUPPORTED_FEATURE
   */
  read(source: ByteSource, fromBytes: number, known?: readonly Moof[]): Movie {
    const topLevel = readTopLevel(source, fromBytes);
    const part = new PartTracks(this.#heads, budgetOf(source, topLevel));
    const range: FragmentRange = {
      fromRun: 0,
      toRun: topLevel.count,
      keptMoofBytes: Number.POSITIVE_INFINITY,
      known,
    };
    const fragments = readFragments(source, topLevel, part, range);
    const tracks = part.finish();
    const sampleEnd = new LastSampleEnd(source, topLevel);
    sampleEnd.add(tracks);
    sampleEnd.assertNothingBehind();
    return { ...this.#movie, sizeBytes: source.sizeBytes, topLevel, moovRun: -1, tracks, fragments };
  }
}

/** What is known of a track where a part without `moov` begins. */
function headOfPart(track: Track, startTime: number): TrackHead {
  return { track: { ...track, samplesInMoov: 0, samples: NO_SAMPLES }, startTime };
}

function budgetOf({ sizeBytes, path }: ByteSource, { tail }: TopLevel): SampleBudget {
  return new SampleBudget(sizeBytes, tail?.kind === 'cut' ? () => endsInsideBox(tail, path) : undefined);
}

/** Where the last sample of a file ends whose last `mdat` does not say where it ends itself. */
class LastSampleEnd {
  readonly #source: ByteSource;
  readonly #mdat: Tail | undefined;
  #endBytes: number;

  constructor(source: ByteSource, { tail }: TopLevel) {
    this.#source = source;
    this.#mdat = tail?.type === 'mdat' ? tail : undefined;
    this.#endBytes = (tail?.startBytes ?? 0) + MDAT_HEADER_BYTES;
  }

  add(tracks: readonly Track[]): void {
    if (!this.#mdat) return;
    for (const { samples } of tracks) {
      const { count, offsets, sizes } = samples;
      for (let i = 0; i < count; i++) this.#endBytes = Math.max(this.#endBytes, offsets[i] + sizes[i]);
    }
  }

  /** @throws PrpackError MALFORMED_INPUT when the `mdat` has swallowed fragments, because its size is wrong */
  assertNothingBehind(): void {
    if (!this.#mdat) return;
    const place = { boxPath: 'mdat', offsetBytes: this.#mdat.startBytes };
    assertNoHiddenSamples(this.#source, this.#endBytes, place);
  }
}

const MDAT_HEADER_BYTES = 8;

/** The run behind so many `moof` boxes and what follows them. */
function runBehind({ kinds, count }: TopLevel, fromRun: number, fragments: number): number {
  let left = fragments;
  for (let run = fromRun; run < count; run++) {
    if (kinds[run] === RunKind.Moof && left-- === 0) return run;
  }
  return count;
}

function findMoov(topLevel: TopLevel, source: ByteSource): number {
  const runs: number[] = [];
  let hasMoof = false;
  for (let run = 0; run < topLevel.count; run++) {
    if (topLevel.kinds[run] === RunKind.Moov) runs.push(run);
    if (topLevel.kinds[run] === RunKind.Moof) hasMoof = true;
  }
  if (runs.length === 1) return runs[0];
  const details: ErrorDetails = { path: source.path, boxPath: 'moov', clause: 'ISO/IEC 14496-12 8.2.1' };
  if (runs.length > 1) {
    throw malformed('moov: the file has more than one', {
      ...details,
      offsetBytes: topLevel.startBytes[runs[1]],
    });
  }
  const remedy = hasMoof
    ? 'This is a media segment without its init segment: join them first (cat init.mp4 segment.m4s > whole.mp4).'
    : 'The file was not finished, or its end is missing: record or copy it again.';
  throw malformed(`${source.path} has no moov box`, { ...details, offsetBytes: source.sizeBytes, remedy });
}

function readFileType(source: ByteSource): { ftyp: Ftyp | undefined; ftypBytes: Uint8Array } {
  const head = { bytes: readBytes(source, 0, Math.min(source.sizeBytes, 4096)), startBytes: 0 };
  const view = new DataView(head.bytes.buffer);
  const isFtyp = head.bytes.length >= 16 && view.getUint32(4) === 0x66747970; // ftyp
  const sizeBytes = view.getUint32(0);
  if (!isFtyp || sizeBytes > head.bytes.length || sizeBytes < 16)
    return { ftyp: undefined, ftypBytes: new Uint8Array() };
  const ftypBytes = head.bytes.subarray(0, sizeBytes);
  const node = walkBox({ bytes: ftypBytes, startBytes: 0 }, 'ftyp');
  return { ftyp: readFtyp(readerOf(node, head)), ftypBytes };
}

/** What is known of a track before the fragments of a part are read. */
interface TrackHead {
  /** With the samples that `moov` lists, in the part that it belongs to. */
  readonly track: Track;
  /** Decode time of the first sample to read, in ticks. */
  readonly startTime: number;
}

/** The heads of all tracks. */
class TrackHeads {
  readonly all: readonly TrackHead[];
  readonly #byId: ReadonlyMap<number, TrackHead>;

  constructor(all: readonly TrackHead[]) {
    this.all = all;
    this.#byId = new Map(all.map((head) => [head.track.id, head]));
  }

  find(trackId: number): TrackHead | undefined {
    return this.#byId.get(trackId);
  }

  readonly trexOf: TrexOf = (trackId) => this.find(trackId)?.track.trex;
}

/** The tracks of one part of a movie: those that its fragments have samples of are filled. */
class PartTracks implements FragmentTracks {
  readonly trexOf: TrexOf;
  readonly #heads: TrackHeads;
  readonly #budget: SampleBudget;
  /** One a track. */
  readonly #builders: (SampleTableBuilder | undefined)[] = [];

  constructor(heads: TrackHeads, budget: SampleBudget) {
    this.#heads = heads;
    this.#budget = budget;
    this.trexOf = heads.trexOf;
  }

  find(trackId: number): FragmentTrack | undefined {
    const head = this.#heads.find(trackId);
    if (!head?.track.trex) return undefined;
    const { index, trex } = head.track;
    return { index, trex, samples: this.#builderOf(head) };
  }

  /** @throws PrpackError MALFORMED_INPUT */
  finish(): Track[] {
    return this.#heads.all.map(({ track }) => {
      const builder = this.#builders[track.index];
      const hasMore = builder !== undefined && builder.count > track.samplesInMoov;
      const samples = hasMore ? builder.finish() : track.samples;
      assertKnownEntries(track, samples);
      return hasMore ? { ...track, samples } : track;
    });
  }

  /** The heads of the part that follows. */
  next(): TrackHeads {
    const heads = this.#heads.all.map((head) => {
      const { track, startTime } = head;
      return headOfPart(track, track.trex ? this.#builderOf(head).nextDecodeTime : startTime);
    });
    return new TrackHeads(heads);
  }

  #builderOf({ track, startTime }: TrackHead): SampleTableBuilder {
    const known = this.#builders[track.index];
    if (known) return known;
    const builder = new SampleTableBuilder(this.#budget, track.samples);
    builder.startAt(startTime + builder.nextDecodeTime);
    this.#builders[track.index] = builder;
    return builder;
  }
}

/** The track's node with sample entries as children of its `stsd`. */
function withEntries(node: BoxNode, slice: FileSlice): BoxNode {
  if (node.type !== 'trak') return node;
  const stsd = findPath(node, 'mdia/minf/stbl/stsd');
  if (!stsd) return node;
  const full = readSampleEntries(stsd, handlerOf(node, slice), slice).stsd;
  const replace = (at: BoxNode): BoxNode => {
    if (at === stsd) return full;
    return at.children.length > 0 ? { ...at, children: at.children.map(replace) } : at;
  };
  return replace(node);
}

function handlerOf(trak: BoxNode, slice: FileSlice): string {
  const hdlr = requirePath(trak, 'mdia/hdlr', 'ISO/IEC 14496-12 8.4.3');
  return readHdlr(readerOf(hdlr, slice)).handlerType;
}

function readTrackHeads(moov: BoxNode, slice: FileSlice, budget: SampleBudget): TrackHead[] {
  const mvex = findChild(moov, 'mvex');
  const trexes = (mvex?.children ?? [])
    .filter((child) => child.type === 'trex')
    .map((child) => readTrex(readerOf(child, slice)));
  const traks = moov.children.filter((child) => child.type === 'trak');
  if (traks.length === 0) {
    throw malformed('moov: the movie has no tracks', {
      boxPath: 'moov/trak',
      offsetBytes: moov.startBytes,
      remedy: 'Compressed movie headers (cmov) and empty movies cannot be read; remux the file.',
    });
  }
  const heads = traks.map((node, index) => readTrackHead(node, index, slice, budget, trexes));
  assertDistinctIds(heads);
  return heads;
}

function readTrackHead(
  node: BoxNode,
  index: number,
  slice: FileSlice,
  budget: SampleBudget,
  trexes: readonly Trex[],
): TrackHead {
  const { trackId } = readTkhd(readerOf(requirePath(node, 'tkhd', 'ISO/IEC 14496-12 8.3.2'), slice));
  const handler = handlerOf(node, slice);
  const mdhd = readMdhd(readerOf(requirePath(node, 'mdia/mdhd', 'ISO/IEC 14496-12 8.4.2'), slice));
  const stbl = requirePath(node, 'mdia/minf/stbl', 'ISO/IEC 14496-12 8.5.1');
  const stsd = requirePath(stbl, 'stsd', 'ISO/IEC 14496-12 8.5.2');
  assertSelfContained(node, slice);
  const samples = readSampleTables(stbl, slice, budget);
  const track = {
    index,
    id: trackId,
    handler,
    mdhd,
    node,
    stbl,
    entries: entriesOf(stsd, handler, slice),
    trex: trexes.find((trex) => trex.trackId === trackId),
    samples,
    samplesInMoov: samples.count,
  };
  return { track, startTime: 0 };
}

/** The entries again, with the very nodes that are in the tree: edits find boxes by identity. */
function entriesOf(stsd: BoxNode, handler: string, slice: FileSlice): SampleEntry[] {
  const { entries } = readSampleEntries(stsd, handler, slice);
  return entries.map((entry, i) => ({ ...entry, node: stsd.children[i] }));
}

function assertSelfContained(trak: BoxNode, slice: FileSlice): void {
  const node = findPath(trak, 'mdia/minf/dinf/dref');
  if (!node) return;
  if (readDref(readerOf(node, slice)).entries.every((entry) => entry.isSelfContained)) return;
  throw new PrpackError('UNSUPPORTED_FEATURE', `${node.path}: the media of the track is in another file`, {
    boxPath: node.path,
    offsetBytes: node.startBytes,
    clause: 'ISO/IEC 14496-12 8.7.2',
    remedy: 'Make the movie self-contained first, for example with ffmpeg -c copy.',
  });
}

function assertDistinctIds(heads: readonly TrackHead[]): void {
  const seen = new Set<number>();
  for (const { id, node } of heads.map(({ track }) => track)) {
    if (seen.has(id)) {
      throw malformed(`${node.path}/tkhd: track id ${id} is used twice`, {
        boxPath: `${node.path}/tkhd`,
        offsetBytes: node.startBytes,
        received: id,
        clause: 'ISO/IEC 14496-12 8.3.2',
      });
    }
    seen.add(id);
  }
}

function assertKnownEntries(track: Track, samples: SampleTable): void {
  for (const { entryIndex, firstSample } of samples.entryRuns) {
    if (entryIndex >= 1 && entryIndex <= track.entries.length) continue;
    throw malformed(`${track.stbl.path}: sample ${firstSample} refers to a sample entry that is not there`, {
      boxPath: `${track.stbl.path}/stsd`,
      offsetBytes: track.stbl.startBytes,
      expected: `1 to ${track.entries.length}`,
      received: entryIndex,
      clause: 'ISO/IEC 14496-12 8.7.4',
    });
  }
}
