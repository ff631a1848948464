import type { ByteSource } from '../bytes/source.js';
import { patchSaio, readSaio, writeSaio } from '../isobmff/boxes/saio.js';
import { SENC_FIRST_IV_BYTES } from '../isobmff/boxes/senc.js';
import { patchChunkOffsets, widenStco } from '../isobmff/boxes/stco.js';
import type { Movie } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { readChunkOffsets } from '../isobmff/sample-tables.js';
import { type BoxEdit, type BoxEdits, rebuildBox, sizeOfRebuilt } from '../isobmff/splice.js';
import { type BoxNode, bytesOf, type FileSlice, findChild, findPath, walkBox } from '../isobmff/walk.js';
import { KeptRuns, movedMeta, type RunEdits } from './kept-runs.js';
import { type AuxiliaryCopies, mapOffset, type OffsetMap, placeRuns, possible } from './moof-writer.js';
import type { OutputPlan, Piece } from './output-plan.js';

/** What a job changes in the boxes of a movie whose layout stays; all offsets are the plan's business. */
export interface KeepEdits extends RunEdits {
  /**
   * Edits of `moov`. A `saio` that is added to an `stbl` points at the `senc` added to its `trak`, and the plan fills
   * in where that is.
   * @param saioOffset put into a new `saio` for now; its size decides the version of the box
   */
  moov(saioOffset: number): BoxEdits;
}

const MAX_U32 = 0xffffffff;

/** A `moov` above this size is not kept in memory until the end of the job: it is made again when it is written. */
const LARGE_MOOV_BYTES = 4 * 2 ** 20;

/** The plan of an output that has the input's layout: changed boxes, and everything else copied. */
export class KeepPlan implements OutputPlan {
  readonly sizeBytes: number;
  /** A segment is a run of the input. */
  readonly segmentStartBytes: Float64Array;
  readonly #runs: KeptRuns;

  /**
   * @param source the input: the plan looks at every `moof` to learn the size of its successor
   * @throws PrpackError UNSUPPORTED_FEATURE when an offset cannot be expressed in the input's own boxes
   */
  constructor(movie: Movie, source: ByteSource, edits: KeepEdits) {
    this.#runs = new KeptRuns(movie, edits);
    const moofBytes = this.#runs.moofs.measure(source);
    const { starts, moov } = placeMoov(movie, edits, moofBytes, this.#runs.moofs.copies);
    this.#runs.place(starts, moov);
    this.segmentStartBytes = starts;
    this.sizeBytes = starts[starts.length - 1];
  }

  pieces(segment: number, source: ByteSource): readonly Piece[] {
    return this.#runs.pieces(segment, source);
  }
}

/**
 * Places all runs. The chunk offsets in `moov` depend on its own size, which depends on whether they fit 32 bits: it is
 * put together again until its size stays, which it must, as promotion to 64 bits is never undone.
 * @returns where the runs start, and the `moov` that fits there: with many samples it is large, and made when it is wanted
 */
function placeMoov(
  movie: Movie,
  edits: KeepEdits,
  moofBytes: Uint32Array,
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
    const size = sizeOfRebuilt(movie.moovNode, moved);
    const starts = placeRuns(movie, { moovBytes: size, moofBytes }, edits.dropped, copies);
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

/** Fills in the one offset of a `saio`. */
function writeSaioInto(slice: FileSlice, node: BoxNode, offset: number): void {
  const bytes = writeSaio({ ...readSaio(readerOf(node, slice)), offsets: [offset] });
  if (bytes.length !== node.sizeBytes) throw new Error(`${node.path} changed its size`);
  slice.bytes.set(bytes, node.startBytes - slice.startBytes);
}
