import { CENC_SCHEMES } from '../../isobmff/boxes/aux-info.js';
import { PIFF_PSSH, PIFF_SENC } from '../../isobmff/boxes/piff.js';
import { readSaiz } from '../../isobmff/boxes/saiz.js';
import { readGroupingType } from '../../isobmff/boxes/sgpd.js';
import { trafsOf } from '../../isobmff/fragments.js';
import type { Movie, Track } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { type BoxEdit, REMOVED } from '../../isobmff/splice.js';
import type { BoxNode, FileSlice } from '../../isobmff/walk.js';
import type { KeepEdits } from './keep-plan.js';

/** The edits that take protection out of a movie of the same layout: the inverse of `encryptEdits`. */
export function decryptEdits(movie: Movie, protectedTracks: ReadonlySet<Track>): KeepEdits {
  return {
    moov: () => moovEdits(movie, protectedTracks),
    moof: ({ node, slice }, index) => {
      const edits = new Map<BoxNode, BoxEdit>();
      removeAll(edits, node.children.filter(isPssh));
      for (const [i, traf] of trafsOf(node).entries()) {
        const track = movie.tracks[movie.fragments.trafTrack[movie.fragments.firstTraf[index] + i]];
        if (protectedTracks.has(track)) removeAll(edits, protectionBoxes(traf, slice));
      }
      return edits;
    },
  };
}

function moovEdits(movie: Movie, protectedTracks: ReadonlySet<Track>): Map<BoxNode, BoxEdit> {
  const edits = new Map<BoxNode, BoxEdit>();
  removeAll(edits, movie.moovNode.children.filter(isPssh));
  for (const track of protectedTracks) {
    removeAll(edits, protectionBoxes(track.node, movie.moov));
    removeAll(edits, protectionBoxes(track.stbl, movie.moov));
    for (const { node, format, protection } of track.entries) {
      if (!protection) continue;
      edits.set(node, { type: format });
      removeAll(
        edits,
        node.children.filter((child) => child.type === 'sinf'),
      );
    }
  }
  return edits;
}

function removeAll(edits: Map<BoxNode, BoxEdit>, nodes: readonly BoxNode[]): void {
  for (const node of nodes) edits.set(node, REMOVED);
}

function isPssh(node: BoxNode): boolean {
  return node.type === 'pssh' || node.userType === PIFF_PSSH;
}

/** The boxes in a `traf`, `trak` or `stbl` that say how samples are protected. */
function protectionBoxes(parent: BoxNode, slice: FileSlice): BoxNode[] {
  const isOurs: Record<string, (node: BoxNode) => boolean> = {
    senc: () => true,
    uuid: (node) => node.userType === PIFF_SENC,
    saiz: (node) => isCencAuxiliary(node, slice),
    saio: (node) => isCencAuxiliary(node, slice),
    sgpd: (node) => readGroupingType(readerOf(node, slice)) === 'seig',
    sbgp: (node) => readGroupingType(readerOf(node, slice)) === 'seig',
  };
  return parent.children.filter((node) => isOurs[node.type]?.(node));
}

/** `saiz` and `saio` begin alike; without a type they tell the protection scheme's information (14496-12 8.7.8.3). */
function isCencAuxiliary(node: BoxNode, slice: FileSlice): boolean {
  const reader = readerOf(node, slice);
  if (node.type === 'saiz') {
    const { auxInfoType } = readSaiz(reader);
    return auxInfoType === undefined || CENC_SCHEMES.has(auxInfoType);
  }
  reader.skip(1);
  const hasType = (reader.u24() & 1) !== 0;
  return !hasType || CENC_SCHEMES.has(reader.fourcc());
}
