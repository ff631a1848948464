import { lastAtMost, makeColumn } from '../bytes/columns.js';
import { fourccAt } from '../bytes/reader.js';
import type { ByteSource } from '../bytes/source.js';
import { writeU32 } from '../bytes/writer.js';
import { malformed, PrpackError } from '../errors.js';
import { box } from '../isobmff/boxes/box.js';
import { SAIO_OFFSET_BYTES } from '../isobmff/boxes/saio.js';
import { SENC_FIRST_IV_BYTES } from '../isobmff/boxes/senc.js';
import { patchTfhd } from '../isobmff/boxes/tfhd.js';
import { patchTrun } from '../isobmff/boxes/trun.js';
import { type Moof, moofAt, type TrafLayout } from '../isobmff/fragments.js';
import type { Movie } from '../isobmff/movie.js';
import { type BoxEdit, type BoxEdits, rebuildBox, sizeOfRebuilt } from '../isobmff/splice.js';
import { runAt, type TopLevel } from '../isobmff/top-level.js';
import { type BoxNode, bytesOf, findChild } from '../isobmff/walk.js';
import { named } from '../settings/spelling.js';

/** Where a byte of the input is found in the output. */
export type OffsetMap = (inputBytes: number) => number;

/** Edits of the `moof` that is fragment `index`; a `saio` added to a `traf` is filled in by the writer. */
export type MoofEdits = (moof: Moof, index: number) => BoxEdits;

const MAX_U32 = 0xffffffff;

/**
 * Writes the `moof` boxes of a movie, or of a part of one, whose fragments keep their shape: with what edits add and take away, and
 * with all offsets right for where the data goes. First {@link measure}, then place the runs, then {@link write}.
 */
export class MoofWriter {
  /** What is put behind the data; known once all is measured. */
  readonly copies = new AuxiliaryCopies();
  readonly #movie: Movie;
  readonly #edits: MoofEdits;

  constructor(movie: Movie, edits: MoofEdits) {
    this.#movie = movie;
    this.#edits = edits;
  }

  /**
   * The new size of every `moof`; notes the auxiliary information that cannot be pointed at there.
   * @throws PrpackError UNSUPPORTED_FEATURE when it cannot be pointed at anywhere
   */
  measure(source: ByteSource): Uint32Array {
    const { count } = this.#movie.fragments;
    const sizes = new Uint32Array(count);
    for (let index = 0; index < count; index++) {
      const moof = moofAt(this.#movie, source, index);
      const edits = this.#edits(moof, index);
      sizes[index] = sizeOfRebuilt(moof.node, edits);
      this.#noteCopies(moof, index, edits);
    }
    return sizes;
  }

  /**
   * The whole box.
   * @param run of the input that it is
   * @param starts of the runs of the input in the output, as {@link placeRuns} gives them
   * @throws PrpackError UNSUPPORTED_FEATURE when an offset cannot be expressed in the input's own boxes
   */
  write(run: number, source: ByteSource, starts: Float64Array): Uint8Array {
    const { topLevel, fragments } = this.#movie;
    const index = lastAtMost(fragments.runs, run);
    const startBytes = starts[run];
    const map: OffsetMap = (inputBytes) => mapOffset(topLevel, starts, inputBytes);
    const moof = moofAt(this.#movie, source, index);
    const { layouts, trafs } = moof;
    const bases: number[] = [];
    for (const layout of layouts) bases.push(newBase(layout, moof, startBytes, map));
    const edits = new Map(this.#edits(moof, index));
    for (const [i, traf] of trafs.entries()) moveTraf(traf, layouts[i], bases[i], moof, map, edits);
    const places = new Map<Uint8Array, number>();
    const bytes = rebuildBox(moof.node, moof.slice, edits, places);
    for (const [i, traf] of trafs.entries()) {
      const saio = addedTo(traf, 'saio', edits);
      const senc = saio && addedTo(traf, 'senc', edits);
      if (!senc) continue;
      const sencBytes = startBytes + places.get(senc)! + SENC_FIRST_IV_BYTES;
      const offset = (this.copies.placeOf(index, i, starts) ?? sencBytes) - bases[i];
      if (offset < 0 || offset > MAX_U32) throw baseOutOfReach(traf, bases[i]);
      writeU32(bytes, places.get(saio)! + SAIO_OFFSET_BYTES, offset);
    }
    return bytes;
  }

  /** What is put behind a run of the input: an `mdat` of auxiliary information alone, mostly none. */
  writeCopies(run: number, source: ByteSource): Uint8Array | undefined {
    const copies = this.copies.of(run);
    if (copies.length === 0) return undefined;
    const parts = copies.map(({ fragment, traf }) => {
      const moof = moofAt(this.#movie, source, fragment);
      return addedTo(moof.trafs[traf], 'senc', this.#edits(moof, fragment))!.subarray(SENC_FIRST_IV_BYTES);
    });
    return box('mdat', ...parts);
  }

  /** Offsets of `saio` have no sign: from a base behind the `moof` they cannot count back to the `senc` in it. */
  #noteCopies(moof: Moof, fragment: number, edits: BoxEdits): void {
    const { topLevel } = this.#movie;
    const { bases } = moof;
    for (const [i, traf] of moof.trafs.entries()) {
      const senc = bases[i] > moof.node.startBytes ? addedTo(traf, 'senc', edits) : undefined;
      if (!senc) continue;
      const run = runAt(topLevel, bases[i]);
      if (topLevel.tail && run === topLevel.count - 1) throw baseOutOfReach(traf, bases[i]);
      this.copies.add(run, { fragment, traf: i, sizeBytes: senc.length - SENC_FIRST_IV_BYTES });
    }
  }
}

function newBase(layout: TrafLayout, moof: Moof, startBytes: number, map: OffsetMap): number {
  const isMoofStart = layout.tfhd.baseDataOffset === undefined && layout.baseBytes === moof.node.startBytes;
  return isMoofStart ? startBytes : map(layout.baseBytes);
}

/** Makes the offsets of a `traf` right for where its data goes. */
function moveTraf(
  traf: BoxNode,
  layout: TrafLayout,
  base: number,
  moof: Moof,
  map: OffsetMap,
  edits: Map<BoxNode, BoxEdit>,
): void {
  const tfhd = findChild(traf, 'tfhd')!;
  const own = edits.get(tfhd)?.replace ?? bytesOf(tfhd, moof.slice);
  edits.set(tfhd, { replace: patchTfhd(own, map) });
  for (const { node, dataBytes } of layout.truns) {
    const newOffset = () => reachable(map(dataBytes) - base, node);
    edits.set(node, { replace: patchTrun(bytesOf(node, moof.slice), newOffset) });
  }
  for (const saio of traf.children) {
    if (saio.type === 'saio' && !edits.has(saio)) throw foreignSaio(saio);
  }
}

/** Where a byte of the input is found in the output; offsets before its runs and behind them keep their distance. */
export function mapOffset(topLevel: TopLevel, starts: Float64Array, inputBytes: number): number {
  const { startBytes, count } = topLevel;
  if (inputBytes >= startBytes[count]) {
    return possible(starts[count] - startBytes[count] + inputBytes, startBytes[count]);
  }
  const run = Math.max(0, runAt(topLevel, inputBytes));
  return starts[run] + inputBytes - startBytes[run];
}

/** @throws PrpackError MALFORMED_INPUT when an offset behind the end of the file moves to where it cannot be written */
export function possible(
  offsetBytes: number,
  sizeBytes: number,
  mostBytes = Number.MAX_SAFE_INTEGER,
): number {
  if (offsetBytes <= mostBytes) return offsetBytes;
  throw malformed('an offset in the boxes of the file points far behind its end', {
    boxPath: '(offsets)',
    offsetBytes: sizeBytes,
    expected: `at most ${sizeBytes}`,
    received: offsetBytes,
    clause: 'ISO/IEC 14496-12 8.7.5',
  });
}

/** The sizes of the boxes that change. */
export interface NewSizes {
  readonly moovBytes: number;
  /** Of every `moof`. */
  readonly moofBytes: Uint32Array;
}

/**
 * Places the runs of the input one after the other, with the copies behind them.
 * @param dropped runs that are left out
 * @param firstBytes offset of the first run in the output
 * @returns a start for each run, and the end of the last
 */
export function placeRuns(
  { topLevel, moovRun, fragments }: Movie,
  { moovBytes, moofBytes }: NewSizes,
  dropped: ReadonlySet<number>,
  copies: AuxiliaryCopies,
  firstBytes = 0,
): Float64Array {
  const starts = makeColumn('f64', topLevel.count + 1);
  starts[0] = firstBytes;
  let fragment = 0;
  for (let run = 0; run < topLevel.count; run++) {
    let size = topLevel.startBytes[run + 1] - topLevel.startBytes[run];
    if (run === moovRun) size = moovBytes;
    else if (run === fragments.runs[fragment]) size = moofBytes[fragment++];
    else if (dropped.has(run)) size = 0;
    starts[run + 1] = starts[run] + size + copies.sizeBehind(run);
  }
  return starts;
}

/** The box of a type that edits put into another one. */
export function addedTo(parent: BoxNode, type: 'senc' | 'saio', edits: BoxEdits): Uint8Array | undefined {
  return edits.get(parent)?.append?.find((added) => fourccAt(added, 4) === type);
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
export class AuxiliaryCopies {
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

/** What helps where a layout cannot be kept. */
export const remake = () =>
  `Use ${named('layout', 'fragmented')}, which makes the fragments and their index again.`;

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
