import { trafsOf } from '../../isobmff/fragments.js';
import type { Movie, Track } from '../../isobmff/movie.js';
import { isPsshBox, protectionBoxes } from '../../isobmff/protection-boxes.js';
import { type BoxEdit, REMOVED } from '../../isobmff/splice.js';
import type { BoxNode } from '../../isobmff/walk.js';
import type { KeepEdits } from './keep-plan.js';

/** The edits that take protection out of a movie of the same layout: the inverse of `encryptEdits`. */
export function decryptEdits(movie: Movie, protectedTracks: ReadonlySet<Track>): KeepEdits {
  return {
    moov: () => moovEdits(movie, protectedTracks),
    moof: ({ node, slice }, index) => {
      const edits = new Map<BoxNode, BoxEdit>();
      removeAll(edits, node.children.filter(isPsshBox));
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
  removeAll(edits, movie.moovNode.children.filter(isPsshBox));
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
