import { lastAtMost, makeColumn } from '../../bytes/columns.js';
import { latin1 } from '../../bytes/reader.js';
import type { ByteSource } from '../../bytes/source.js';
import { malformed, PrpackError } from '../../errors.js';
import { box } from '../../isobmff/boxes/box.js';
import { patchIloc } from '../../isobmff/boxes/iloc.js';
import { patchSaio, readSaio, writeSaio } from '../../isobmff/boxes/saio.js';
import { SENC_FIRST_IV_BYTES } from '../../isobmff/boxes/senc.js';
import { patchSidx, readSidx, type SidxSizes } from '../../isobmff/boxes/sidx.js';
import { patchChunkOffsets, widenStco } from '../../isobmff/boxes/stco.js';
import { patchTfhd } from '../../isobmff/boxes/tfhd.js';
import { patchTfra } from '../../isobmff/boxes/tfra.js';
import { patchTrun } from '../../isobmff/boxes/trun.js';
import {
  basesOfMoof,
  layoutOfMoof,
  type MoofTree,
  moofAt,
  type TrafLayout,
  trafsOf,
} from '../../isobmff/fragments.js';
import type { Movie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { readChunkOffsets } from '../../isobmff/sample-tables.js';
import { type BoxEdit, type BoxEdits, rebuildBox, sizeOfRebuilt } from '../../isobmff/splice.js';
import { RunKind, readRun, runAt, type TopLevel } from '../../isobmff/top-level.js';
import {
  type BoxNode,
  bytesOf,
  type FileSlice,
  findChild,
  findPath,
  walkBox,
  walkMeta,
} from '../../isobmff/walk.js';
import { named } from '../../settings/spelling.js';
import type { OutputPlan, Piece } from './output-plan.js';

/** What a job changes in the boxes of a movie whose layout stays; all offsets are the plan's business. */
export interface KeepEdits {
  /**
   * Edits of `moov`. A `saio` that is added to an `stbl` points at the `senc` added to its `trak`, and the plan fills
   * in where that is.
   * @param saioOffset put into a new `saio` for now; its size decides the version of the box
   */
  moov(saioOffset: number): BoxEdits;
  /** Edits of the `moof` that is fragment `index`; a `saio` added to a `traf` is filled in by the plan. */
  moof(moof: MoofTree, index: number): BoxEdits;
  /** Runs of the input that are left out, because they hold nothing but what the edits take away. */
  readonly dropped: ReadonlySet<number>;
}

type OffsetMap = (inputBytes: number) => number;

const MAX_U32 = 0xffffffff;

/** A `moov` above this size is not kept in memory until the end of the job: it is made again when it is written. */
const LARGE_MOOV_BYTES = 4 * 2 ** 20;

/** The plan of an output that has the input's layout: changed boxes, and everything else copied. */
export class KeepPlan implements OutputPlan {
  readonly sizeBytes: number;
  /** A segment is a run of the input. */
  readonly segmentStartBytes: Float64Array;
  readonly #movie: Movie;
  readonly #edits: KeepEdits;
  readonly #moov: () => Uint8Array;
  readonly #copies = new AuxiliaryCopies();

  /**
   * @param source the input: the plan looks at every `moof` to learn the size of its successor
   * @throws PrpackError UNSUPPORTED_FEATURE when an offset cannot be expressed in the input's own boxes
   */
  constructor(movie: Movie, source: ByteSource, edits: KeepEdits) {
    expectNoSubsegmentIndex(movie.topLevel);
    this.#movie = movie;
    this.#edits = edits;
    const { starts, moov } = placeMoov(movie, edits, this.#measureMoofs(source), this.#copies);
    this.#moov = moov;
    this.segmentStartBytes = starts;
    this.sizeBytes = starts[starts.length - 1];
  }

  pieces(segment: number, source: ByteSource): readonly Piece[] {
    const run = this.#edits.dropped.has(segment) ? [] : [this.#pieceOf(segment, source)];
    const copies = this.#copies.of(segment);
    if (copies.length === 0) return run;
    return [...run, { kind: 'literal', bytes: this.#renderCopies(copies, source) }];
  }

  #pieceOf(segment: number, source: ByteSource): Piece {
    const { topLevel } = this.#movie;
    const inputBytes = topLevel.startBytes[segment];
    const lengthBytes = topLevel.startBytes[segment + 1] - inputBytes;
    const render = this.#renderers[topLevel.kinds[segment] as RunKind];
    if (!render) return { kind: 'copy', inputBytes, lengthBytes };
    return { kind: 'literal', bytes: render(segment, source) };
  }

  /** An `mdat` of auxiliary information alone. */
  #renderCopies(copies: readonly AuxiliaryCopy[], source: ByteSource): Uint8Array {
    const parts = copies.map(({ fragment, traf }) => {
      const moof = moofAt(this.#movie, source, fragment);
      return sencAddedTo(trafsOf(moof.node)[traf], this.#edits.moof(moof, fragment))!.subarray(
        SENC_FIRST_IV_BYTES,
      );
    });
    return box('mdat', ...parts);
  }

  readonly #renderers: Partial<Record<RunKind, (segment: number, source: ByteSource) => Uint8Array>> = {
    [RunKind.Moov]: () => this.#moov(),
    [RunKind.Moof]: (segment, source) => this.#renderMoof(segment, source),
    [RunKind.Sidx]: (segment, source) => this.#renderSidx(segment, source),
    [RunKind.Mfra]: (segment, source) => {
      const slice = readRun(source, this.#movie.topLevel, segment);
      return patchChildren(walkBox(slice, 'mfra'), slice, 'tfra', (box) => patchTfra(box, this.#map));
    },
    [RunKind.Meta]: (segment, source) =>
      movedMeta(readRun(source, this.#movie.topLevel, segment), 'meta', this.#map),
  };

  /** The new size of every `moof`; notes the auxiliary information that cannot be pointed at there. */
  #measureMoofs(source: ByteSource): Uint32Array {
    const { count } = this.#movie.fragments;
    const sizes = new Uint32Array(count);
    for (let index = 0; index < count; index++) {
      const moof = moofAt(this.#movie, source, index);
      const edits = this.#edits.moof(moof, index);
      sizes[index] = sizeOfRebuilt(moof.node, moof.slice, edits);
      this.#noteCopies(moof, index, edits);
    }
    return sizes;
  }

  /** Offsets of `saio` have no sign: from a base behind the `moof` they cannot count back to the `senc` in it. */
  #noteCopies(moof: MoofTree, fragment: number, edits: BoxEdits): void {
    const { topLevel } = this.#movie;
    const bases = basesOfMoof(moof, this.#trexOf);
    for (const [i, traf] of trafsOf(moof.node).entries()) {
      const senc = bases[i] > moof.node.startBytes ? sencAddedTo(traf, edits) : undefined;
      if (!senc) continue;
      const run = runAt(topLevel, bases[i]);
      if (topLevel.tail && run === topLevel.count - 1) throw baseOutOfReach(traf, bases[i]);
      this.#copies.add(run, { fragment, traf: i, sizeBytes: senc.length - SENC_FIRST_IV_BYTES });
    }
  }

  #trexOf = (id: number) => this.#movie.tracks.find((track) => track.id === id)?.trex;

  #map: OffsetMap = (inputBytes) => mapOffset(this.#movie.topLevel, this.segmentStartBytes, inputBytes);

  #renderMoof(segment: number, source: ByteSource): Uint8Array {
    const { fragments } = this.#movie;
    const index = lastAtMost(fragments.runs, segment);
    const moof = moofAt(this.#movie, source, index);
    const layouts = layoutOfMoof(moof, this.#trexOf);
    const bases = layouts.map((layout) => this.#newBase(layout, moof, segment));
    const edits = new Map(this.#edits.moof(moof, index));
    for (const [i, traf] of trafsOf(moof.node).entries()) {
      this.#moveTraf(traf, layouts[i], bases[i], moof, edits);
    }
    const bytes = rebuildBox(moof.node, moof.slice, edits);
    const copies = bases.map((_, traf) => this.#copies.placeOf(index, traf, this.segmentStartBytes));
    return pointAtSencOfTrafs(bytes, this.segmentStartBytes[segment], bases, copies);
  }

  #newBase(layout: TrafLayout, moof: MoofTree, segment: number): number {
    const isMoofStart = layout.tfhd.baseDataOffset === undefined && layout.baseBytes === moof.node.startBytes;
    return isMoofStart ? this.segmentStartBytes[segment] : this.#map(layout.baseBytes);
  }

  /** Makes the offsets of a `traf` right for where its data goes. */
  #moveTraf(
    traf: BoxNode,
    layout: TrafLayout,
    newBase: number,
    moof: MoofTree,
    edits: Map<BoxNode, BoxEdit>,
  ): void {
    const tfhd = findChild(traf, 'tfhd')!;
    edits.set(tfhd, { replace: patchTfhd(bytesOf(tfhd, moof.slice), this.#map) });
    for (const { node, dataBytes } of layout.truns) {
      const newOffset = () => reachable(this.#map(dataBytes) - newBase, node);
      edits.set(node, { replace: patchTrun(bytesOf(node, moof.slice), newOffset) });
    }
    for (const saio of traf.children) {
      if (saio.type === 'saio' && !edits.has(saio)) throw foreignSaio(saio);
    }
  }

  /** 8.16.3: sizes of the ranges that an index refers to, which may hold several fragments or further indexes. */
  #renderSidx(segment: number, source: ByteSource): Uint8Array {
    const slice = readRun(source, this.#movie.topLevel, segment);
    const node = walkBox(slice, 'sidx');
    const sidx = readSidx(readerOf(node, slice));
    const anchor = slice.startBytes + slice.bytes.length;
    const newAnchor = this.segmentStartBytes[segment + 1];
    let at = anchor + sidx.firstOffset;
    const firstOffset = this.#map(at) - newAnchor;
    const referencedSizes = sidx.references.map(({ referencedSize }) => {
      const start = at;
      at += referencedSize;
      return this.#map(at) - this.#map(start);
    });
    return resizedSidx(node, slice, { firstOffset, referencedSizes });
  }
}

/** The `senc` that edits put into a `traf`. */
function sencAddedTo(traf: BoxNode, edits: BoxEdits): Uint8Array | undefined {
  return edits.get(traf)?.append?.find((added) => latin1(added.subarray(4, 8)) === 'senc');
}

/** The auxiliary information of a `traf` that stands behind the data once more. */
interface AuxiliaryCopy {
  readonly fragment: number;
  /** Which `traf` of the fragment. */
  readonly traf: number;
  readonly sizeBytes: number;
}

const MDAT_HEADER_BYTES = 8;

/** What is put behind which run of the input: one `mdat` with all copies. */
class AuxiliaryCopies {
  readonly #byRun = new Map<number, AuxiliaryCopy[]>();
  readonly #runs = new Map<AuxiliaryCopy['fragment'], Map<AuxiliaryCopy['traf'], number>>();

  add(run: number, copy: AuxiliaryCopy): void {
    const { fragment, traf } = copy;
    this.#byRun.set(run, [...this.of(run), copy]);
    this.#runs.set(fragment, (this.#runs.get(fragment) ?? new Map()).set(traf, run));
  }

  of(run: number): readonly AuxiliaryCopy[] {
    return this.#byRun.get(run) ?? [];
  }

  /** Bytes of the `mdat` behind a run. */
  sizeBehind(run: number): number {
    const copies = this.of(run);
    return copies.length === 0
      ? 0
      : copies.reduce((sum, { sizeBytes }) => sum + sizeBytes, MDAT_HEADER_BYTES);
  }

  /** Where in the output the first IV of a `traf` stands; undefined when it has no copy. */
  placeOf(fragment: number, traf: number, starts: Float64Array): number | undefined {
    const run = this.#runs.get(fragment)?.get(traf);
    if (run === undefined) return undefined;
    let at = starts[run + 1] - this.sizeBehind(run) + MDAT_HEADER_BYTES;
    for (const copy of this.of(run)) {
      if (copy.fragment === fragment && copy.traf === traf) break;
      at += copy.sizeBytes;
    }
    return at;
  }
}

function movedMeta(slice: FileSlice, path: string, map: OffsetMap): Uint8Array {
  return patchChildren(walkMeta(slice, path), slice, 'iloc', (box) => patchIloc(box, map));
}

function patchChildren(
  node: BoxNode,
  slice: FileSlice,
  type: string,
  patch: (boxBytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const edits = new Map<BoxNode, BoxEdit>();
  for (const child of node.children) {
    if (child.type === type) edits.set(child, { replace: patch(bytesOf(child, slice)) });
  }
  return rebuildBox(node, slice, edits);
}

/** `ssix` tells ranges inside the segments of the `sidx` before it, which grow by what the `moof` boxes do (8.16.4). */
function expectNoSubsegmentIndex({ kinds, startBytes, count }: TopLevel): void {
  const run = kinds.subarray(0, count).indexOf(RunKind.Ssix);
  if (run < 0) return;
  throw new PrpackError('UNSUPPORTED_FEATURE', 'ssix: an index of parts of segments cannot be kept', {
    boxPath: 'ssix',
    offsetBytes: startBytes[run],
    clause: 'ISO/IEC 14496-12 8.16.4',
    remedy: remake(),
  });
}

/** Where a byte of the input is found in the output; offsets behind the end keep their distance from it. */
function mapOffset(topLevel: TopLevel, starts: Float64Array, inputBytes: number): number {
  const last = topLevel.count;
  if (inputBytes >= topLevel.startBytes[last]) {
    return possible(starts[last] - topLevel.startBytes[last] + inputBytes, topLevel.startBytes[last]);
  }
  const run = runAt(topLevel, inputBytes);
  return starts[run] + inputBytes - topLevel.startBytes[run];
}

/** @throws PrpackError MALFORMED_INPUT when an offset behind the end of the file moves to where it cannot be written */
function possible(offsetBytes: number, sizeBytes: number, mostBytes = Number.MAX_SAFE_INTEGER): number {
  if (offsetBytes <= mostBytes) return offsetBytes;
  throw malformed('an offset in the boxes of the file points far behind its end', {
    boxPath: '(offsets)',
    offsetBytes: sizeBytes,
    expected: `at most ${sizeBytes}`,
    received: offsetBytes,
    clause: 'ISO/IEC 14496-12 8.7.5',
  });
}

/**
 * Places all runs. The chunk offsets in `moov` depend on its own size, which depends on whether they fit 32 bits: it is
 * put together again until its size stays, which it must, as promotion to 64 bits is never undone.
 * @returns where the runs start, and the `moov` that fits there: with many samples it is large, and made when it is wanted
 */
function placeMoov(
  movie: Movie,
  edits: KeepEdits,
  moofSizes: Uint32Array,
  copies: AuxiliaryCopies,
): { starts: Float64Array; moov: () => Uint8Array } {
  const wideTracks = new Set<BoxNode>();
  let map: OffsetMap = (inputBytes) => inputBytes;
  let saioOffset = 0;
  let added = edits.moov(saioOffset);
  let placedSize = -1;
  const build = (moved: BoxEdits, starts: Float64Array) =>
    pointAtSencOfTraks(rebuildBox(movie.moovNode, movie.moov, moved), starts[movie.moovRun]);
  for (;;) {
    const moved = withMovedOffsets(movie, added, map, wideTracks);
    const size = sizeOfRebuilt(movie.moovNode, movie.moov, moved);
    const starts = placeRuns(movie, size, moofSizes, edits.dropped, copies);
    if (size === placedSize) {
      const moov = size > LARGE_MOOV_BYTES ? undefined : build(moved, starts);
      const again = () => withMovedOffsets(movie, edits.moov(saioOffset), map, wideTracks);
      return { starts, moov: () => moov ?? build(again(), starts) };
    }
    placedSize = size;
    map = (inputBytes) => mapOffset(movie.topLevel, starts, inputBytes);
    if (saioOffset > 0 || starts[movie.moovRun + 1] <= MAX_U32) continue;
    saioOffset = MAX_U32 + 1;
    added = edits.moov(saioOffset);
  }
}

function placeRuns(
  movie: Movie,
  moovSize: number,
  moofSizes: Uint32Array,
  dropped: ReadonlySet<number>,
  copies: AuxiliaryCopies,
): Float64Array {
  const { topLevel, moovRun, fragments } = movie;
  const starts = makeColumn('f64', topLevel.count + 1);
  let fragment = 0;
  for (let run = 0; run < topLevel.count; run++) {
    let size = topLevel.startBytes[run + 1] - topLevel.startBytes[run];
    if (run === moovRun) size = moovSize;
    else if (run === fragments.runs[fragment]) size = moofSizes[fragment++];
    else if (dropped.has(run)) size = 0;
    starts[run + 1] = starts[run] + size + copies.sizeBehind(run);
  }
  return starts;
}

/** The edits, and with them the moved offsets of every track's chunks and auxiliary information, and of metadata items. */
function withMovedOffsets(
  movie: Movie,
  edits: BoxEdits,
  map: OffsetMap,
  wideTracks: Set<BoxNode>,
): Map<BoxNode, BoxEdit> {
  const all = new Map(edits);
  // What points nowhere is no reason to widen a box.
  const moved: OffsetMap = (inputBytes) => {
    const isNowhere = inputBytes > movie.sizeBytes && inputBytes <= MAX_U32;
    return possible(map(inputBytes), movie.sizeBytes, isNowhere ? MAX_U32 : undefined);
  };
  for (const { stbl } of movie.tracks) {
    const chunkOffsets = readChunkOffsets(stbl, movie.moov).map(moved);
    const isWide = findChild(stbl, 'co64') !== undefined;
    if (isWide || chunkOffsets.some((offset) => offset > MAX_U32)) wideTracks.add(stbl);
    const type = isWide ? 'co64' : 'stco';
    const node = findChild(stbl, type)!;
    const bytes = bytesOf(node, movie.moov);
    const widens = !isWide && wideTracks.has(stbl);
    all.set(node, {
      replace: widens ? widenStco(bytes, chunkOffsets) : patchChunkOffsets(bytes, type, chunkOffsets),
    });
    for (const saio of stbl.children) {
      if (saio.type === 'saio' && !all.has(saio))
        all.set(saio, { replace: patchSaio(bytesOf(saio, movie.moov), moved) });
    }
  }
  for (const parent of [movie.moovNode, ...movie.tracks.map((track) => track.node)]) {
    for (const meta of parent.children) {
      if (meta.type !== 'meta' || all.has(meta)) continue;
      const slice = { bytes: bytesOf(meta, movie.moov), startBytes: meta.startBytes };
      all.set(meta, { replace: movedMeta(slice, meta.path, map) });
    }
  }
  return all;
}

/** Fills in the `saio` of every `trak` that has a `senc` of its own. Both were added by the edits. */
function pointAtSencOfTraks(moov: Uint8Array, startBytes: number): Uint8Array {
  const slice = { bytes: moov, startBytes };
  for (const trak of walkBox(slice, 'moov').children) {
    const senc = findChild(trak, 'senc');
    const saio =
      senc && findPath(trak, 'mdia/minf/stbl')?.children.findLast((child) => child.type === 'saio');
    if (saio) writeSaioInto(slice, saio, senc.startBytes + SENC_FIRST_IV_BYTES);
  }
  return moov;
}

/**
 * Fills in the `saio` of every `traf` that has a `senc`, relative to the base of its data offsets.
 * @param copies where the first IV stands behind the data, of each `traf` that is pointed at there
 */
function pointAtSencOfTrafs(
  moof: Uint8Array,
  startBytes: number,
  bases: readonly number[],
  copies: readonly (number | undefined)[],
): Uint8Array {
  const slice = { bytes: moof, startBytes };
  for (const [i, traf] of trafsOf(walkBox(slice, 'moof')).entries()) {
    const senc = findChild(traf, 'senc');
    const saio = senc && findChild(traf, 'saio');
    if (!saio) continue;
    const offset = (copies[i] ?? senc.startBytes + SENC_FIRST_IV_BYTES) - bases[i];
    if (offset < 0 || offset > MAX_U32) throw baseOutOfReach(traf, bases[i]);
    writeSaioInto(slice, saio, offset);
  }
  return moof;
}

function writeSaioInto(slice: FileSlice, node: BoxNode, offset: number): void {
  const bytes = writeSaio({ ...readSaio(readerOf(node, slice)), offsets: [offset] });
  if (bytes.length !== node.sizeBytes) throw new Error(`${node.path} changed its size`);
  slice.bytes.set(bytes, node.startBytes - slice.startBytes);
}

function resizedSidx(node: BoxNode, slice: FileSlice, sizes: SidxSizes): Uint8Array {
  try {
    return patchSidx(bytesOf(node, slice), sizes);
  } catch (cause) {
    throw sidxProblem(node, 'a segment outgrows the 2 GiB that the segment index can say', cause);
  }
}

const remake = () => `Use ${named('layout', 'fragmented')}, which makes the fragments and their index again.`;

function sidxProblem(node: BoxNode, message: string, cause: unknown): PrpackError {
  const details = {
    boxPath: 'sidx',
    offsetBytes: node.startBytes,
    clause: 'ISO/IEC 14496-12 8.16.3',
    remedy: remake(),
  };
  return new PrpackError('UNSUPPORTED_FEATURE', `sidx: ${message}`, details, cause);
}

function foreignSaio(node: BoxNode): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `${node.path}: auxiliary information of another kind`, {
    boxPath: node.path,
    offsetBytes: node.startBytes,
    clause: 'ISO/IEC 14496-12 8.7.9',
    remedy: remake(),
  });
}

/** @throws PrpackError UNSUPPORTED_FEATURE unless the data offset of a `trun` fits 32 signed bits */
function reachable(dataOffset: number, trun: BoxNode): number {
  if (dataOffset === (dataOffset | 0)) return dataOffset;
  throw new PrpackError('UNSUPPORTED_FEATURE', `${trun.path}: the samples move to where it cannot point`, {
    boxPath: trun.path,
    offsetBytes: trun.startBytes,
    expected: 'at most 31 bits',
    received: dataOffset,
    clause: 'ISO/IEC 14496-12 8.8.8',
    remedy: remake(),
  });
}

function baseOutOfReach(traf: BoxNode, baseBytes: number): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${traf.path}: saio cannot point back from its base data offset`,
    {
      boxPath: `${traf.path}/tfhd`,
      offsetBytes: traf.startBytes,
      expected: `at most ${traf.startBytes}`,
      received: baseBytes,
      clause: 'ISO/IEC 14496-12 8.7.9',
      remedy: remake(),
    },
  );
}
