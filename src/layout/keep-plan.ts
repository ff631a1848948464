import type { ByteSource } from '../bytes/source.js';
import { patchSaio, writeSaio } from '../isobmff/boxes/saio.js';
import { SENC_FIRST_IV_BYTES } from '../isobmff/boxes/senc.js';
import { patchChunkOffsets, widenStco } from '../isobmff/boxes/stco.js';
import type { Movie } from '../isobmff/movie.js';
import { readChunkOffsets } from '../isobmff/sample-tables.js';
import { type BoxEdit, type BoxEdits, partsOfRebuilt, sizeOfRebuilt } from '../isobmff/splice.js';
import { type BoxNode, bytesOf, findChild } from '../isobmff/walk.js';
import { KeptRuns, movedMeta, type RunEdits } from './kept-runs.js';
import {
  type AuxiliaryCopies,
  addedTo,
  mapOffset,
  type OffsetMap,
  placeRuns,
  possible,
} from './moof-writer.js';
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
): { starts: Float64Array; moov: () => readonly Uint8Array[] } {
  const wideTracks = new Set<BoxNode>();
  let map: OffsetMap = (inputBytes) => inputBytes;
  let saioOffset = 0;
  let added = edits.moov(saioOffset);
  let placedSize = -1;
  const build = (moved: BoxEdits, starts: Float64Array) => partsOfMoov(movie, moved, starts[movie.moovRun]);
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

/**
 * The parts of a `moov` with the edits carried out: with many samples they are large, and are not put together in memory. The `saio` that
 * the edits have added to an `stbl` points at the `senc` that they have added to its `trak`.
 * @param startBytes where it stands in the output
 */
function partsOfMoov(movie: Movie, edits: BoxEdits, startBytes: number): Uint8Array[] {
  const parts = partsOfRebuilt(movie.moovNode, movie.moov, edits);
  const starts = new Map<Uint8Array, number>();
  let at = startBytes;
  for (const part of parts) {
    starts.set(part, at);
    at += part.length;
  }
  for (const { node, stbl } of movie.tracks) {
    const senc = addedTo(node, 'senc', edits);
    const saio = senc && addedTo(stbl, 'saio', edits);
    if (saio) fillIn(saio, starts.get(senc)! + SENC_FIRST_IV_BYTES);
  }
  return parts;
}

/** Fills in the one offset of a `saio`. */
function fillIn(saio: Uint8Array, offset: number): void {
  const bytes = writeSaio({ offsets: [offset] });
  if (bytes.length !== saio.length) throw new Error('saio changed its size');
  saio.set(bytes);
}
