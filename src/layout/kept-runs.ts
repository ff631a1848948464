import type { ByteSource } from '../bytes/source.js';
import { PrpackError } from '../errors.js';
import { patchIloc } from '../isobmff/boxes/iloc.js';
import { patchSidx, readSidx, type SidxSizes } from '../isobmff/boxes/sidx.js';
import { patchTfra } from '../isobmff/boxes/tfra.js';
import type { Movie } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { type BoxEdit, rebuildBox } from '../isobmff/splice.js';
import { RunKind, readRun, type TopLevel } from '../isobmff/top-level.js';
import { type BoxNode, bytesOf, type FileSlice, walkBox, walkMeta } from '../isobmff/walk.js';
import { type MoofEdits, MoofWriter, mapOffset, type OffsetMap, remake } from './moof-writer.js';
import type { Piece } from './output-plan.js';

/** What a job changes in the boxes behind `moov`, or before it. */
export interface RunEdits {
  readonly moof: MoofEdits;
  /** Runs of the input that are left out, because they hold nothing but what the edits take away. */
  readonly dropped: ReadonlySet<number>;
}

/**
 * The runs of a movie whose layout stays, or of some of its fragments: changed boxes, and everything else copied. First the `moof`
 * boxes are measured, then the runs are placed, then each is made on its own.
 */
export class KeptRuns {
  readonly moofs: MoofWriter;
  readonly #movie: Movie;
  readonly #dropped: ReadonlySet<number>;
  #starts: Float64Array = new Float64Array(0);
  #moov: (() => readonly Uint8Array[]) | undefined;

  /** @throws PrpackError UNSUPPORTED_FEATURE when there is a box whose offsets cannot be kept */
  constructor(movie: Movie, { moof, dropped }: RunEdits) {
    assertNoSubsegmentIndex(movie.topLevel);
    this.#movie = movie;
    this.#dropped = dropped;
    this.moofs = new MoofWriter(movie, moof);
  }

  /**
   * @param starts of the runs in the output
   * @param moov makes the box, in parts; absent where `moov` is none of the runs
   */
  place(starts: Float64Array, moov?: () => readonly Uint8Array[]): void {
    this.#starts = starts;
    this.#moov = moov;
  }

  /** What a run becomes, and what is put behind it. */
  pieces(run: number, source: ByteSource): readonly Piece[] {
    const pieces: Piece[] = [];
    if (!this.#dropped.has(run)) pieces.push(...this.#piecesOf(run, source));
    const copies = this.moofs.writeCopies(run, source);
    if (copies) pieces.push({ kind: 'literal', bytes: copies });
    return pieces;
  }

  #piecesOf(run: number, source: ByteSource): Piece[] {
    const { topLevel } = this.#movie;
    const inputBytes = topLevel.startBytes[run];
    const lengthBytes = topLevel.startBytes[run + 1] - inputBytes;
    const kind: RunKind = topLevel.kinds[run];
    if (kind === RunKind.Moov) return this.#moov!().map((bytes) => ({ kind: 'literal', bytes }));
    const render = KeptRuns.#renderers[kind];
    if (!render) return [{ kind: 'copy', inputBytes, lengthBytes }];
    return [{ kind: 'literal', bytes: render(this, run, source) }];
  }

  static readonly #renderers: Partial<
    Record<RunKind, (runs: KeptRuns, run: number, source: ByteSource) => Uint8Array>
  > = {
    [RunKind.Moof]: (runs, run, source) => runs.moofs.write(run, source, runs.#starts),
    [RunKind.Sidx]: (runs, run, source) => runs.#renderSidx(run, source),
    [RunKind.Mfra]: (runs, run, source) => {
      const slice = readRun(source, runs.#movie.topLevel, run);
      return patchChildren(walkBox(slice, 'mfra'), slice, 'tfra', (box) => patchTfra(box, runs.#map));
    },
    [RunKind.Meta]: (runs, run, source) =>
      movedMeta(readRun(source, runs.#movie.topLevel, run), 'meta', runs.#map),
  };

  #map: OffsetMap = (inputBytes) => mapOffset(this.#movie.topLevel, this.#starts, inputBytes);

  /** 8.16.3: sizes of the ranges that an index refers to, which may hold several fragments or further indexes. */
  #renderSidx(run: number, source: ByteSource): Uint8Array {
    const slice = readRun(source, this.#movie.topLevel, run);
    const node = walkBox(slice, 'sidx');
    const sidx = readSidx(readerOf(node, slice));
    const anchor = slice.startBytes + slice.bytes.length;
    const newAnchor = this.#starts[run + 1];
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

/** A `meta` whose item locations follow. */
export function movedMeta(slice: FileSlice, path: string, map: OffsetMap): Uint8Array {
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

/** `ssix` gives ranges inside the segments of the `sidx` before it, which grow by what the `moof` boxes do (8.16.4). */
function assertNoSubsegmentIndex({ kinds, startBytes, count }: TopLevel): void {
  const run = kinds.subarray(0, count).indexOf(RunKind.Ssix);
  if (run < 0) return;
  throw new PrpackError('UNSUPPORTED_FEATURE', 'ssix: an index of parts of segments cannot be kept', {
    boxPath: 'ssix',
    offsetBytes: startBytes[run],
    clause: 'ISO/IEC 14496-12 8.16.4',
    remedy: remake(),
  });
}

function resizedSidx(node: BoxNode, slice: FileSlice, sizes: SidxSizes): Uint8Array {
  try {
    return patchSidx(bytesOf(node, slice), sizes);
  } catch (cause) {
    throw sidxProblem(node, 'a segment outgrows the 2 GiB that the segment index can say', cause);
  }
}

function sidxProblem(node: BoxNode, message: string, cause: unknown): PrpackError {
  const details = {
    boxPath: 'sidx',
    offsetBytes: node.startBytes,
    clause: 'ISO/IEC 14496-12 8.16.3',
    remedy: remake(),
  };
  return new PrpackError('UNSUPPORTED_FEATURE', `sidx: ${message}`, details, cause);
}
