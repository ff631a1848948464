import type { SliceTally } from '../../cenc/subsamples.js';
import { sizeOfSaio, writeSaio } from '../../isobmff/boxes/saio.js';
import { saizOf, sizeOfSaiz, writeSaiz } from '../../isobmff/boxes/saiz.js';
import { sencEntrySizes, sizeOfSenc, writeSenc } from '../../isobmff/boxes/senc.js';
import { writeSinf } from '../../isobmff/boxes/sinf.js';
import type { Tenc } from '../../isobmff/boxes/tenc.js';
import { type MoofTree, trafsOf } from '../../isobmff/fragments.js';
import type { Movie } from '../../isobmff/movie.js';
import { protectionBoxesOfMoof } from '../../isobmff/protection-boxes.js';
import type { BoxEdit, BoxEdits } from '../../isobmff/splice.js';
import type { BoxNode } from '../../isobmff/walk.js';
import { earlierBoxes, removals } from './earlier-encryption.js';
import type { KeepEdits } from './keep-plan.js';
import { sencColumns, sencShape, type TrackProtection } from './track-protection.js';

/** A track to encrypt, with the defaults that its sample entries will state. */
export interface TrackEncryption extends TrackProtection {
  readonly tenc: Tenc;
  /** What the samples hold of slice data; absent where they are protected as a whole. */
  readonly sliceTally?: SliceTally | undefined;
}

/** The edits that make a movie of the same layout encrypted. Boxes of an earlier encryption are taken out. */
export function encryptEdits(
  movie: Movie,
  encryptions: readonly TrackEncryption[],
  psshBoxes: readonly Uint8Array[],
): KeepEdits {
  const byTrack = new Map(encryptions.map((encryption) => [encryption.track.index, encryption]));
  return {
    moov: (saioOffset) => moovEdits(movie, encryptions, psshBoxes, saioOffset),
    moof: (moof, index) => moofEdits(movie, byTrack, moof, index),
    dropped: new Set(),
  };
}

function moovEdits(
  movie: Movie,
  encryptions: readonly TrackEncryption[],
  psshBoxes: readonly Uint8Array[],
  saioOffset: number,
): BoxEdits {
  const edits = new Map<BoxNode, BoxEdit>(removals(earlierBoxes(movie)));
  edits.set(movie.moovNode, { append: psshBoxes });
  for (const encryption of encryptions) {
    const { track } = encryption;
    for (const [node, edit] of sampleEntryEdits(encryption)) edits.set(node, edit);
    if (track.samplesInMoov === 0) continue;
    const { saiz, saio, senc } = auxiliaryBoxes(encryption, 0, track.samplesInMoov, saioOffset);
    edits.set(track.stbl, { append: [saiz, saio] });
    edits.set(track.node, { append: [senc] });
  }
  return edits;
}

/**
 * Codecs whose `sinf` goes before the other boxes of the sample entry. ISO/IEC 14496-12 8.12.1 leaves the order open, but
 * ffmpeg passes over the box `alac` until `frma` has told it the codec.
 */
const SINF_FIRST = new Set(['alac']);

/** `encv` or `enca` for every sample entry of the track, with a `sinf` that keeps the old name (14496-12 8.12). */
export function sampleEntryEdits({ track, tenc, scheme }: TrackEncryption): [BoxNode, BoxEdit][] {
  const type = track.handler === 'vide' ? 'encv' : 'enca';
  return track.entries.flatMap(({ node, format }): [BoxNode, BoxEdit][] => {
    const sinf = writeSinf({ originalFormat: format, schemeType: scheme, schemeVersion: 0x00010000, tenc });
    const firstChild = SINF_FIRST.has(format) ? node.children[0] : undefined;
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
  moof: MoofTree,
  index: number,
): BoxEdits {
  const edits = new Map<BoxNode, BoxEdit>(removals(protectionBoxesOfMoof(moof.node, moof.slice)));
  for (const [i, traf] of trafsOf(moof.node).entries()) {
    const row = fragments.firstTraf[index] + i;
    const encryption = byTrack.get(fragments.trafTrack[row]);
    const count = fragments.trafSampleCount[row];
    if (!encryption || count === 0) continue;
    const { saiz, saio, senc } = auxiliaryBoxes(encryption, fragments.trafFirstSample[row], count, 0);
    edits.set(traf, { append: [saiz, saio, senc] });
  }
  return edits;
}

/** The three boxes that tell IVs and subsamples of a run of samples. Where `senc` lies, the caller fills into `saio`. */
export function auxiliaryBoxes(
  protection: TrackProtection,
  first: number,
  count: number,
  saioOffset: number,
): { saiz: Uint8Array; saio: Uint8Array; senc: Uint8Array } {
  const columns = sencColumns(protection, first, count);
  return {
    saiz: writeSaiz(saizOf(sencEntrySizes(columns))),
    saio: writeSaio({ offsets: [saioOffset] }),
    senc: writeSenc(columns),
  };
}

/** Bytes that {@link auxiliaryBoxes} makes. */
export function sizeOfAuxiliaryBoxes(
  protection: TrackProtection,
  first: number,
  count: number,
  saioOffset: number,
): number {
  const shape = sencShape(protection, first, count);
  const saiz = sizeOfSaiz(saizOf(sencEntrySizes(shape)));
  return saiz + sizeOfSaio(1, saioOffset) + sizeOfSenc(shape);
}
