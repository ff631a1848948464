import { GrowingColumn } from '../bytes/columns.js';
import type { ByteReader } from '../bytes/reader.js';
import type { ByteSource } from '../bytes/source.js';
import { malformed } from '../errors.js';
import { readGroupingType } from './boxes/sgpd.js';
import { readTfdt } from './boxes/tfdt.js';
import { readTfhd, type Tfhd } from './boxes/tfhd.js';
import type { Trex } from './boxes/trex.js';
import { readTrun, type Trun } from './boxes/trun.js';
import { protectionBoxesOfMoof } from './protection-boxes.js';
import { readerOf } from './sample-entry.js';
import type { SampleTableBuilder } from './sample-table.js';
import { RunKind, readRun, type TopLevel } from './top-level.js';
import { type BoxNode, type FileSlice, findChild, walkBox } from './walk.js';

/** The movie fragments of a file in columns, as short as one sample each in a low-latency file. */
export interface Fragments {
  readonly count: number;
  /** Which run of the file each `moof` is. */
  readonly runs: Uint32Array;
  /** count + 1 rows: the `traf` boxes of fragment `i` are rows `firstTraf[i]` to `firstTraf[i + 1]` below. */
  readonly firstTraf: Uint32Array;
  /** Index of the track in the movie. */
  readonly trafTrack: Uint16Array;
  readonly trafFirstSample: Uint32Array;
  readonly trafSampleCount: Uint32Array;
  /** Grouping types of sample groups that fragments describe (`sgpd` and `sbgp` in a `traf`), each once. */
  readonly groupTypes: readonly string[];
  /** Types of boxes that say in fragments how samples are protected, `pssh` among them, each once. */
  readonly protectionTypes: readonly string[];
  /** The `moof` boxes, where they are small together: see {@link moofAt}. */
  readonly moofs: readonly Moof[] | undefined;
}

/** `moof` boxes of no more bytes together are kept for those who read them again. */
export const KEPT_MOOF_BYTES = 2 ** 20;

/** The defaults of a track id, undefined when the movie has no such track. */
export type TrexOf = (trackId: number) => Trex | undefined;

/** A `moof` box with its bytes. What several ask of it is found out once. */
export class Moof {
  readonly slice: FileSlice;
  readonly node: BoxNode;
  readonly trafs: readonly BoxNode[];
  readonly #trexOf: TrexOf;
  #layouts: readonly TrafLayout[] | undefined;
  #protectionBoxes: readonly BoxNode[] | undefined;

  /** @throws PrpackError MALFORMED_INPUT */
  constructor(slice: FileSlice, trexOf: TrexOf) {
    this.slice = slice;
    this.node = walkBox(slice, 'moof');
    const trafs: BoxNode[] = [];
    for (const child of this.node.children) if (child.type === 'traf') trafs.push(child);
    this.trafs = trafs;
    this.#trexOf = trexOf;
  }

  /**
   * The data layout of every `traf`, in order (ISO/IEC 14496-12 8.8.7.1, 8.8.8.1).
   * @throws PrpackError MALFORMED_INPUT
   */
  get layouts(): readonly TrafLayout[] {
    this.#layouts ??= layoutsOf(this, this.#trexOf);
    return this.#layouts;
  }

  /**
   * What the data of every `traf` is relative to, as in `layouts`. Where each says so itself, as nearly all do, no `trun` is read.
   * @throws PrpackError MALFORMED_INPUT
   */
  get bases(): readonly number[] {
    const stated = this.#layouts ? undefined : this.#statedBases();
    if (stated) return stated;
    const bases: number[] = [];
    for (const { baseBytes } of this.layouts) bases.push(baseBytes);
    return bases;
  }

  /** Undefined unless every `traf` states its own. */
  #statedBases(): number[] | undefined {
    const bases: number[] = [];
    for (const traf of this.trafs) {
      const stated = statedBase(readTfhdOf(traf, this.slice), this.node);
      if (stated === undefined) return undefined;
      bases.push(stated);
    }
    return bases;
  }

  /** Boxes that say how samples are protected, `pssh` among them. */
  get protectionBoxes(): readonly BoxNode[] {
    this.#protectionBoxes ??= protectionBoxesOfMoof(this.node, this.slice);
    return this.#protectionBoxes;
  }
}

/**
 * Reads the `moof` at a run of the file.
 * @throws PrpackError MALFORMED_INPUT; UNSUPPORTED_FEATURE when it is larger than any real one
 */
export function readMoof(source: ByteSource, topLevel: TopLevel, run: number, trexOf: TrexOf): Moof {
  return new Moof(readRun(source, topLevel, run), trexOf);
}

/** A movie as far as its `moof` boxes are concerned. */
interface WithFragments {
  readonly fragments: Fragments;
  readonly topLevel: TopLevel;
  readonly tracks: readonly { readonly id: number; readonly trex: Trex | undefined }[];
}

/**
 * The `moof` of a fragment: as it was read with the movie, or once more.
 * @throws PrpackError as `readMoof`
 */
export function moofAt(movie: WithFragments, source: ByteSource, index: number): Moof {
  const { fragments, topLevel, tracks } = movie;
  return fragments.moofs?.[index] ?? readMoof(source, topLevel, fragments.runs[index], trexOfTracks(tracks));
}

/** The defaults of the tracks of a movie. */
export function trexOfTracks(tracks: WithFragments['tracks']): TrexOf {
  return (trackId) => tracks.find(({ id }) => id === trackId)?.trex;
}

/** How the data of a `traf` is addressed: absolute offsets of what its `trun` boxes count from. */
export interface TrafLayout {
  readonly tfhd: Tfhd;
  /** What `trun.data_offset` and `saio` offsets are relative to. */
  readonly baseBytes: number;
  readonly truns: readonly TrunLayout[];
}

export interface TrunLayout {
  readonly node: BoxNode;
  readonly trun: Trun;
  /** Absolute offset of the first sample. */
  readonly dataBytes: number;
  /** Absolute offset behind the last sample. */
  readonly endBytes: number;
}

function layoutsOf({ node, slice, trafs }: Moof, trexOf: TrexOf): TrafLayout[] {
  const layouts: TrafLayout[] = [];
  let previousEnd = node.startBytes;
  for (const traf of trafs) {
    const tfhd = readTfhdOf(traf, slice);
    const baseBytes = statedBase(tfhd, node) ?? previousEnd;
    const truns = layoutOfTruns(traf, slice, tfhd, baseBytes, trexOf);
    if (truns.length > 0) previousEnd = truns[truns.length - 1].endBytes;
    layouts.push({ tfhd, baseBytes, truns });
  }
  return layouts;
}

function statedBase({ baseDataOffset, defaultBaseIsMoof }: Tfhd, moof: BoxNode): number | undefined {
  return baseDataOffset ?? (defaultBaseIsMoof ? moof.startBytes : undefined);
}

function readTfhdOf(traf: BoxNode, slice: FileSlice): Tfhd {
  const node = findChild(traf, 'tfhd');
  if (node) return readTfhd(readerOf(node, slice));
  throw malformed(`${traf.path}/tfhd is missing`, {
    boxPath: `${traf.path}/tfhd`,
    offsetBytes: traf.startBytes,
    clause: 'ISO/IEC 14496-12 8.8.7',
  });
}

function layoutOfTruns(
  traf: BoxNode,
  slice: FileSlice,
  tfhd: Tfhd,
  baseBytes: number,
  trexOf: TrexOf,
): TrunLayout[] {
  const layouts: TrunLayout[] = [];
  let next = baseBytes;
  for (const node of traf.children) {
    if (node.type !== 'trun') continue;
    const trun = readTrun(readerOf(node, slice));
    const dataBytes = trun.dataOffset === undefined ? next : baseBytes + trun.dataOffset;
    next = dataBytes + bytesOfTrun(trun, defaultSize(tfhd, trexOf));
    layouts.push({ node, trun, dataBytes, endBytes: next });
  }
  return layouts;
}

function defaultSize(tfhd: Tfhd, trexOf: TrexOf): number {
  return tfhd.defaultSampleSize ?? trexOf(tfhd.trackId)?.defaultSampleSize ?? 0;
}

function bytesOfTrun(trun: Trun, sizeBytes: number): number {
  if (!trun.sizes) return trun.sampleCount * sizeBytes;
  let sum = 0;
  for (let i = 0; i < trun.sampleCount; i++) sum += trun.sizes[i];
  return sum;
}

/** What the reading of fragments needs to know of the tracks. */
export interface FragmentTracks {
  readonly trexOf: TrexOf;
  /** Undefined when the movie has no track of the id, or none that fragments may continue. */
  find(trackId: number): FragmentTrack | undefined;
}

/** What the reading of fragments needs to know of a track, and where its samples go. */
export interface FragmentTrack {
  readonly index: number;
  readonly trex: Trex;
  readonly samples: SampleTableBuilder;
}

/** Which `moof` boxes are read. */
export interface FragmentRange {
  readonly fromRun: number;
  readonly toRun: number;
  /** `moof` boxes of no more bytes together are kept. Default {@link KEPT_MOOF_BYTES}. */
  readonly keptMoofBytes?: number;
  /** The `moof` boxes of these runs, where they were read before. */
  readonly known?: readonly Moof[] | undefined;
}

/**
 * Reads every `moof` of some runs and appends its samples to the tracks.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readFragments(
  source: ByteSource,
  topLevel: TopLevel,
  tracks: FragmentTracks,
  { fromRun, toRun, keptMoofBytes = KEPT_MOOF_BYTES, known = [] }: FragmentRange,
): Fragments {
  const runs = new GrowingColumn('u32');
  const firstTraf = new GrowingColumn('u32');
  const trafTrack = new GrowingColumn('u16');
  const trafFirstSample = new GrowingColumn('u32');
  const trafSampleCount = new GrowingColumn('u32');
  const groupTypes = new Set<string>();
  const protectionTypes = new Set<string>();
  let moofs: Moof[] | undefined = [];
  let moofBytes = 0;
  for (let run = fromRun; run < toRun; run++) {
    if (topLevel.kinds[run] !== RunKind.Moof) continue;
    const moof = known[runs.length] ?? readMoof(source, topLevel, run, tracks.trexOf);
    moofBytes += moof.slice.bytes.length;
    if (moofBytes > keptMoofBytes) moofs = undefined;
    moofs?.push(moof);
    runs.push(run);
    firstTraf.push(trafTrack.length);
    for (const { type } of moof.protectionBoxes) protectionTypes.add(type);
    for (const [i, layout] of moof.layouts.entries()) {
      const traf = moof.trafs[i];
      const track = requireTrack(tracks, layout.tfhd.trackId, traf);
      const before = track.samples.count;
      appendTraf(track, layout, traf, moof.slice);
      addGroupTypes(traf, moof.slice, groupTypes);
      trafTrack.push(track.index);
      trafFirstSample.push(before);
      trafSampleCount.push(track.samples.count - before);
    }
  }
  firstTraf.push(trafTrack.length);
  return {
    count: runs.length,
    runs: runs.finish(),
    firstTraf: firstTraf.finish(),
    trafTrack: trafTrack.finish(),
    trafFirstSample: trafFirstSample.finish(),
    trafSampleCount: trafSampleCount.finish(),
    groupTypes: [...groupTypes],
    protectionTypes: [...protectionTypes],
    moofs,
  };
}

function addGroupTypes(traf: BoxNode, slice: FileSlice, types: Set<string>): void {
  for (const child of traf.children) {
    if (child.type === 'sgpd' || child.type === 'sbgp') types.add(readGroupingType(readerOf(child, slice)));
  }
}

function requireTrack(tracks: FragmentTracks, trackId: number, traf: BoxNode): FragmentTrack {
  const track = tracks.find(trackId);
  if (track) return track;
  throw malformed(`${traf.path}: track ${trackId} has no trak or no trex in moov`, {
    boxPath: `${traf.path}/tfhd`,
    offsetBytes: traf.startBytes,
    received: trackId,
    clause: 'ISO/IEC 14496-12 8.8.3',
  });
}

function appendTraf(track: FragmentTrack, layout: TrafLayout, traf: BoxNode, slice: FileSlice): void {
  const { trex, samples } = track;
  const { tfhd } = layout;
  const tfdt = findChild(traf, 'tfdt');
  if (tfdt) samples.startAt(decodeTime(readerOf(tfdt, slice)));
  samples.useEntry(tfhd.sampleDescriptionIndex ?? trex.defaultSampleDescriptionIndex);
  const defaults = {
    duration: tfhd.defaultSampleDuration ?? trex.defaultSampleDuration,
    size: tfhd.defaultSampleSize ?? trex.defaultSampleSize,
    flags: tfhd.defaultSampleFlags ?? trex.defaultSampleFlags,
  };
  for (const { node, trun, dataBytes } of layout.truns) {
    samples.appendRun(trun, dataBytes, defaults, readerOf(node, slice));
  }
}

function decodeTime(reader: ByteReader): number {
  const { baseMediaDecodeTime } = readTfdt(reader);
  if (baseMediaDecodeTime <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(baseMediaDecodeTime);
  throw reader.fail('the decode time is beyond 2^53 ticks', 4, { received: `${baseMediaDecodeTime}` });
}
