import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import { sizeOfSaio, writeSaio } from '../isobmff/boxes/saio.js';
import { saizOf, sizeOfSaiz, writeSaiz } from '../isobmff/boxes/saiz.js';
import { sencEntrySizes, sizeOfSenc, writeSenc } from '../isobmff/boxes/senc.js';
import { writeSinf } from '../isobmff/boxes/sinf.js';
import { withSampleDescriptionIndex } from '../isobmff/boxes/tfhd.js';
import type { Moof } from '../isobmff/fragments.js';
import type { Movie } from '../isobmff/movie.js';
import { entryRunAt } from '../isobmff/sample-table.js';
import { type BoxEdit, type BoxEdits, REMOVED } from '../isobmff/splice.js';
import { type BoxNode, bytesOf, type FileSlice, findChild } from '../isobmff/walk.js';
import {
  perSampleIvSizeOf,
  sencColumns,
  sencShape,
  type TrackEncryption,
  type TrackProtection,
} from '../protection/track-protection.js';
import { clearEntryEdits, clearMoovEdits, hasFoldedEntries, replacedEntries } from './earlier-encryption.js';
import type { KeepEdits } from './keep-plan.js';
import { keyGroupBoxes } from './key-group-boxes.js';

/** What only some movies need. */
export interface SpecialEdits {
  /** `pssh` boxes of a crypto period that begins with the movie fragment. */
  readonly psshOfMoof?: readonly Uint8Array[];
  /** Runs of the input that hold nothing but an earlier encryption. */
  readonly dropped?: ReadonlySet<number>;
}

/** The edits that make a movie of the same layout encrypted. Boxes of an earlier encryption are taken out. */
export function encryptEdits(
  movie: Movie,
  encryptions: readonly TrackEncryption[],
  psshBoxes: readonly Uint8Array[],
  { psshOfMoof = [], dropped = new Set() }: SpecialEdits = {},
): KeepEdits {
  const byTrack = new Map<number, TrackEncryption>();
  for (const encryption of encryptions) byTrack.set(encryption.track.index, encryption);
  return {
    moov: (saioOffset) => moovEdits(movie, encryptions, psshBoxes, saioOffset),
    moof: (moof, index) => moofEdits(movie, byTrack, psshOfMoof, moof, index),
    dropped,
  };
}

function moovEdits(
  movie: Movie,
  encryptions: readonly TrackEncryption[],
  psshBoxes: readonly Uint8Array[],
  saioOffset: number,
): BoxEdits {
  const edits = new Map<BoxNode, BoxEdit>(clearMoovEdits(movie));
  edits.set(movie.moovNode, { append: psshBoxes });
  for (const encryption of encryptions) {
    const { track } = encryption;
    for (const [node, edit] of sampleEntryEdits(encryption, movie.moov)) edits.set(node, edit);
    if (track.samplesInMoov === 0) continue;
    const auxiliary = auxiliaryBoxes(encryption, 0, track.samplesInMoov, saioOffset);
    if (!auxiliary) continue;
    edits.set(track.stbl, { append: [auxiliary.saiz, auxiliary.saio] });
    edits.set(track.node, { append: [auxiliary.senc] });
  }
  return edits;
}

/**
 * Codecs whose `sinf` goes before the other boxes of the sample entry. ISO/IEC 14496-12 8.12.1 leaves the order open, but
 * ffmpeg passes over the box `alac` until `frma` has named the codec.
 */
const SINF_FIRST = new Set(['alac']);

/**
 * The edits of the sample entries of a track. With a clear lead, the entries as they were follow the protected ones: with
 * the clear ones first, Chromium does not play on where protection begins.
 */
export function sampleEntryEdits(encryption: TrackEncryption, moov: FileSlice): [BoxNode, BoxEdit][] {
  const edits = protectedEntryEdits(encryption);
  const { track, hasClearLead } = encryption;
  if (!hasClearLead && !hasFoldedEntries(track, moov)) return edits;
  const asClear = new Map(track.entries.flatMap(clearEntryEdits));
  const asProtected = new Map([...asClear, ...edits]);
  return [replacedEntries(track, moov, hasClearLead ? [asProtected, asClear] : [asProtected])];
}

/** `encv` or `enca` for every sample entry of the track, with a `sinf` that keeps the old name (14496-12 8.12). */
function protectedEntryEdits({ track, tenc, scheme }: TrackEncryption): [BoxNode, BoxEdit][] {
  const type = mediaTypeOf(track.handler) === 'video' ? 'encv' : 'enca';
  return track.entries.flatMap(({ node, format }): [BoxNode, BoxEdit][] => {
    const sinf = writeSinf({ originalFormat: format, schemeType: scheme, schemeVersion: 0x00010000, tenc });
    const firstChild = SINF_FIRST.has(format)
      ? node.children.find((child) => child.type !== 'sinf')
      : undefined;
    if (!firstChild) return [[node, { type, append: [sinf] }]];
    return [
      [node, { type }],
      [firstChild, { before: [sinf] }],
    ];
  });
}

function moofEdits(
  { fragments }: Movie,
  byTrack: ReadonlyMap<number, TrackEncryption>,
  psshBoxes: readonly Uint8Array[],
  moof: Moof,
  index: number,
): BoxEdits {
  const edits = new Map<BoxNode, BoxEdit>();
  for (const box of moof.protectionBoxes) edits.set(box, REMOVED);
  if (psshBoxes.length > 0) edits.set(moof.node, { append: psshBoxes });
  for (const [i, traf] of moof.trafs.entries()) {
    const row = fragments.firstTraf[index] + i;
    const encryption = byTrack.get(fragments.trafTrack[row]);
    const count = fragments.trafSampleCount[row];
    if (!encryption || count === 0) continue;
    const first = fragments.trafFirstSample[row];
    if (encryption.hasClearLead) edits.set(...entryIndexEdit(encryption, first, traf, moof.slice));
    if (isClearFrom(encryption, first)) continue;
    const groups = encryption.isRotating ? keyGroupBoxes(encryption, first, count) : [];
    const auxiliary = auxiliaryBoxes(encryption, first, count, 0);
    const boxes = auxiliary ? [auxiliary.saiz, auxiliary.saio, auxiliary.senc] : [];
    if (groups.length + boxes.length > 0) edits.set(traf, { append: [...groups, ...boxes] });
  }
  return edits;
}

function isClearFrom({ keyNumbers }: TrackEncryption, first: number): boolean {
  return keyNumbers?.[first] === 0;
}

/** Has each fragment name its sample entry: one of the protected ones, or, in the clear lead, of those behind them. */
function entryIndexEdit(
  encryption: TrackEncryption,
  first: number,
  traf: BoxNode,
  slice: FileSlice,
): [BoxNode, BoxEdit] {
  const { samples, entries } = encryption.track;
  const { entryIndex } = samples.entryRuns[entryRunAt(samples, first)];
  const index = entryIndex + (isClearFrom(encryption, first) ? entries.length : 0);
  const tfhd = findChild(traf, 'tfhd')!;
  return [tfhd, { replace: withSampleDescriptionIndex(bytesOf(tfhd, slice), index) }];
}

/** The three boxes that hold IVs and subsamples of a run of samples. */
export interface AuxiliaryBoxes {
  readonly saiz: Uint8Array;
  readonly saio: Uint8Array;
  readonly senc: Uint8Array;
}

/**
 * The boxes of IVs and subsamples of a run of samples; none where a constant IV and whole samples leave nothing to say
 * (ISO/IEC 23000-19 8.2.2.1). Where `senc` lies, the caller fills into `saio`.
 */
export function auxiliaryBoxes(
  protection: TrackProtection,
  first: number,
  count: number,
  saioOffset: number,
): AuxiliaryBoxes | undefined {
  if (!hasAuxiliary(protection)) return undefined;
  const columns = sencColumns(protection, first, count);
  return {
    saiz: writeSaiz(saizOf(sencEntrySizes(columns))),
    saio: writeSaio({ offsets: [saioOffset] }),
    senc: writeSenc(columns),
  };
}

function hasAuxiliary(protection: TrackProtection): boolean {
  return protection.subsamples !== undefined || perSampleIvSizeOf(protection) > 0;
}

/** Bytes that {@link auxiliaryBoxes} makes. */
export function sizeOfAuxiliaryBoxes(
  protection: TrackProtection,
  first: number,
  count: number,
  saioOffset: number,
): number {
  if (!hasAuxiliary(protection)) return 0;
  const shape = sencShape(protection, first, count);
  const saiz = sizeOfSaiz(saizOf(sencEntrySizes(shape)));
  return saiz + sizeOfSaio(1, saioOffset) + sizeOfSenc(shape);
}
